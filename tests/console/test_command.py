"""pushproof console: on loopback only, under an address that lets one browser in."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from ops import console_command
from ops.cli import cli
from ops.connection import Connection, Trouble
from ops.console.desk import Desk
from ops.console.serve import HOST, open_console
from tests.fakes.stage import Stage

ROOT = Path(__file__).resolve().parents[2]


def desk(stage: Stage, port: int = 0) -> Desk:
    return Desk(Connection("here", {}, is_sandbox=True), stage.table, port)


def test_it_answers_on_loopback_under_its_address(
    stage: Stage, capfd: pytest.CaptureFixture[str]
) -> None:
    here = desk(stage)
    server, address = open_console(here)
    assert server.socket.getsockname()[0] == HOST == "127.0.0.1"
    assert address.startswith(f"http://127.0.0.1:{here.port}/enter/")
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        root = f"http://127.0.0.1:{here.port}"
        assert requests.get(f"{root}/audit", timeout=5).status_code == 403
        with requests.Session() as browser:
            entered = browser.get(address, timeout=5, allow_redirects=False)
            assert entered.status_code == 303
            found = browser.get(f"{root}/audit", timeout=5)
            assert found.status_code == 200
            assert "Nothing was decided" in found.text
            rebound = browser.get(root, headers={"Host": "attacker.example"}, timeout=5)
            assert rebound.status_code == 421
    finally:
        server.shutdown()
        server.server_close()
    said = capfd.readouterr()
    assert address.rpartition("/")[2] not in said.out + said.err


def test_two_starts_have_two_keys(stage: Stage) -> None:
    keys = set()
    for _ in range(2):
        server, address = open_console(desk(stage))
        server.server_close()
        keys.add(address.rpartition("/")[2])
    assert len(keys) == 2
    assert all(len(key) >= 32 for key in keys)


def test_a_port_that_is_taken_is_one_sentence(stage: Stage) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Trouble, match=f"Port {port} can not be used here"):
            open_console(desk(stage, port))


def test_without_a_sandbox_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["console"])
    assert done.exit_code == 1
    assert "--stack" in done.output
    both = CliRunner().invoke(cli, ["console", "--stack", "x", "--as", "y"])
    assert both.exit_code == 2


def test_it_may_not_listen_elsewhere() -> None:
    options = {name for p in console_command.console.params for name in p.opts}
    assert options == {"--stack", "--as", "--port", "--read-only"}


def test_pages_are_installed_with_the_command() -> None:
    """Whoever installs the package gets what the console shows."""
    import tomllib

    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = told["package-data"]["ops.console"]
    folder = ROOT / "ops" / "console"
    shipped = {file for pattern in patterns for file in folder.glob(pattern)}
    assets = {file for file in folder.rglob("*") if file.is_file() and file.suffix[1:4] != "py"}
    assert shipped == {file for file in assets if "__pycache__" not in file.parts}


def test_in_a_sandbox_the_person_is_who_the_command_acts_as(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".pushproof").mkdir()
    (tmp_path / ".pushproof" / "sandbox.json").write_text('{"operators": {"one": {}, "two": {}}}')
    assert console_command._sandbox_person(None) == "one"
    assert console_command._sandbox_person("two") == "two"
