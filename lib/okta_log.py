"""The questions Pushproof asks of Okta's System Log, and how it is read to its end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lib.http import Http, Reply
from lib.okta_parse import items
from lib.times import to_text

# Pushes, and (as a leaver's push) deactivations and the removal that should have caused one.
# Source: the vendor's event-type catalog; the app.office365 types exist in the log only.
PROFILE_PUSH = "application.provision.user.push_profile"
PUSH_TYPES = (
    PROFILE_PUSH,
    "application.provision.user.push",
    "application.provision.user.sync",
    "application.provision.user.reactivate",
    "application.provision.user.deactivate",
    "application.provision.user.deprovision",
    "application.user_membership.remove",
    "app.office365.api.error.push.profile",
    "app.office365.api.error.create.user",
    "app.office365.api.error.sync.user",
    "app.office365.api.error.reactivate.user",
    "app.office365.api.error.deactivate.user",
)
PROFILE_CHANGE = "user.account.update_profile"
PATH = "/api/v1/logs"
PAGE_SIZE = 1000


def push_filter(app_id: str, user_id: str) -> str:
    types = " or ".join(f"eventType eq {_quoted(name)}" for name in PUSH_TYPES)
    return f"({types}) and target.id eq {_quoted(user_id)} and target.id eq {_quoted(app_id)}"


def app_push_filter(app_id: str) -> str:
    """Profile pushes of anybody assigned to an app."""
    return f'eventType eq "{PROFILE_PUSH}" and target.id eq {_quoted(app_id)}'


def change_filter(user_id: str) -> str:
    return f"eventType eq {_quoted(PROFILE_CHANGE)} and target.id eq {_quoted(user_id)}"


def poll(http: Http, since: datetime, expression: str) -> Iterator[tuple[Reply, list[object]]]:
    """Pages in polling mode: no `until`, ascending, which is the only mode that leaves nothing
    out. Its next link never ends, so an empty page is the end.
    """
    params = {
        "since": to_text(since),
        "sortOrder": "ASCENDING",
        "limit": str(PAGE_SIZE),
        "filter": expression,
    }
    reply = http.request("GET", PATH, params=params)
    while True:
        found = list(items(reply.body))
        yield reply, found
        if not found or reply.next_link is None:
            return
        reply = http.request("GET", reply.next_link)


def latest(http: Http, since: datetime, expression: str) -> list[object]:
    """The newest hundred entries by `published`, in one request of a scarce bucket (60 a
    minute); an entry that Okta persists late is not seen yet.
    """
    params = {
        "since": to_text(since),
        "sortOrder": "DESCENDING",
        "limit": "100",
        "filter": expression,
    }
    return list(items(http.request("GET", PATH, params=params).body))


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
