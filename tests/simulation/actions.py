"""What may happen at any time. Each action draws from its own step's numbers, and may find nothing
to do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulation import decisions, functions, happenings
from tests.simulation.effects import Run

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

Action = Callable[["Simulation", Run], None]
# How often each is drawn. `limit`: seconds until its process is killed; None: a person's.
ACTIONS: dict[str, tuple[Action, int, float | None]] = {
    "change": (happenings.change, 8, None),
    "push": (happenings.push, 3, None),
    "human_edit": (happenings.human_edit, 3, None),
    "leave": (happenings.leave, 2, None),
    "relink": (happenings.relink, 1, None),
    "roles": (happenings.roles, 1, None),
    "hook": (happenings.hook, 10, 5.0),
    "check": (functions.check, 30, 60.0),
    "stale_check": (functions.check, 0, 60.0),
    "mend": (functions.mend, 12, 60.0),
    "tick": (functions.tick, 6, 60.0),
    "catch_up": (functions.catch_up, 3, 120.0),
    "duplicate": (happenings.duplicate, 3, None),
    "redrive": (happenings.redrive, 1, None),
    "wait": (happenings.wait, 6, None),
    "pause": (happenings.pause, 0, None),
    "long_wait": (happenings.long_wait, 1, None),
    "clock_jump": (happenings.clock_jump, 1, None),
    "look": (decisions.look, 1, None),
    "approve": (decisions.approve, 8, 10.0),
    "dismiss": (decisions.dismiss, 1, 10.0),
    "snooze": (decisions.snooze, 1, 10.0),
    "mode": (decisions.mode, 2, 10.0),
    "write": (decisions.write, 3, None),
    "flag_prepare": (decisions.flag_prepare, 1, None),
    "flag_enable": (decisions.flag_enable, 2, None),
    "slow_flag_enable": (decisions.flag_enable, 0, None),
    "flag_disable": (decisions.flag_disable, 1, None),
    "unpark": (decisions.unpark, 1, None),
}
# In the schedules of the sweeping seeds only.
SWEEPS: dict[str, tuple[Action, int, float | None]] = {
    "sweep_start": (functions.sweep_start, 1, 60.0),
    "sweep": (functions.sweep, 6, 60.0),
}
# What comes between the effects of a step on purpose: right before it reads, somebody undoes what
# was pushed, which a stale read does not show, and Okta pushes once more; and mends while the
# tenant lock is held.
SLOW = {
    "stale_check": ((1, "human_edit"), (1, "push"), (1, "pause")),
    "slow_flag_enable": ((9, "mend"), (12, "mend"), (15, "mend"), (18, "mend"), (21, "mend")),
}
# What has effects that can fail: those may be disturbed, and others may come between.
DISTURBED = (
    *(
        "hook",
        "check",
        "stale_check",
        "mend",
        "tick",
        "catch_up",
        "approve",
        "dismiss",
        "snooze",
        "mode",
    ),
    *("write", "flag_prepare", "flag_enable", "slow_flag_enable", "flag_disable", "unpark"),
)
