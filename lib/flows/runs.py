"""A run of a plan: what it sees, whose hands it uses, how it can end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lib.errors import Refused
from lib.flows.caps import Taken
from lib.incident import Incident, Step, StepKind
from lib.model import EntraUser, OktaReading, Receipt


@dataclass(frozen=True)
class Scene:
    """Both sides, freshly read, right before a step."""

    reading: OktaReading
    entra: EntraUser | None


@dataclass(frozen=True)
class Before:
    """What a try that did nothing leaves as it was."""

    touched_at: datetime | None
    taken: Taken


class LeftWrong(Refused):
    """The step was done and left what a person must look at."""


Act = Callable[[Incident, Step, Scene], Receipt]


@dataclass(frozen=True)
class Hands:
    """Who acts, and how each kind of step is done by them."""

    actor: str
    acts: Mapping[StepKind, Act]
    confirm: Callable[[Incident, Step], bool] = lambda _incident, _step: True
    only_queued: bool = False  # a message delivered again must not repeat what was refused


class Ended(StrEnum):
    """What came of a run."""

    DONE = "done"  # every step is done; a check will prove it
    HEALED = "healed"  # nothing left to mend
    NEXT = "next"  # our part is done; the next step is somebody else's
    VOID = "void"  # the plan no longer describes the world; a check will make a new one
    WAITS = "waits"  # mode, approvals, cap or lock
    REFUSED = "refused"
    STALE = "stale"  # the message speaks of a plan that is no longer the incident's


@dataclass(frozen=True)
class Run:
    ended: Ended
    reason: str
    incident: Incident | None = None
