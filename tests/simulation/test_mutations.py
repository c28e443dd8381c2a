"""The harness bites: with any one safety rule switched off, some schedule fails."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation import mutations
from tests.simulation.simulation import draw, run

# Where each was noticed when this was written; when a change of the flows moved that, seeds are
# tried from 1 on.
NOTICED = {
    "covers_too_much": 645,
    "guesses_cover": 1136,
    "ignores_a_changed_link": 1052,
    "counts_approvals_not_people": 558,
    "approvals_last_for_good": 430,
    "anybody_approves": 249,
    "has_no_tenant_lock": 106,
    "forgets_whom_a_storm_wants": 1_000_001,
}
MOST = 3000

RULES = {
    name: made
    for name, made in inspect.getmembers(mutations, inspect.isfunction)
    if made.__module__ == mutations.__name__ and not name.startswith("_")
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_switched_off_is_noticed(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    switched_off: Callable[[Any], None] = RULES[rule]
    switched_off(monkeypatch.setattr)
    first = [NOTICED[rule]] if rule in NOTICED else []
    for seed in [*first, *range(1, MOST)]:
        problem = run(draw(seed)).problem
        if problem:
            # What the rule is for did not hold: that is no accident of the mutation.
            assert not problem.startswith("blew up"), problem
            return
    raise AssertionError(f"{MOST} schedules did not notice")
