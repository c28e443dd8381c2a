"""The commands as a person runs them, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
STARTING = 60.0


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120", "TERM": "dumb"}


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ops", "sandbox", *arguments],
        cwd=folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def pushproof(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", *arguments],
        cwd=folder,
        env=environment(),
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def children(parent: int) -> list[int]:
    """Every process below one, from the process table."""
    table: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            table[int(entry.name)] = int(fields[1])
    found, level = [], [parent]
    while level:
        level = [child for child, above in table.items() if above in level]
        found += level
    return found


def alive(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[
            0
        ] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, subprocess.Popen]]:
    folder = tmp_path_factory.mktemp("sandbox")
    process = start(folder)
    until = time.monotonic() + STARTING
    while not (folder / ".pushproof" / "sandbox.json").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.1)
    try:
        yield folder, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(timeout=10)


Running = tuple[Path, subprocess.Popen]


def test_the_state_file_is_its_owners_only(running: Running) -> None:
    folder, _ = running
    assert (folder / ".pushproof" / "sandbox.json").stat().st_mode & 0o077 == 0


def test_the_console_is_served_beside_it(running: Running) -> None:
    """Its address is the first that is printed, and lets a browser in."""
    _, process = running
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Starting")
    name, address = process.stdout.readline().split()
    assert name == "console"
    with requests.Session() as browser:
        assert browser.get(address.partition("/enter")[0], timeout=10).status_code == 403
        page = browser.get(address, timeout=10)
        assert page.status_code == 200
        assert 'as <span id="person">first.operator' in page.text
        assert ">World</a>" in page.text


def test_from_a_sample_to_the_incident(running: Running) -> None:
    folder, _ = running
    empty = pushproof(folder, "incidents")
    assert empty.stdout.strip() == "Nothing is open."
    sent = pushproof(folder, "replay", "push-succeeded-other-mails", "rubbish", "--json")
    assert [row["status"] for row in json.loads(sent.stdout)] == [200, 400]
    rows = []
    until = time.monotonic() + STARTING
    while not rows and time.monotonic() < until:
        listed = pushproof(folder, "incidents", "--json")
        assert listed.returncode == 0, listed.stderr
        rows = json.loads(listed.stdout)
    assert [row["attribute"] for row in rows] == ["otherMails"]
    name = rows[0]["incident"]
    shown = pushproof(folder, "show", name)
    assert "not_pushed" in shown.stdout
    assert "example.net" not in shown.stdout
    assert "ordinary.new@example.net" in pushproof(folder, "show", name, "--reveal").stdout
    assert pushproof(folder, "show", name, "--json").returncode == 2
    digest = json.loads(pushproof(folder, "show", name, "--reveal", "--json").stdout)["digest"]
    wrong = pushproof(folder, "approve", name, "--digest", "0" * 64)
    assert wrong.returncode == 3
    assert "changed" in wrong.stderr
    given = pushproof(folder, "approve", name, "--digest", digest, "--as", "second.operator")
    assert given.returncode == 0, given.stderr
    assert "1 of 1" in given.stdout
    # The next step was the function's, so there is nothing for an administrator to do.
    assert pushproof(folder, "write", name).returncode == 4


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["show", "inc-0000000000"], 1, "There is no incident"),
        (["replay", "no-such-sample"], 1, "There is no sample or file"),
        (["incidents", "--as", "nobody"], 2, "The sandbox knows the operators"),
        (["mode", "yolo"], 2, "yolo"),
    ],
)
def test_misuse_gets_one_sentence(
    running: Running, arguments: list[str], code: int, sentence: str
) -> None:
    folder, _ = running
    result = pushproof(folder, *arguments)
    assert result.returncode == code
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_sandbox_it_says_how_to_start_one(tmp_path: Path) -> None:
    result = pushproof(tmp_path, "incidents")
    assert result.returncode == 1
    assert "make sandbox" in result.stderr


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(tmp_path, "--port", str(port))
        _, said = process.communicate(timeout=STARTING)
    assert process.returncode == 1
    assert said.strip().splitlines() == [said.strip()]
    assert f"Port {port}" in said


def test_a_world_that_makes_no_sense_names_the_field(tmp_path: Path) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(
        (ROOT / "sandbox/worlds/demo.yaml")
        .read_text()
        .replace("status: ACTIVE", "status: AWAKE", 1)
    )
    process = start(tmp_path, "--world", str(world))
    _, said = process.communicate(timeout=STARTING)
    assert process.returncode == 1
    assert "people[0].okta.status" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_and_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    process = start(tmp_path)
    until = time.monotonic() + STARTING
    while not (tmp_path / ".pushproof" / "sandbox.json").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until
        time.sleep(0.1)
    below = children(process.pid)
    assert below
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert not (tmp_path / ".pushproof" / "sandbox.json").exists()
    assert [child for child in below if alive(child)] == []


def test_the_demonstration_goes_as_told(tmp_path: Path) -> None:
    result = pushproof_demo(tmp_path)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    assert "nothing keeps running" in result.stdout
    assert "Insufficient privileges to complete the operation." in result.stdout


def pushproof_demo(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", "demo"],
        cwd=folder,
        env=environment(),
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
