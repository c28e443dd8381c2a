"""What doctor says: one finding a line, each with a remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class Severity(StrEnum):
    """note: worth knowing, nothing to do. unknown: could not be told, which is no ok."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    UNKNOWN = "unknown"
    PROBLEM = "problem"


# Those of the Nagios plugin guidelines, which monitoring systems know.
EXIT_CODES = {
    Severity.OK: 0,
    Severity.NOTE: 0,
    Severity.WARNING: 1,
    Severity.PROBLEM: 2,
    Severity.UNKNOWN: 3,
}
_RANK = tuple(Severity)


@dataclass(frozen=True)
class Finding:
    """`seen` says what was read, without secrets, numbers, addresses or names of people."""

    code: str
    severity: Severity
    seen: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


def worst(findings: Iterable[Finding]) -> Severity:
    return max((each.severity for each in findings), key=_RANK.index, default=Severity.OK)
