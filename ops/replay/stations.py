"""The way of one subject as four stations: receive, check, remediate, proof."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ops.replay.fates import Outcome
from ops.replay.following import Lane
from ops.replay.send import Sent

_TO_CHECK = (Outcome.WAITING, Outcome.MARKED, Outcome.LOOKING, Outcome.ONCE_MORE)
_NOTHING = (Outcome.EQUAL, Outcome.ANSWERED, Outcome.NOBODY)
_LEFT = (Outcome.DISMISSED, Outcome.OBSERVED)
_MEND_DONE = (Outcome.PROVING, Outcome.PROVED)


class Standing(StrEnum):
    DONE = "done"
    NOW = "under way"
    WAITS = "waits"
    FAILED = "failed"
    AHEAD = "not yet"
    NONE = "nothing to do"


@dataclass(frozen=True)
class Station:
    """`at`: when it decided, where that is known."""

    name: str
    standing: Standing
    told: str = ""
    at: datetime | None = None


def stations(sent: Sent, lane: Lane) -> tuple[Station, ...]:
    receive = Station("receive", Standing.DONE, f"answered {sent.status}", sent.at)
    return receive, _check(lane), _remediate(lane), _proof(lane)


def _check(lane: Lane) -> Station:
    now, at = lane.outcome, lane.state.last_read
    if now is Outcome.PARKED and lane.parked and lane.parked.by == "check":
        return Station("check", Standing.FAILED, f"parked: {lane.parked.reason}")
    if now is Outcome.LOOKING and lane.state.chain:
        again = f", again at {lane.state.next_look:%H:%M:%S}" if lane.state.next_look else ""
        return Station("check", Standing.NOW, f"look {lane.state.chain.looks}: differs{again}", at)
    if now in (Outcome.WAITING, Outcome.MARKED):
        return Station("check", Standing.NOW, now.value)
    if now is Outcome.ONCE_MORE:
        return Station("check", Standing.NOW, now.value, at)
    if now in _NOTHING:
        return Station("check", Standing.DONE, now.value, at)
    attributes = ", ".join(sorted({i.attribute.value for i in lane.incidents}))
    told = f"differs: {attributes}" if attributes else "read"
    # The last read may be the one that proved the mend.
    found = [m.at for m in lane.moments if m.actor == "check" and "differs" in m.what]
    return Station("check", Standing.DONE, told, max(found, default=at))


def _remediate(lane: Lane) -> Station:
    now = lane.outcome
    last = [m.at for m in lane.moments if m.actor == "remediate"]
    if now in _NOTHING:
        return Station("remediate", Standing.NONE)
    if lane.parked and lane.parked.by == "remediate":
        return Station("remediate", Standing.FAILED, f"parked: {lane.parked.reason}")
    if now is Outcome.PARKED or now in _TO_CHECK:
        return Station("remediate", Standing.AHEAD)
    if now in _LEFT:
        return Station("remediate", Standing.NONE, now.value)
    if now is Outcome.MENDING:
        return Station("remediate", Standing.NOW, now.value, max(last, default=None))
    if now in _MEND_DONE:
        # Where no incident is left to be seen, the table remembers only mends of ours.
        ours = not lane.incidents or any(i.mended_by_us for i in lane.incidents)
        told = "mended" if ours else "mended by others"
        return Station("remediate", Standing.DONE, told, max(last, default=None))
    return Station("remediate", Standing.WAITS, now.value)


def _proof(lane: Lane) -> Station:
    now = lane.outcome
    if now is Outcome.PROVED:
        proved = [m.at for m in lane.moments if m.what == "proved"]
        return Station("proof", Standing.DONE, "expected = actual", max(proved, default=None))
    if now is Outcome.PROVING:
        return Station("proof", Standing.NOW, "read again after the last step")
    if now in _NOTHING or now in _LEFT:
        return Station("proof", Standing.NONE)
    return Station("proof", Standing.AHEAD)
