"""Where the sandbox serves its console: on the usual port, else on any; on a named one or not."""

from __future__ import annotations

from typing import Any

import pytest

from ops import sandbox_command
from ops.connection import Trouble
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
