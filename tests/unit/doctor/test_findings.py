"""The table of findings, and what an exit code says."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from ops.doctor import texts_aws, texts_entra, texts_okta, texts_touch
from ops.doctor.finding import EXIT_CODES, Finding, Severity, worst
from ops.doctor.texts import TEXTS, age, finding

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent


def text_of(*folders: Path) -> str:
    return "\n".join(p.read_text() for folder in folders for p in sorted(folder.glob("*.py")))


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_every_finding_can_be_found_and_is_tested(code: str) -> None:
    used = [p for p in (ROOT / "ops/doctor").glob("*.py") if not p.name.startswith("text")]
    used.append(ROOT / "ops/doctor_command.py")
    assert any(f'"{code}"' in path.read_text() for path in used)
    others = [p for p in HERE.glob("test_*.py") if p.name != Path(__file__).name]
    assert any(f'"{code}"' in path.read_text() for path in others), f"{code} has no test"


def test_no_finding_is_in_two_parts_of_the_table() -> None:
    parts = (texts_aws, texts_entra, texts_okta, texts_touch)
    assert sum(len(part.TEXTS) for part in parts) == len(TEXTS)


def test_what_is_not_well_has_a_remedy() -> None:
    without = {
        code
        for code, text in TEXTS.items()
        if text.severity in (Severity.WARNING, Severity.PROBLEM) and not text.remedy
    }
    assert without == set()
    assert not any(text.remedy for text in TEXTS.values() if text.severity is Severity.OK)


def test_remedies_ask_for_nothing_the_sentence_does_not_know() -> None:
    def names(text: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    for code, text in TEXTS.items():
        assert names(text.remedy) <= names(text.seen), code


def test_commands_that_remedies_name_exist() -> None:
    from ops.cli import cli

    said = " ".join(text.remedy for text in TEXTS.values())
    named = set(re.findall(r"`pushproof ([a-z]+)", said))
    assert named
    assert named <= set(cli.commands)


@pytest.mark.parametrize(
    ("severities", "expected", "code"),
    [
        ([], Severity.OK, 0),
        (["ok", "note"], Severity.NOTE, 0),
        (["warning", "ok"], Severity.WARNING, 1),
        (["unknown", "warning"], Severity.UNKNOWN, 3),
        (["unknown", "problem", "warning"], Severity.PROBLEM, 2),
    ],
)
def test_the_worst_finding_decides(severities: list[str], expected: Severity, code: int) -> None:
    found = [Finding("x", Severity(each), "") for each in severities]
    assert worst(found) is expected
    assert EXIT_CODES[worst(found)] == code


def test_facts_are_filled_in() -> None:
    assert finding("hook_missing", url="https://hook.example").seen.endswith("https://hook.example")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 seconds"), (1, "1 second"), (90, "1 minute"), (7300, "2 hours"), (90_000, "1 day")],
)
def test_ages(seconds: float, said: str) -> None:
    assert age(seconds) == said
