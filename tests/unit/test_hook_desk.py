"""The event hook installed twice, without filters, and with its secret rotated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from lib.errors import Refused, Transient
from lib.messages import CheckMessage
from lib.okta_admin import EventHook, event_hook, hook_body
from lib.rules.hints import HOOK_EVENTS
from ops import hook_door
from ops.connection import Refusal, Trouble
from ops.hook import HookDesk
from ops.hook_command import as_dict, lines
from ops.hook_door import Door
from tests.fakes.clock import FakeClock
from tests.fakes.make import APP, OTHER_APP, USER

URL = "https://hook.example/okta/events"


class FakeAdmin:
    """An org's hooks: a changed channel has to be verified again, the secret is never shown."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.made: dict[str, EventHook] = {}
        self.secrets: dict[str, str] = {}
        self.filters = True
        self.unverifiable: set[str] = set()
        self.calls: list[str] = []
        self.log: list[dict[str, Any]] = []
        self.since: datetime | None = None

    def hooks(self) -> tuple[EventHook, ...]:
        return tuple(self.made.values())

    def create(self, body: Any) -> EventHook:
        return self._store("create", f"who{len(self.made) + 1}", body, True, False)

    def replace(self, hook_id: str, body: Any) -> EventHook:
        old = self.made[hook_id]
        secret = body["channel"]["config"]["authScheme"]["value"]
        same = old.uri == body["channel"]["config"]["uri"] and secret == self.secrets[hook_id]
        return self._store("replace", hook_id, body, old.active, old.verified and same)

    def delete(self, hook_id: str) -> None:
        assert not self.made[hook_id].active
        del self.made[hook_id]

    def verify(self, hook_id: str) -> EventHook:
        self.calls.append("verify")
        if self.secrets[hook_id] in self.unverifiable:
            raise Refused(400, "E0000001", "Unable to verify event hook")
        return self._set(hook_id, verified=True)

    def activate(self, hook_id: str) -> EventHook:
        self.calls.append("activate")
        return self._set(hook_id, active=True)

    def deactivate(self, hook_id: str) -> EventHook:
        self.calls.append("deactivate")
        return self._set(hook_id, active=False)

    def events(self, since: datetime, types: Sequence[str]) -> Iterator[list[object]]:
        self.since = since
        assert tuple(types) == HOOK_EVENTS
        yield list(self.log)

    def _store(self, call: str, hook_id: str, body: Any, active: bool, verified: bool) -> EventHook:
        self.calls.append(call)
        if body["events"]["filter"] and not self.filters:
            raise Refused(400, "E0000001", "filter")
        self.secrets[hook_id] = body["channel"]["config"]["authScheme"]["value"]
        known = {"id": hook_id, "status": "ACTIVE" if active else "INACTIVE", **body}
        found = event_hook(known | {"verificationStatus": "VERIFIED" if verified else ""})
        self.made[hook_id] = found
        return found

    def _set(self, hook_id: str, **changes: bool) -> EventHook:
        self.made[hook_id] = replace(self.made[hook_id], **changes)
        return self.made[hook_id]


class FakeDoor:
    url = URL

    def __init__(self) -> None:
        self.current = "first-value"
        self.stuck = False

    def secret(self) -> str:
        return self.current

    def replace_secret(self, value: str) -> None:
        self.current = value
        if self.stuck:
            raise Trouble("never accepted")


class FakeQueue:
    def __init__(self) -> None:
        self.sent: list[CheckMessage] = []

    def send_all(self, messages: Sequence[CheckMessage]) -> None:
        self.sent += messages


class Desk:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.admin, self.door, self.queue = FakeAdmin(self.clock), FakeDoor(), FakeQueue()
        self.desk = HookDesk(
            self.admin,  # type: ignore[arg-type]
            self.door,  # type: ignore[arg-type]
            self.queue,
            (APP,),
            self.clock,
            lambda: "second-value",
        )

    @property
    def hook(self) -> EventHook:
        (found,) = self.admin.hooks()
        return found


@pytest.fixture
def at() -> Desk:
    return Desk()


EVENT = {
    "uuid": "u1",
    "eventType": HOOK_EVENTS[0],
    "published": "2026-01-02T03:04:05.000Z",
    "target": [{"id": USER, "type": "User"}, {"id": APP, "type": "AppInstance"}],
}


def test_the_first_time_it_is_made_and_verified(at: Desk) -> None:
    done = at.desk.install()
    assert done.created
    assert done.filtered
    assert done.state.ready
    assert at.admin.secrets == {at.hook.id: "first-value"}
    assert at.hook.event_types == HOOK_EVENTS
    assert at.admin.since is None, "nothing was missed before there was a hook"


def test_again_changes_nothing(at: Desk) -> None:
    at.desk.install()
    before = at.hook.body
    at.admin.calls.clear()
    done = at.desk.install()
    assert not done.created
    assert at.admin.calls == ["replace"]
    assert at.hook.body["events"] == before["events"]


def test_without_the_early_access_feature_it_goes_without_a_filter(at: Desk) -> None:
    at.admin.filters = False
    done = at.desk.install()
    assert not done.filtered
    assert done.state.ready
    assert at.hook.filtered == frozenset()
    assert not at.desk.install().filtered


def test_a_filter_for_other_apps_is_not_ready_until_it_is_installed_again(at: Desk) -> None:
    at.desk.install()
    body = hook_body(URL, "first-value", HOOK_EVENTS, (OTHER_APP,), at.hook)
    at.admin.replace(at.hook.id, body)
    state = at.desk.state()
    assert not state.ready
    assert "application.user_membership.remove" in state.misfiltered
    assert not any(name.startswith("user.") for name in state.misfiltered)
    told = "\n".join(lines(state))
    assert "  filtered for other apps: application.user_membership.remove" in told
    assert (as_dict(state)["ready"], as_dict(state)["misfiltered"]) == (
        False,
        list(state.misfiltered),
    )
    assert at.desk.install().state.ready
    assert at.desk.state().misfiltered == ()


def test_a_refusal_that_is_about_something_else_is_not_hidden(at: Desk) -> None:
    def refuse(_: Any) -> EventHook:
        raise Refused(403, "E0000006", "no")

    at.admin.create = refuse  # type: ignore[method-assign]
    with pytest.raises(Refused):
        at.desk.install()


def test_what_is_broken_is_mended_and_what_is_foreign_is_kept(at: Desk) -> None:
    body = hook_body(URL, "old secret", HOOK_EVENTS[:3], (OTHER_APP,))
    body = {**body, "name": "ours", "description": "why", "id": "who9", "status": "INACTIVE"}
    extra = {"event": "user.session.start", "condition": {"expression": "true"}}
    body["events"]["items"].append("user.session.start")  # type: ignore[index]
    body["events"]["filter"]["eventFilterMap"].append(extra)  # type: ignore[index]
    body["channel"]["config"]["headers"] = [{"key": "X-A", "value": "b"}]  # type: ignore[index]
    at.admin.made["who9"], at.admin.secrets["who9"] = event_hook(body), "old secret"
    done = at.desk.install()
    found = at.hook
    assert done.state.ready
    assert (found.name, found.body["description"]) == ("ours", "why")
    assert found.event_types == (*HOOK_EVENTS, "user.session.start")
    assert done.state.additional == ("user.session.start",)
    conditions = found.body["events"]["filter"]["eventFilterMap"]  # type: ignore[index]
    assert extra in conditions
    assert not any(OTHER_APP in str(each) for each in conditions)
    config = found.body["channel"]["config"]  # type: ignore[index]
    assert config["headers"] == [{"key": "X-A", "value": "b"}]
    assert at.admin.secrets["who9"] == "first-value"


def test_events_of_the_gap_are_checked_from_the_log(at: Desk) -> None:
    at.desk.install()
    at.admin.log = [EVENT]
    began = at.clock()
    at.door.current = "other"
    done = at.desk.install()
    assert done.caught_up == 1
    assert at.admin.since is not None
    assert at.admin.since < began
    assert began - at.admin.since >= timedelta(minutes=1)
    (message,) = at.queue.sent
    assert USER in message.text()


def test_a_hook_that_can_not_be_verified_is_one_sentence(at: Desk) -> None:
    at.admin.unverifiable = {"first-value"}
    with pytest.raises(Trouble, match="could not verify") as trouble:
        at.desk.install()
    assert "first-value" not in trouble.value.message


def test_rotation(at: Desk) -> None:
    at.desk.install()
    at.admin.log = [EVENT]
    done = at.desk.rotate()
    assert at.admin.secrets == {at.hook.id: "second-value"}
    assert at.door.current == "second-value"
    assert done.state.ready
    assert done.caught_up == 1


def test_a_rotation_begins_by_giving_okta_the_current_secret(at: Desk) -> None:
    """Else one that had broken off would leave Okta with a value that is two versions old."""
    at.desk.install()
    at.door.current = "between"
    order: list[str] = []
    put = at.door.replace_secret

    def watched(value: str) -> None:
        order.append(at.admin.secrets[at.hook.id])
        put(value)

    at.door.replace_secret = watched  # type: ignore[method-assign]
    at.desk.rotate()
    assert order == ["between"]


def test_a_secret_that_is_never_accepted_is_not_given_to_okta(at: Desk) -> None:
    at.desk.install()
    at.door.stuck = True
    with pytest.raises(Trouble, match="never accepted"):
        at.desk.rotate()
    assert at.admin.secrets == {at.hook.id: "first-value"}
    assert at.hook.receives


def test_a_rotation_that_okta_does_not_verify_is_taken_back(at: Desk) -> None:
    at.desk.install()
    at.admin.unverifiable = {"second-value"}
    with pytest.raises(Trouble, match="has the old one again") as trouble:
        at.desk.rotate()
    assert at.admin.secrets == {at.hook.id: "first-value"}
    assert at.hook.receives
    assert "second-value" not in trouble.value.message


def test_remove_deactivates_first(at: Desk) -> None:
    at.desk.install()
    at.admin.calls.clear()
    at.desk.remove()
    assert at.admin.made == {}
    assert at.admin.calls == ["deactivate"]
    for absent in (at.desk.remove, at.desk.verify):
        with pytest.raises(Refusal):
            absent()


def test_verify_again(at: Desk) -> None:
    at.desk.install()
    at.admin._set(at.hook.id, verified=False)
    assert at.desk.verify().ready


# -- what is sent


def test_only_events_that_name_an_app_are_filtered() -> None:
    body = hook_body(URL, "s", HOOK_EVENTS, (APP, OTHER_APP))
    entries = body["events"]["filter"]["eventFilterMap"]  # type: ignore[index]
    assert [each["event"] for each in entries] == [
        name for name in HOOK_EVENTS if not name.startswith("user.")
    ]
    (expression,) = {each["condition"]["expression"] for each in entries}
    assert expression == (
        f"event.target.?[type eq 'AppInstance' && (id eq '{APP}' || id eq '{OTHER_APP}')].size()>0"
    )


def test_one_app_needs_no_parentheses() -> None:
    body = hook_body(URL, "s", HOOK_EVENTS, (APP,))
    assert f"[type eq 'AppInstance' && id eq '{APP}'].size()>0" in str(body)


def test_the_secret_is_in_no_repr() -> None:
    found = event_hook({"id": "who1", **hook_body(URL, "hidden-value", HOOK_EVENTS, (APP,))})
    assert "hidden-value" not in repr(found)


# -- our side


class Manager:
    def __init__(self) -> None:
        self.value = "old"

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803
        return {"SecretString": self.value}

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:  # noqa: N803
        self.value = SecretString


@pytest.fixture
def slow_door(monkeypatch: pytest.MonkeyPatch) -> tuple[Door, list[float]]:
    """A door whose receivers take the new secret `moments[0]` seconds after it was put."""
    now = [0.0]
    door = Door(
        URL,
        Manager(),
        "hook",
        settle=35,
        sleep=lambda s: now.__setitem__(0, now[0] + s),
        seconds=lambda: now[0],
    )
    return door, now


def test_it_waits_until_every_receiver_takes_the_new_secret(
    slow_door: tuple[Door, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One accepting receiver proves nothing about another, which looks again after 30 s."""
    door, now = slow_door
    monkeypatch.setattr(Door, "accepts", lambda _self, _secret: True)
    door.replace_secret("new")
    assert now[0] >= 35
    assert hook_door.SETTLE > 30


def test_it_gives_up_after_minutes(
    slow_door: tuple[Door, list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    door, now = slow_door
    monkeypatch.setattr(Door, "accepts", lambda _self, _secret: False)
    with pytest.raises(Trouble) as trouble:
        door.replace_secret("new-value")
    assert "new-value" not in trouble.value.message
    assert now[0] < 300


def test_an_empty_secret_is_said(slow_door: tuple[Door, list[float]]) -> None:
    door, _ = slow_door
    door._manager.value = ""
    with pytest.raises(Trouble, match="empty"):
        door.secret()


def test_aws_errors_become_codes(slow_door: tuple[Door, list[float]]) -> None:
    from botocore.exceptions import ClientError

    door, _ = slow_door

    def refuse(**_: str) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "arn"}}, "Put")

    door._manager.put_secret_value = refuse
    with pytest.raises(Transient, match=re.escape("AWS answered AccessDenied")):
        door.replace_secret("new")
