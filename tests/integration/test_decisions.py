"""Decisions over the signed route of the running shape, as operators give them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from lib.incident import Status
from lib.times import utc_now
from tests.integration.conftest import Deployed
from tests.integration.test_mending import never_pushed

Approve = Callable[..., dict]


def test_who_decided_is_who_signed(deployed: Deployed, approve: Approve) -> None:
    incident = never_pushed(deployed, "staff.48")
    asked = {"incident": incident.id, "digest": incident.plan.digest}
    assert "Say why" in approve("first.operator", action="dismiss", **asked)["refused"]
    until = approve("second.operator", action="snooze", incident=incident.id, until="2h")
    assert until["outcome"].startswith("snoozed until")
    done = approve("first.operator", action="dismiss", why="is meant", **asked)
    assert done["status"] == "dismissed"
    late = approve("second.operator", action="approve", **asked)
    assert "dismissed already" in late["refused"]
    assert deployed.again(incident).status is Status.DISMISSED
    assert deployed.pages(incident) == ["opened", "dismissed"]
    now = utc_now()
    records = [
        record
        for record in deployed.table.audit(now - timedelta(hours=1), now)
        if record.incident == incident.id
    ]
    assert [(r.person, r.action, r.outcome) for r in records] == [
        ("second.operator", "approve", "refused"),
        ("first.operator", "dismiss", "dismissed"),
        ("second.operator", "snooze", "snoozed"),
        ("first.operator", "dismiss", "refused"),
    ]
    for record in records:
        assert record.caller.endswith(f"/{record.person}")
        assert (record.source_ip, bool(record.request_id)) == ("127.0.0.1", True)
