"""The one table, as one object. Keys and access patterns: lib/store/keys.py."""

from __future__ import annotations

from lib.store.decisions import Decisions
from lib.store.due import Due
from lib.store.facts import Facts
from lib.store.hook_marks import HookMarks
from lib.store.members import Members
from lib.store.overviews import Overviews
from lib.store.parked import Parked
from lib.store.places import Places
from lib.store.subjects import Subjects
from lib.store.sweeps import Sweeps
from lib.store.wanted import Wanted


class Table(
    Subjects,
    Members,
    Due,
    Decisions,
    Facts,
    Places,
    Parked,
    Sweeps,
    Wanted,
    HookMarks,
    Overviews,
):
    """Every write is conditional or harmless to repeat; what belongs together is one transaction.

    Raises Conflict when somebody was faster, Transient when DynamoDB can not answer.
    """
