"""The table of sensitive actions, cell by cell as the vendor prints it."""

from __future__ import annotations

import pytest

from sandbox.entra.matrix import SENSITIVE, Protection, may_act
from sandbox.entra.roles import ROLE_NAMES, role_template

COLUMNS = (
    "Authentication Administrator",
    "User Administrator",
    "Privileged Authentication Administrator",
    "Global Administrator",
)
TABLE = {
    "Authentication Administrator": "Y-YY",
    "Directory Readers": "YYYY",
    "Global Administrator": "--YY",
    "Groups Administrator": "-YYY",
    "Guest Inviter": "YYYY",
    "Helpdesk Administrator": "-YYY",
    "Message Center Reader": "YYYY",
    "Password Administrator": "YYYY",
    "Privileged Authentication Administrator": "--YY",
    "Privileged Role Administrator": "--YY",
    "Reports Reader": "YYYY",
    "User Administrator": "-YYY",
    "User Experience Success Manager": "YYYY",
    "Usage Summary Reports Reader": "YYYY",
}


@pytest.mark.parametrize("target", sorted(ROLE_NAMES.values()))
def test_every_role_as_a_target(target: str) -> None:
    row = {role_template(target)}
    expected = TABLE.get(target, "--YY")
    found = "".join(
        "Y" if may_act({role_template(caller)}, row, "accountEnabled") else "-"
        for caller in COLUMNS
    )
    assert found == expected


@pytest.mark.parametrize("protection", list(Protection))
def test_the_rows_that_are_no_role(protection: Protection) -> None:
    found = [may_act({role_template(each)}, {protection}, "mobilePhone") for each in COLUMNS]
    assert found == [False, False, True, True]


def test_an_ordinary_target() -> None:
    assert all(may_act({role_template(each)}, set(), "otherMails") for each in COLUMNS)
    assert not may_act(set(), set(), "otherMails")
    assert not may_act({role_template("Global Reader")}, set(), "otherMails")


def test_a_custom_role_is_another_role() -> None:
    custom = {"0d0a0000-0000-4000-8000-000000000001"}
    assert not may_act({role_template("User Administrator")}, custom, "mobilePhone")
    assert may_act({role_template("Global Administrator")}, custom, "mobilePhone")


def test_every_row_of_a_target_counts() -> None:
    rows = {role_template("Directory Readers"), role_template("Global Reader")}
    assert not may_act({role_template("User Administrator")}, rows, "mobilePhone")
    # Two callers' roles do not add up: one of them has to reach every row.
    both = {role_template("Authentication Administrator"), role_template("User Administrator")}
    mixed = {role_template("Authentication Administrator"), role_template("User Administrator")}
    assert not may_act(both, mixed, "mobilePhone")


PASSWORD = ["Directory Readers", "Guest Inviter", "Password Administrator"]
HELPDESK = [
    *PASSWORD,
    "Helpdesk Administrator",
    "Message Center Reader",
    "Reports Reader",
    "Usage Summary Reports Reader",
    "User Experience Success Manager",
]


@pytest.mark.parametrize("target", sorted(ROLE_NAMES.values()))
def test_who_may_reset_a_password_may_write_contacts_and_nothing_else(target: str) -> None:
    row = {role_template(target)}
    for caller, allowed in (
        ("Password Administrator", PASSWORD),
        ("Helpdesk Administrator", HELPDESK),
    ):
        held = {role_template(caller)}
        assert may_act(held, row, "mobilePhone") == (target in allowed)
        assert not may_act(held, row, "accountEnabled")
    assert may_act({role_template("Helpdesk Administrator")}, set(), "otherMails")


def test_the_sensitive_properties() -> None:
    assert {"accountEnabled", "mobilePhone", "otherMails", "businessPhones"} < SENSITIVE
    assert "department" not in SENSITIVE
