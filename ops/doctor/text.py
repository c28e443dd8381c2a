"""One sentence of doctor's, with its severity and remedy. {names} are filled in."""

from __future__ import annotations

from dataclasses import dataclass

from ops.doctor.finding import Severity

OK, NOTE, WARNING, UNKNOWN, PROBLEM = (
    Severity.OK,
    Severity.NOTE,
    Severity.WARNING,
    Severity.UNKNOWN,
    Severity.PROBLEM,
)


@dataclass(frozen=True)
class Text:
    severity: Severity
    seen: str
    remedy: str = ""
