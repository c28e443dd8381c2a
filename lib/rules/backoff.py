"""How long to wait before trying again."""

from __future__ import annotations

from collections.abc import Callable

# SQS's longest delay.
MOST = 900.0
# The widest spread after a time that was named.
SPREAD = 90.0


def delay(attempt: int, named: float | None, chance: Callable[[], float]) -> float:
    """Seconds. A time that was named is kept to, and what comes after it is spread: by a tenth, and
    wider the longer it takes, so that a backlog does not come back at once. Without one it doubles
    from 2 s, with full jitter in the upper half. `attempt` starts at 1; `chance` gives 0..1.
    """
    longest = min(MOST, 2.0 ** min(attempt, 10))
    if named is not None:
        return min(MOST, named + max(named / 10, min(SPREAD, longest / 2)) * chance())
    return longest / 2 + longest / 2 * chance()
