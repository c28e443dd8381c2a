"""Okta's management API: what it says of a subject, how its app is configured, and the touch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from lib import okta_log
from lib.errors import NotFound, Permanent, Refused, Transient
from lib.http import Http, Reply, segment
from lib.http_answers import vendor_error
from lib.model import (
    AppConfiguration,
    AppUser,
    AppUserPage,
    MappingRule,
    OktaReading,
    OktaUser,
    ProfileChange,
    PushEvent,
    PushLog,
    Receipt,
    Subject,
)
from lib.okta_parse import (
    app_user,
    embedded_user,
    features,
    items,
    mapping,
    mapping_of,
    profile_change,
    push_event,
    schema_attributes,
    text,
    user,
)
from lib.rate import Budget

WORKERS = 8
# After so many reads without an answer the rest of a batch waits: each may take a timeout of
# 10 s, and the function has 60.
UNANSWERED = 3
# One mapping each way per user type: an organisation has a handful.
MAX_MAPPING_PAGES = 5
# Okta's word for "the resource does not exist"; any other 404 is somebody else's.
_NOT_FOUND = "E0000007"


class Okta:
    """One organisation. `http` carries its address and credentials.

    Every call passes a Budget, so all methods also raise NotDone when Okta's announced rate
    limit is used up to the part that is left to others.
    """

    def __init__(self, http: Http, budget: Budget | None = None) -> None:
        self._budget = budget or Budget()
        self._http = http.behind(self._budget)

    def read_subject(self, subject: Subject, other_apps: Sequence[str] = ()) -> OktaReading:
        """One AppUser with its user, in one call when it is assigned.

        NotFound when the app itself is unknown: that must not make a leaver of everybody.
        """
        reply = self._app_user(subject.app_id, subject.user_id, expand=True)
        taken_at = reply.date
        if reply.status != 404:
            found = app_user(reply.body, subject)
            owner = embedded_user(reply.body) or self._user(subject.user_id)
            return OktaReading(subject, taken_at, found, owner)
        owner = self._user(subject.user_id)
        elsewhere = owner is not None and owner.status != "DEPROVISIONED"
        return OktaReading(
            subject,
            taken_at,
            None,
            owner,
            assigned_elsewhere=elsewhere
            and any(
                self._app_user(app_id, subject.user_id).status != 404
                for app_id in other_apps
                if app_id != subject.app_id
            ),
        )

    def read_subjects(
        self, subjects: Sequence[Subject], watched_apps: Sequence[str]
    ) -> dict[Subject, OktaReading | Transient | Permanent | Refused]:
        """Side by side, each subject once; a failure is that subject's answer."""

        unanswered: list[Transient] = []

        def read(subject: Subject) -> OktaReading | Transient | Permanent | Refused:
            if len(unanswered) >= UNANSWERED:
                return unanswered[-1]
            try:
                return self.read_subject(subject, watched_apps)
            except (Transient, Permanent, Refused) as error:
                if isinstance(error, Transient) and error.retry_after is None:
                    unanswered.append(error)
                return error

        distinct = list(dict.fromkeys(subjects))
        if len(distinct) < 2:
            return {subject: read(subject) for subject in distinct}
        with ThreadPoolExecutor(min(WORKERS, len(distinct))) as pool:
            return dict(zip(distinct, pool.map(read, distinct), strict=True))

    def configuration(self, app_id: str) -> AppConfiguration:
        """Features, schema and mappings; 3 calls and one for each user type."""
        app = self._http.request("GET", f"/api/v1/apps/{segment(app_id)}")
        schema = self._http.request("GET", f"/api/v1/meta/schemas/apps/{segment(app_id)}/default")
        return AppConfiguration(
            app_id=app_id,
            features=features(app.body),
            schema_attributes=schema_attributes(schema.body),
            mappings=self._mappings(app_id),
            read_at=app.date,
        )

    def push_log(self, subject: Subject, since: datetime, *, max_pages: int = 5) -> PushLog:
        """Pushes and deactivations of one subject since `since` (at most 90 days are kept).

        `complete` only when the log was read to its end and every entry was understood.
        """
        events: list[PushEvent] = []
        complete = True
        expression = okta_log.push_filter(subject.app_id, subject.user_id)
        for number, (reply, entries) in enumerate(
            okta_log.poll(self._http, since, expression), start=1
        ):
            taken_at = reply.date
            parsed = [push_event(entry) for entry in entries]
            complete = complete and None not in parsed
            events += [event for event in parsed if event is not None]
            if number == max_pages and entries:
                complete = False
                break
        return PushLog(tuple(events), since, taken_at, complete)

    def profile_changes(
        self, user_id: str, since: datetime, app_ids: Sequence[str]
    ) -> tuple[ProfileChange, ...]:
        """The newest changes of the user and of the assignments to these apps that name an actor,
        newest first.
        """
        entries = okta_log.latest(self._http, since, okta_log.change_filter(user_id, app_ids))
        found = [profile_change(entry) for entry in entries]
        return tuple(change for change in found if change is not None)

    def pushed_since(self, app_id: str, since: datetime) -> datetime | None:
        """When the app last pushed anybody's profile with success after `since`, if it did."""
        entries = okta_log.latest(self._http, since, okta_log.app_push_filter(app_id))
        found = [push_event(entry) for entry in entries]
        done = [e.published for e in found if e and not e.started and e.result == "SUCCESS"]
        return max((at for at in done if at > since), default=None)

    def touch(self, subject: Subject, attribute: str, value: str) -> Receipt:
        """Sets one AppUser attribute, so that Okta detects a change and pushes the profile.

        Refused with E0000075 when the attribute is mapped. Never repeated inside.
        """
        if not attribute:
            raise Permanent("no touch attribute is configured")
        path = f"/api/v1/apps/{segment(subject.app_id)}/users/{segment(subject.user_id)}"
        reply = self._http.request("POST", path, json={"profile": {attribute: value}})
        # Okta took the write; a missing Date header must not make it look undone.
        at = reply.date if "date" in reply.headers else reply.received_at
        return Receipt(at, reply.status, reply.headers.get("x-okta-request-id"))

    def app_users(self, app_id: str) -> Iterator[AppUser]:
        """Everybody assigned to an app, 500 a page (Okta's most); entries are read strictly."""
        path = f"/api/v1/apps/{segment(app_id)}/users"
        reply = self._http.request("GET", path, params={"limit": "500"})
        while True:
            for entry in items(reply.body):
                user_id = text(mapping(entry), "id")
                if user_id is None:
                    raise Permanent("an AppUser without an id")
                yield app_user(entry, Subject(app_id, user_id))
            if reply.next_link is None:
                return
            reply = self._http.request("GET", reply.next_link)

    def app_user_page(self, app_id: str, link: str = "") -> AppUserPage:
        """One page of 500 (Okta's most) with the Okta users beside, or the one `link` leads to.

        An entry that can not be read does not spoil its page. NotFound when the app is unknown.
        """
        if link:
            reply = self._http.request("GET", link)
        else:
            params = {"limit": "500", "expand": "user"}
            path = f"/api/v1/apps/{segment(app_id)}/users"
            reply = self._http.request("GET", path, params=params)
        readings: list[OktaReading] = []
        unreadable: list[str] = []
        for entry in items(reply.body):
            user_id = text(mapping(entry), "id")
            if user_id is None:
                unreadable.append("")
                continue
            subject = Subject(app_id, user_id)
            try:
                found, owner = app_user(entry, subject), embedded_user(entry)
            except Permanent:
                owner = None
            if owner is None:
                # Without the user beside it nothing is expected of an AppUser.
                unreadable.append(user_id)
            else:
                readings.append(OktaReading(subject, reply.date, found, owner))
        return AppUserPage(reply.date, tuple(readings), tuple(unreadable), reply.next_link or "")

    def calls_a_minute(self) -> float | None:
        """Calls below /api/v1/apps that Okta's last limit leaves to us; None: not known yet."""
        return self._budget.a_minute("apps")

    def find_subject(self, app_id: str, app_user_name: str) -> Subject | None:
        """The subject whose app username this is (letter case aside), None unless just one."""
        wanted = app_user_name.casefold()
        params = {"q": app_user_name, "limit": "500"}
        reply = self._http.request("GET", f"/api/v1/apps/{segment(app_id)}/users", params=params)
        names = {
            text(mapping(entry), "id"): text(mapping(mapping(entry).get("credentials")), "userName")
            for entry in items(reply.body)
        }
        # `q` matches beginnings, of first and last names too; only the whole name counts.
        found = [key for key, name in names.items() if key and (name or "").casefold() == wanted]
        return Subject(app_id, found[0]) if len(found) == 1 else None

    def _app_user(self, app_id: str, user_id: str, *, expand: bool = False) -> Reply:
        """200, or the 404 that says: not assigned."""
        reply = self._http.request(
            "GET",
            f"/api/v1/apps/{segment(app_id)}/users/{segment(user_id)}",
            params={"expand": "user"} if expand else None,
            accept=(404,),
        )
        if reply.status == 404:
            said = _absence(reply)
            if app_id in said or "(AppInstance)" in said:
                raise NotFound(f"Okta knows no app {app_id}")
        return reply

    def _user(self, user_id: str) -> OktaUser | None:
        reply = self._http.request("GET", f"/api/v1/users/{segment(user_id)}", accept=(404,))
        if reply.status == 404:
            _absence(reply)
            return None
        return user(reply.body)

    def _mappings(self, app_id: str) -> dict[str, dict[str, MappingRule]]:
        """User type id -> rules. The list leaves the properties out, so each is read by itself."""
        reply = self._http.request(
            "GET", "/api/v1/mappings", params={"targetId": app_id, "limit": "200"}
        )
        listed = list(items(reply.body))
        for _ in range(MAX_MAPPING_PAGES):
            if reply.next_link is None:
                break
            reply = self._http.request("GET", reply.next_link)
            listed += items(reply.body)
        rules = {}
        for entry in listed:
            identifier = text(mapping(entry), "id")
            if identifier is None:
                continue
            one = self._http.request("GET", f"/api/v1/mappings/{segment(identifier)}")
            found = mapping_of(one.body, app_id)
            if found is not None:
                rules[found[0]] = found[1]
        return rules


def _absence(reply: Reply) -> str:
    """Okta's summary of a 404 that Okta itself gave.

    A user reads as a leaver because of it, so a 404 of anything on the way is not believed.
    """
    said = vendor_error(reply)
    if said.code != _NOT_FOUND:
        raise Transient("HTTP 404 that is not Okta's own answer about a resource")
    return said.message
