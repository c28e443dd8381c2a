"""Where the sandbox serves its console, and that a folder has one sandbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ops import sandbox_command
from ops.connection import SANDBOX_FILE, Trouble
from ops.console_command import PORT


class Opening:
    """Ports that were asked for; those in `taken` can not be had."""

    def __init__(self, *taken: int) -> None:
        self.taken, self.asked = taken, list[int]()

    def __call__(self, connection: object, port: int) -> Any:
        self.asked.append(port)
        if port in self.taken:
            raise Trouble(f"Port {port} can not be used here")
        return self, f"http://127.0.0.1:{port}/enter/key"

    def serve_forever(self) -> None:
        return


@pytest.fixture
def opening(monkeypatch: pytest.MonkeyPatch) -> Opening:
    found = Opening(PORT)
    monkeypatch.setattr(sandbox_command, "connect", lambda *_: None)
    monkeypatch.setattr(sandbox_command, "opened", found)
    return found


def test_the_usual_port_where_it_is_free(opening: Opening) -> None:
    opening.taken = ()
    sandbox_command._console(None)
    assert opening.asked == [PORT]


def test_any_other_where_it_is_taken(opening: Opening) -> None:
    sandbox_command._console(None)
    assert opening.asked == [PORT, 0]


def test_a_port_that_was_named_is_that_or_none(opening: Opening) -> None:
    with pytest.raises(Trouble, match=f"Port {PORT}"):
        sandbox_command._console(PORT)
    assert opening.asked == [PORT]


@pytest.mark.parametrize(
    ("state", "runs"),
    [
        (f'{{"pid": {os.getppid()}}}', True),
        (f'{{"pid": {os.getpid()}}}', False),
        ('{"pid": 4194999}', False),  # above what Linux gives
        ('{"pid": "x"}', False),
        ("{}", False),
        ("rubbish", False),
        (None, False),
    ],
    ids=["another's", "our own", "ended", "no number", "no pid", "no JSON", "no file"],
)
def test_a_folder_has_one_sandbox(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    state: str | None,
    runs: bool,
) -> None:
    file = tmp_path / SANDBOX_FILE
    file.parent.mkdir()
    if state is not None:
        file.write_text(state)
    assert (sandbox_command.running_here(tmp_path) is not None) is runs
    if runs:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sandbox_command.signal, "signal", lambda *_: None)
        assert sandbox_command.run_sandbox(None, 0, None) == 1
        assert "A sandbox runs in this folder already" in capsys.readouterr().err
        assert file.read_text() == state
