"""Imports point one way, and what must start fast or stay pure loads nothing it does not need."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.make import APP

ROOT = Path(__file__).resolve().parents[2]
RECEIVE = {
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    # Nobody answers here: the secret can not be loaded, and the function still starts.
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "PUSHPROOF_HOOK_SECRET_ID": "hook",
    "PUSHPROOF_CHECK_QUEUE_URL": "https://sqs.example/check",
    "PUSHPROOF_OKTA_APP_IDS": APP,
    "POWERTOOLS_SERVICE_NAME": "receive",
}
HEAVY = {"requests", "msal", "flask", "pydantic"}
IO = {"boto3", "botocore", "requests", "urllib3", "msal", "socket", "ssl", "http", "urllib.request"}
# In lib/, whatever pure rules are made of.
PURE = {"lib.model", "lib.errors", "lib.incident", "lib.times", "lib.settings", "lib.rules"}


def loaded_by(code: str, **environment: str) -> set[str]:
    """The modules a fresh interpreter holds after running the code."""
    told = f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_receive_loads_nothing_heavy() -> None:
    loaded = loaded_by("import handlers.receive", **RECEIVE)
    assert "boto3" in loaded
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()


def test_rules_load_nothing_that_does_io() -> None:
    modules = [f"lib.rules.{path.stem}" for path in (ROOT / "lib/rules").glob("[a-z]*.py")]
    before = loaded_by("pass")
    loaded = loaded_by("import " + ", ".join(modules)) - before
    assert set(modules) <= loaded
    assert loaded & IO == set()


def imported(path: Path) -> Iterator[str]:
    """Every module a file imports, wherever in it, also for type checkers only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            module = node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def outside(path: Path, *forbidden: str) -> set[str]:
    return {
        name
        for name in imported(path)
        if any(name == one or name.startswith(one + ".") for one in forbidden)
    }


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", files("lib"), ids=shown)
def test_lib_knows_nobody_above_it(path: Path) -> None:
    assert outside(path, "ops", "sandbox", "handlers", "tests") == set()


@pytest.mark.parametrize("path", files("lib/rules"), ids=shown)
def test_rules_know_only_what_is_pure(path: Path) -> None:
    used = {name for name in imported(path) if name.startswith("lib.")}
    assert {name for name in used if not name.startswith(tuple(PURE))} == set()


@pytest.mark.parametrize("path", files("handlers"), ids=shown)
def test_handlers_know_lib_only(path: Path) -> None:
    assert outside(path, "ops", "sandbox", "handlers", "tests", "boto3") == set()


@pytest.mark.parametrize("path", files("ops"), ids=shown)
def test_people_do_not_need_the_handlers(path: Path) -> None:
    assert outside(path, "handlers", "tests") == set()


@pytest.mark.parametrize("path", files("sandbox"), ids=shown)
def test_the_simulators_share_no_rule_with_the_product(path: Path) -> None:
    """A wrong rule in lib/ must not be mirrored by what tests it."""
    assert outside(path, "lib", "ops", "handlers", "tests") == set()


@pytest.mark.parametrize("path", files("lib/flows", "lib/store", "lib/rules"), ids=shown)
def test_only_the_wiring_makes_clients(path: Path) -> None:
    names = {name.partition(".")[0] for name in imported(path)}
    assert names & {"boto3", "requests", "msal", "os"} == set()
