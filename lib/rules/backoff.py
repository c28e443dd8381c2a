"""How long to wait before trying again."""

from __future__ import annotations

from collections.abc import Callable

# SQS's longest delay.
MOST = 900.0


def delay(attempt: int, named: float | None, chance: Callable[[], float]) -> float:
    """Seconds. A time the vendor named is kept to (and jittered upward by a tenth, so that not
    everybody returns at once); without one it doubles from 2 s, with full jitter in the upper
    half. `attempt` starts at 1; `chance` gives 0..1.
    """
    if named is not None:
        return min(MOST, named * (1 + chance() / 10))
    longest = min(MOST, 2.0 ** min(attempt, 10))
    return longest / 2 + longest / 2 * chance()
