"""The questions Pushproof asks of Okta's System Log, and how it is read to its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import parse_qs, urljoin, urlsplit

from lib.errors import Permanent, Transient
from lib.http import Http, Reply
from lib.log_page import LogPage
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
# Who decided what Okta means: the profile and the state of the user, and the assignment.
USER_CHANGES = (
    "user.account.update_profile",
    "user.lifecycle.create",
    "user.lifecycle.activate",
    "user.lifecycle.deactivate",
    "user.lifecycle.reactivate",
    "user.lifecycle.suspend",
    "user.lifecycle.unsuspend",
    "user.lifecycle.delete.initiated",
)
ASSIGNMENT_CHANGES = (
    "application.user_membership.add",
    "application.user_membership.remove",
    "application.user_membership.update",
    "application.user_membership.change_username",
    "application.user_membership.provision",
    "application.user_membership.deprovision",
    "application.user_membership.approve",
    "application.user_membership.revoke",
    "application.user_membership.restore",
)
PATH = "/api/v1/logs"
PAGE_SIZE = 1000


def push_filter(app_id: str, user_id: str) -> str:
    types = _any("eventType", PUSH_TYPES)
    return f"{types} and target.id eq {_quoted(user_id)} and target.id eq {_quoted(app_id)}"


def app_push_filter(app_id: str) -> str:
    """Profile pushes of anybody assigned to an app."""
    return f'eventType eq "{PROFILE_PUSH}" and target.id eq {_quoted(app_id)}'


def change_filter(user_id: str, app_ids: Sequence[str]) -> str:
    """Changes of the user, and of the assignments to these apps: a leaver's end of many others
    would leave no room for them among the newest.
    """
    kinds = _any("eventType", USER_CHANGES)
    if app_ids:
        of_app = f"{_any('eventType', ASSIGNMENT_CHANGES)} and {_any('target.id', app_ids)}"
        kinds = f"({kinds} or ({of_app}))"
    return f"{kinds} and target.id eq {_quoted(user_id)}"


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


class SystemLog:
    """The log page by page, so that the position between two pages can be kept.

    `org` is the organisation's own address. Raises what lib/http.py raises, and Permanent for a
    next link that leads anywhere else.
    """

    def __init__(self, http: Http, org: str) -> None:
        self._http, self._org = http, org

    def now(self) -> datetime:
        """Okta's time, of the cheapest request that there is. Raises Transient."""
        return self._http.request("GET", PATH, params={"limit": "1"}).date

    def since(self, since: datetime, expression: str) -> LogPage:
        """The first page of a polling query: `since` bounds when entries were persisted."""
        return self._first({"since": to_text(since)}, expression)

    def between(self, since: datetime, until: datetime, expression: str) -> LogPage:
        """The first page of a bounded query, by `published`. An entry that is persisted late may
        be missing from it, and its last page has no link.
        """
        return self._first({"since": to_text(since), "until": to_text(until)}, expression)

    def follow(self, link: str) -> LogPage:
        """`link` of an earlier page. Refused (400) when Okta no longer knows the position."""
        return self._page(self._http.request("GET", own_link(self._org, link)))

    def _first(self, bounds: dict[str, str], expression: str) -> LogPage:
        more = {"sortOrder": "ASCENDING", "limit": str(PAGE_SIZE), "filter": expression}
        return self._page(self._http.request("GET", PATH, params=bounds | more))

    def _page(self, reply: Reply) -> LogPage:
        if not isinstance(reply.body, list):
            # An empty page moves the position on; what is no page must not.
            raise Transient("Okta's answer is no list of log entries")
        link = reply.next_link
        kept = own_link(self._org, link) if link is not None else None
        return LogPage(tuple(reply.body), reply.date, kept)


def own_link(org: str, link: str) -> str:
    """Path and query of a next link. Permanent unless it is the log of this very organisation.

    What is kept is no address, so that whoever could alter it can not send our credentials away.
    """
    try:
        home, target = urlsplit(org), urlsplit(urljoin(org + "/", link))
        same = (home.scheme, home.hostname, home.port or 443) == (
            *(target.scheme, target.hostname),
            target.port or 443,
        )
    except ValueError:
        same = False
    plain = same and target.path == PATH and not target.fragment and target.username is None
    if not plain or "after" not in parse_qs(target.query):
        raise Permanent("Okta's next link does not lead to the log of this organisation")
    return f"{PATH}?{target.query}"


def _any(path: str, values: Sequence[str]) -> str:
    return "(" + " or ".join(f"{path} eq {_quoted(value)}" for value in values) + ")"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
