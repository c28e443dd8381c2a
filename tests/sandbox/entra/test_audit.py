"""GET /auditLogs/directoryAudits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.entra.conftest import GLOBAL, ORDINARY, Entra, denied, error

PATH = "/v1.0/auditLogs/directoryAudits"


def modified(entry: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Each value is JSON inside a string."""
    return {
        each["displayName"]: tuple(
            each[side] and json.loads(each[side]) for side in ("oldValue", "newValue")
        )
        for each in entry["targetResources"][0]["modifiedProperties"]
    }


def listed(entra: Entra, text: str | None = None, **params: str) -> list[dict[str, Any]]:
    if text is not None:
        params["$filter"] = text
    answer = entra.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["value"]
    return found


def test_an_update_by_an_app(entra: Entra) -> None:
    entra.patch(ORDINARY, {"mobilePhone": "new", "accountEnabled": False, "otherMails": []})
    (entry,) = listed(entra)
    assert entry["activityDisplayName"] == "Update user"
    assert entry["category"] == "UserManagement"
    assert entry["result"] == "success"
    assert entry["activityDateTime"] == "2026-09-01T12:00:00.0000000Z"
    assert entry["initiatedBy"]["user"] is None
    assert entry["initiatedBy"]["app"]["displayName"] == "writer"
    assert entry["targetResources"][0]["id"] == ORDINARY
    found = modified(entry)
    assert found["Mobile"] == (["+1 202 555 0100"], ["new"])
    assert found["AccountEnabled"] == ([True], [False])
    assert found["OtherMail"] == (["ordinary.old@example.net"], [])
    assert found["Included Updated Properties"][1] == "Mobile, AccountEnabled, OtherMail"
    assert "Action Client Name" not in found


def test_an_update_that_changes_nothing_is_a_success_without_the_name(entra: Entra) -> None:
    entra.patch(ORDINARY, {"mobilePhone": "+1 202 555 0100"})
    (entry,) = listed(entra)
    assert modified(entry)["Included Updated Properties"][1] == ""


def test_an_update_by_a_person(entra: Entra) -> None:
    entra.patch(GLOBAL, {"mobilePhone": "new"}, "operator", user="privileged")
    (entry,) = listed(entra)
    assert entry["initiatedBy"]["app"] is None
    assert entry["initiatedBy"]["user"]["userPrincipalName"] == "privileged.admin@corp.example"


def test_a_refused_write_leaves_no_entry(entra: Entra) -> None:
    entra.patch(GLOBAL, {"mobilePhone": "new"})
    assert listed(entra) == []


def test_entries_come_late(entra: Entra) -> None:
    entra.tenant.audit.delay_seconds = 120
    entra.patch(ORDINARY, {"mobilePhone": "new"})
    entra.clock.forward(119)
    assert listed(entra) == []
    entra.clock.forward(1)
    assert len(listed(entra)) == 1


def test_the_documented_filters(entra: Entra) -> None:
    entra.patch(ORDINARY, {"mobilePhone": "new"})
    entra.clock.forward(60)
    entra.tenant.set_user("ordinary", actor="global", mobile_phone="newer")
    entra.clock.forward(60)
    entra.tenant.set_flag(True)
    about = f"targetResources/any(t:t/id eq '{ORDINARY}')"
    assert len(listed(entra, about)) == 2
    since = "activityDateTime ge 2026-09-01T12:01:00Z"
    text = f"activityDisplayName eq 'Update user' and {about} and {since}"
    (entry,) = listed(entra, text)
    assert entry["initiatedBy"]["user"]["id"] == GLOBAL
    entra.clock.forward(10)
    app = "initiatedBy/app/appId eq '5e1f0000-0000-4000-8000-000000000005'"
    assert len(listed(entra, app)) == 1
    assert len(listed(entra, f"initiatedBy/user/id eq '{GLOBAL}'")) == 1
    assert len(listed(entra, "startswith(activityDisplayName,'Set')")) == 1
    assert listed(entra, "activityDateTime le 2026-09-01T11:00:00Z") == []


@pytest.mark.parametrize(
    "text",
    [
        "category eq 'UserManagement'",
        "activityDateTime gt 2026-09-01T12:00:00Z",
        "activityDateTime ge 2026-09-01",
        "activityDateTime ge yesterday",
        "targetResources/any(t:t/type eq 'User')",
        "initiatedBy/app/displayName in ('a','b')",
    ],
)
def test_other_filters_are_refused(entra: Entra, text: str) -> None:
    entra.patch(ORDINARY, {"mobilePhone": "new"})
    assert entra.get(PATH, params={"$filter": text}).status_code == 400


def test_newest_first_unless_asked(entra: Entra) -> None:
    for number in range(3):
        entra.patch(ORDINARY, {"mobilePhone": str(number)})
        entra.clock.forward(1)
    times = [each["activityDateTime"] for each in listed(entra)]
    assert times == sorted(times, reverse=True)
    again = [each["activityDateTime"] for each in listed(entra, **{"$orderby": "activityDateTime"})]
    assert again == sorted(times)


def test_five_requests_in_ten_seconds(entra: Entra) -> None:
    for _ in range(5):
        listed(entra)
    answer = entra.get(PATH)
    assert error(answer) == (429, "TooManyRequests")
    assert float(answer.headers["Retry-After"]) == 10.0
    assert "." in answer.headers["Retry-After"]
    assert answer.json()["error"]["innerError"]["status"] == "429"
    entra.clock.forward(10)
    assert entra.get(PATH).status_code == 200


def test_who_may_read_it(entra: Entra) -> None:
    assert denied(entra.get(PATH, "writer"))
    assert denied(entra.get(PATH, "operator", user="global"))
