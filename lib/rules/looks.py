"""A difference is drift only after replication can no longer explain it.

Microsoft: "Consistency across requests is not guaranteed by design" for app-only reads, and no
number is documented; so a difference is looked at again, with growing delays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Chain:
    """Looks at one difference. `digest` is of the values seen; `next_at` when the next is due."""

    digest: str
    looks: int
    started_at: datetime
    next_at: datetime


def advance(
    chain: Chain | None,
    digest: str,
    taken_at: datetime,
    delays: tuple[float, ...],
    not_before: datetime | None = None,
) -> Chain:
    """The chain after a read at `taken_at`.

    Changed values start it anew, and so does a step of ours (`not_before`): replication of
    that step may explain what an older chain saw. A read before `next_at` joins and counts
    for nothing.
    """
    started_too_early = (
        chain is not None and not_before is not None and chain.started_at <= not_before
    )
    if chain is None or chain.digest != digest or started_too_early:
        return Chain(digest, 1, taken_at, taken_at + _delay(1, delays))
    if taken_at < chain.next_at:
        return chain
    looks = chain.looks + 1
    return Chain(digest, looks, chain.started_at, taken_at + _delay(looks, delays))


def is_last(chain: Chain, delays: tuple[float, ...]) -> bool:
    """One look, and one more for each delay."""
    return chain.looks > len(delays)


def _delay(looks: int, delays: tuple[float, ...]) -> timedelta:
    return timedelta(seconds=delays[looks - 1] if looks <= len(delays) else 0)
