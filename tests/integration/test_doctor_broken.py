"""pushproof doctor against worlds each broken in one way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.okta.state import AppMapping
from tests.integration.conftest import Deployed
from tests.integration.doctoring import (
    Doctor,
    alarm,
    codes,
    dead_letter,
    fault,
    hook_switched_off,
    hook_without,
    mapped,
    parked,
    permission,
    role,
    secret,
    skewed,
    token_roles,
    without_feature,
)

CREATE_ONLY = AppMapping("user.mobilePhone", "DONT_PUSH")
EXPRESSION = AppMapping("user.mobilePhone == null ? '' : user.mobilePhone", "PUSH")
DEPARTMENT = AppMapping("user.department", "PUSH")
READER, WRITER = "reader", "writer"
Break = Callable[[Deployed], Any]


@pytest.mark.parametrize(
    ("side", "broken", "gained", "exit_code"),
    [
        ("okta", hook_switched_off, {"hook_inactive"}, 2),
        ("okta", lambda d: mapped(d, "mobilePhone", None), {"app_unmapped"}, 2),
        ("okta", lambda d: mapped(d, "mobilePhone", CREATE_ONLY), {"app_create_only"}, 2),
        ("okta", lambda d: mapped(d, "mobilePhone", EXPRESSION), {"app_expression"}, 1),
        ("okta", lambda d: mapped(d, "department", DEPARTMENT), {"touch_mapped"}, 2),
        ("okta", lambda d: without_feature(d, "PUSH_PROFILE_UPDATES"), {"app_feature_off"}, 2),
        ("okta", lambda d: without_feature(d, "PUSH_USER_DEACTIVATION"), {"app_feature_off"}, 2),
        (
            "okta",
            lambda d: fault(d, "okta", "GET /api/v1/logs", 403),
            {"okta_refused", "push_unread"},
            2,
        ),
        (
            "okta",
            lambda d: fault(d, "okta", "GET /api/v1/logs", 500),
            {"okta_not_told", "push_unread"},
            3,
        ),
        ("okta", lambda d: fault(d, "okta", "GET /api/v1/eventHooks", 403), {"hook_unread"}, 3),
        (
            "okta",
            lambda d: secret(d, "OktaSecret", "revoked"),
            {"okta_no_token", "app_unread", "push_unread", "okta_roles_unread"},
            2,
        ),
        ("okta", hook_without, {"hook_types_missing"}, 2),
        ("okta", lambda d: token_roles(d, "SUPER_ADMIN"), {"okta_role_broad"}, 1),
        ("okta", lambda d: token_roles(d, "READ_ONLY_ADMIN"), {"okta_role_untouching"}, 2),
        ("aws", lambda d: skewed(d, 20), {"clock_differs"}, 1),
        ("entra", lambda d: skewed(d, -280), {"clock_far_off"}, 2),
        ("entra", lambda d: secret(d, "EntraWriterSecret", "wrong"), {"entra_no_sign_in"}, 2),
        ("entra", lambda d: permission(d, READER, "Mail.Read"), {"entra_not_needed"}, 3),
        (
            "entra",
            lambda d: permission(d, READER, "Directory.ReadWrite.All"),
            {"entra_reader_writes"},
            2,
        ),
        (
            "entra",
            lambda d: permission(d, WRITER, "User.ReadWrite.All"),
            {"entra_writer_too_broad"},
            2,
        ),
        (
            "entra",
            lambda d: permission(d, READER, "GroupMember.Read.All", taken=True),
            {"entra_missing"},
            2,
        ),
        (
            "entra",
            lambda d: permission(d, READER, "AuditLog.Read.All", taken=True),
            {"entra_unexplained"},
            3,
        ),
        (
            "entra",
            lambda d: permission(d, WRITER, "User-Mail.ReadWrite.All", taken=True),
            {"entra_unmendable"},
            3,
        ),
        ("entra", lambda d: role(d, WRITER, "Global Administrator"), {"role_outranks"}, 2),
        ("entra", lambda d: role(d, WRITER, "User Administrator"), {"role_outranks"}, 2),
        (
            "entra",
            lambda d: role(d, READER, "Global Administrator", eligible=True),
            {"role_outranks"},
            2,
        ),
        ("entra", lambda d: role(d, WRITER, "Reports Reader"), {"role_held"}, 3),
        ("aws", dead_letter, {"dlq_holds"}, 2),
        ("aws", parked, {"parked_some"}, 1),
        ("aws", lambda d: alarm(d, "ALARM"), {"alarm_raised"}, 2),
    ],
)
def test_a_world_broken_in_one_way(
    deployed: Deployed,
    doctor: Doctor,
    side: str,
    broken: Break,
    gained: set[str],
    exit_code: int,
) -> None:
    before = codes(doctor("--only", side, "--json"))
    with broken(deployed):
        result = doctor("--only", side, "--json")
    assert set(codes(result) - before) - {"role_unread"} == gained
    assert result.exit_code == exit_code
    # And it is not said of a world that is mended again.
    assert codes(doctor("--only", side, "--json")) == before
