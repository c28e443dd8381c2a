"""Who may change whose sensitive properties: Microsoft's table, typed again and compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.model import RoleGrant
from lib.rules.matrix import ROWS, fully_read, protection
from tests.fakes.make import role, standing

# Template ids from "Entra built-in roles"; columns are the caller's role.
AUTHENTICATION = "c4e39bd9-1100-46d3-8c65-fb160da0071f"
USER = "fe930be7-5e62-47db-91af-98c3a49a38b1"
PRIVILEGED = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"
GLOBAL = "62e90394-69f5-4237-9190-012177145e10"
CALLERS = (AUTHENTICATION, USER, PRIVILEGED, GLOBAL)

TABLE = """
c4e39bd9-1100-46d3-8c65-fb160da0071f  Y - Y Y  Authentication Administrator
88d8e3e3-8f55-4a1e-953a-9b9898b8876b  Y Y Y Y  Directory Readers
62e90394-69f5-4237-9190-012177145e10  - - Y Y  Global Administrator
fdd7a751-b60b-444a-984c-02652fe8fa1c  - Y Y Y  Groups Administrator
95e79109-95c0-4d8e-aee3-d01accf2d47b  Y Y Y Y  Guest Inviter
729827e3-9c14-49f7-bb1b-9608f156bbb8  - Y Y Y  Helpdesk Administrator
790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b  Y Y Y Y  Message Center Reader
966707d0-3269-4727-9be2-8c3a10f19b9d  Y Y Y Y  Password Administrator
7be44c8a-adaf-4e2a-84d6-ab2649e08a13  - - Y Y  Privileged Authentication Administrator
e8611ab8-c189-46e8-94e1-60213ab1f814  - - Y Y  Privileged Role Administrator
4a5d8f65-41da-4de4-8968-e035b65339cf  Y Y Y Y  Reports Reader
fe930be7-5e62-47db-91af-98c3a49a38b1  - Y Y Y  User Administrator
27460883-1df1-4691-b032-3b79643e5e63  Y Y Y Y  User Experience Success Manager
75934031-6c7e-415a-99d7-48dbd49e875e  Y Y Y Y  Usage Summary Reports Reader
29232cdf-9323-42fd-ade2-1d097af3e4de  - - Y Y  Exchange Administrator, as any other built-in
f2ef992c-3afb-46b9-b7cf-a126ee74c451  - - Y Y  Global Reader, as any other built-in
0f6b2ac4-0000-4000-8000-00000000c057  - - Y Y  a custom role
""".strip().splitlines()
CELLS = [
    (template, caller, cell == "Y")
    for template, *cells in (line.split()[:5] for line in TABLE)
    for caller, cell in zip(CALLERS, cells, strict=True)
]


@pytest.mark.parametrize(("target", "caller", "allowed"), CELLS)
def test_each_cell(target: str, caller: str, allowed: bool) -> None:
    guarded = protection(standing(role(target)))
    assert guarded.privileged
    assert guarded.outranked_by({caller}) is allowed
    shouted = protection(standing(role(target.upper())))
    assert shouted.outranked_by({caller}) is allowed


def test_the_table_is_complete() -> None:
    assert set(ROWS) <= {line.split()[0] for line in TABLE}


def test_nobody_special_is_outranked_by_anybody() -> None:
    guarded = protection(standing())
    assert not guarded.privileged
    assert not guarded.needs_top
    assert guarded.strictest is None
    assert guarded.outranked_by(())


def test_a_caller_without_a_role_outranks_no_role() -> None:
    assert not protection(standing(role("4a5d8f65-41da-4de4-8968-e035b65339cf"))).outranked_by(())


@pytest.mark.parametrize("caller", CALLERS)
def test_a_role_assignable_group_asks_for_the_top(caller: str) -> None:
    guarded = protection(standing(role_assignable_groups=("group",)))
    assert guarded.outranked_by({caller}) is (caller in (PRIVILEGED, GLOBAL))
    assert guarded.needs_top


@pytest.mark.parametrize("caller", CALLERS)
def test_a_scoped_role_may_be_scoped_to_a_restricted_unit(caller: str) -> None:
    """Whether the unit is restricted is not read, so the stricter row holds."""
    scoped = RoleGrant(USER, "User Administrator", scope="/administrativeUnits/1")
    guarded = protection(standing(scoped))
    assert guarded.outranked_by({caller}) is (caller in (PRIVILEGED, GLOBAL))
    assert guarded.needs_top


def test_every_row_must_be_outranked() -> None:
    """Two rows that share no lesser caller leave the top ones."""
    both = protection(standing(role(AUTHENTICATION), role(USER)))
    assert both.callers == {PRIVILEGED, GLOBAL}
    assert both.needs_top
    strict = protection(standing(role("4a5d8f65-41da-4de4-8968-e035b65339cf"), role(GLOBAL)))
    assert strict.strictest
    assert strict.strictest.name == "Global Administrator"


def test_eligible_roles_change_nothing_graph_does() -> None:
    assert not protection(standing(eligible_roles=(role(),))).privileged


def test_what_was_not_read_is_not_called_harmless() -> None:
    known = standing()
    assert fully_read(known)
    assert not fully_read(replace(known, active_roles=None))
    assert not fully_read(replace(known, eligible_roles=None))
    assert not fully_read(replace(known, role_assignable_groups=None))
    assert not fully_read(replace(known, owns_applications=None))
