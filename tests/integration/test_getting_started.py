"""docs/getting-started.md, part 1, as a new user follows it: every command, and what it prints."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.integration.test_commands import ROOT, STARTING, environment, start

PAGE = ROOT / "docs" / "getting-started.md"
PATIENCE = 90.0
# What is another each time: ids, times, ports and codes.
_OTHERS = re.compile(
    r"inc-[0-9a-f]{10}|\d\d-\d\d \d\d:\d\d|\d\d:\d\d:\d\d|127\.0\.0\.1:\d+|enter [A-Z0-9]{9}"
)
_BLOCK = re.compile(r"<!-- runnable(?:: (.+?))? -->\n```console\n(.*?)```", re.DOTALL)
_SIGNS_IN = "signs in as "


@dataclass(frozen=True)
class Command:
    """`typed` is what the person answers, `account` whom they sign in as."""

    line: str
    printed: tuple[str, ...]
    typed: str
    account: str


def commands() -> list[Command]:
    found = []
    for how, text in _BLOCK.findall(PAGE.read_text()):
        account = how.removeprefix(_SIGNS_IN) if how.startswith(_SIGNS_IN) else ""
        typed = "" if account else how
        for part in text.split("$ ")[1:]:
            line, *printed = part.splitlines()
            found.append(Command(line, tuple(printed), typed, account))
    return found


def flat(text: str) -> str:
    return " ".join(_OTHERS.sub("#", text).split())


def missing(printed: tuple[str, ...], said: str) -> list[str]:
    """The lines that were not printed, or not in this order; … stands for anything."""
    left, absent = flat(said), []
    for line in printed:
        for piece in filter(None, map(flat, line.split("…"))):
            before, found, after = left.partition(piece)
            left = after if found else before
            absent += [] if found else [piece]
    return absent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The sandbox as `make sandbox` starts it."""
    found = tmp_path_factory.mktemp("started")
    process = start(found)
    try:
        until = time.monotonic() + STARTING
        while not (found / ".pushproof" / "sandbox.json").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.1)
        yield found
    finally:
        process.terminate()
        process.communicate(timeout=30)


def begin(folder: Path, line: str) -> subprocess.Popen[str]:
    program, *arguments = shlex.split(line)
    assert program == ".venv/bin/pushproof", line
    return subprocess.Popen(
        [sys.executable, "-m", "ops", *arguments],
        cwd=folder,
        env={**environment(), "COLUMNS": "100"},
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def run(folder: Path, command: Command, incident: str) -> str:
    process = begin(folder, command.line.replace("INCIDENT", incident))
    said = ""
    if command.account:
        assert process.stdout is not None
        said = process.stdout.readline()
        enter(folder, said, command.account)
    rest, _ = process.communicate(command.typed + "\n", timeout=60)
    return said + rest


def enter(folder: Path, said: str, account: str) -> None:
    """What the person does at the page of the device sign-in."""
    found = re.search(r"Open (\S+) and enter (\w+)", said)
    assert found, said
    state = json.loads((folder / ".pushproof" / "sandbox.json").read_text())
    ca_file = next(iter(state["operators"].values()))["REQUESTS_CA_BUNDLE"]
    answer = requests.post(
        found[1],
        data={"code": found[2], "account": account, "answer": "continue"},
        verify=ca_file,
        timeout=10,
    )
    assert answer.status_code == 200


def test_every_command_prints_what_the_page_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one test, because each command builds on those before it."""
    # The variable of the machine would win over what a request is told to trust.
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    incident = "INCIDENT"
    done = 0
    for command in commands():
        looks = command.line.split()[1] in ("incidents", "show")
        until = time.monotonic() + (PATIENCE if looks else 0.0)
        while True:
            said = run(folder, command, incident)
            absent = missing(command.printed, said)
            if not absent or time.monotonic() >= until:
                break
            time.sleep(0.3)
        assert "Traceback" not in said
        assert absent == [], f"{command.line}\n{said}"
        if command.line.split()[1:] == ["incidents"]:
            (incident,) = set(re.findall(r"inc-[0-9a-f]{10}", said))
        done += 1
    assert done > 12


def test_the_whole_of_part_one_is_run() -> None:
    part, _, rest = PAGE.read_text().partition("## Part 2")
    assert len(commands()) == part.count("\n$ ")
    assert "<!-- runnable" not in rest


def test_part_two_names_only_what_there_is() -> None:
    """Outputs, parameters and commands of the text exist."""
    from ops.cli import cli

    rest = PAGE.read_text().partition("## Part 2")[2]
    template = (ROOT / "template.yaml").read_text()
    for name in re.findall(r"`([A-Z][A-Za-z]+(?:Arn|Attribute|Email|SignIn))`", rest):
        assert f"\n  {name}:" in template, name
    for name, option in re.findall(r"pushproof (\w+)[^\n]*?(--[a-z-]+)", rest):
        assert name in cli.commands
        known = cli.commands[name].params
        nested = getattr(cli.commands[name], "commands", {})
        known = [*known, *(each for one in nested.values() for each in one.params)]
        assert any(option in each.opts for each in known), (name, option)


def test_the_links_lead_somewhere() -> None:
    for page in ("getting-started.md", "permissions.md"):
        text = (ROOT / "docs" / page).read_text()
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (ROOT / "docs" / target).exists(), target
