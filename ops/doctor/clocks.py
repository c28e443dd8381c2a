"""How far this machine's clock is from those of both vendors and AWS, by their Date headers.

A Date header has whole seconds and travels for some more, so only seconds above that count.
AWS refuses signatures that are more than 5 minutes off; tokens have a similar leeway.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from lib.errors import PushproofError
from lib.times import Clock
from ops.doctor.finding import Finding
from ops.doctor.texts import finding

NOTED = 5.0
REFUSED = 240.0

# Asks and gives the Date the answer carried.
Ask = Callable[[], datetime]


def examine(who: str, ask: Ask, clock: Clock) -> Finding:
    before = clock()
    try:
        told = ask()
    except PushproofError as error:
        return finding("clock_unknown", who=who, why=error)
    after = clock()
    # The answer was dated somewhere between; only what lies outside is a difference.
    off = 0.0
    if told < before:
        off = min(0.0, (told - before).total_seconds() + 1.0)
    elif told > after:
        off = (told - after).total_seconds()
    code = "clock_agrees"
    if abs(off) >= REFUSED:
        code = "clock_far_off"
    elif abs(off) >= NOTED:
        code = "clock_differs"
    return finding(code, who=who, seconds=off)
