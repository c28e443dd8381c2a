"""The Okta client: which calls it makes, what it makes of the answers, and of their absence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from lib.errors import NotFound, Permanent, Refused, Transient, Unavailable
from lib.model import OktaReading, Subject
from lib.okta import Okta
from sandbox.okta.scim_filter import parse_filter
from tests.unit.fakes_http import Answer, FakeVendor, Sent, http_of

NOW = datetime(2025, 1, 1, tzinfo=UTC)
EPOCH = int(NOW.timestamp())
APP, OTHER = "0oaAPP", "0oaOTHER"
SUBJECT = Subject(APP, "00uUSER")
USER = {
    "id": "00uUSER",
    "status": "ACTIVE",
    "type": {"id": "oty1"},
    "profile": {"login": "ordinary.user@corp.example", "mobilePhone": "+15550100"},
}
APP_USER: dict[str, object] = {
    "id": "00uUSER",
    "externalId": "abc",
    "status": "PROVISIONED",
    "lastUpdated": "2025-01-01T10:00:00.000Z",
    "credentials": {"userName": "ordinary.user@corp.example"},
    "profile": {"mobilePhone": "+15550100"},
}
EXPANDED = APP_USER | {"_embedded": {"user": USER}}


def absent(identifier: str, kind: str) -> Answer:
    summary = f"Not found: Resource not found: {identifier} ({kind})"
    return Answer(404, json={"errorCode": "E0000007", "errorSummary": summary, "errorCauses": []})


def org(routes: dict[str, Answer | Callable[[Sent], Answer]]) -> tuple[Okta, FakeVendor]:
    def handle(sent: Sent) -> Answer:
        found = routes[f"{sent.method} {sent.path}"]
        return found if isinstance(found, Answer) else found(sent)

    vendor = FakeVendor(handle)
    return Okta(http_of(vendor, base="https://corp.example")), vendor


def test_an_assigned_subject_is_one_call() -> None:
    okta, vendor = org({f"GET /api/v1/apps/{APP}/users/00uUSER": Answer(json=EXPANDED)})
    reading = okta.read_subject(SUBJECT, [APP, OTHER])
    assert reading.taken_at == NOW
    assert reading.app_user is not None
    assert reading.user is not None
    assert reading.user.profile["mobilePhone"] == "+15550100"
    assert not reading.assigned_elsewhere
    assert vendor.sent[0].query == {"expand": "user"}
    assert len(vendor.sent) == 1


def test_a_user_that_was_not_expanded_is_read() -> None:
    okta, vendor = org(
        {
            f"GET /api/v1/apps/{APP}/users/00uUSER": Answer(json=APP_USER | {"_embedded": None}),
            "GET /api/v1/users/00uUSER": Answer(json=USER),
        }
    )
    reading = okta.read_subject(SUBJECT)
    assert reading.user is not None
    assert len(vendor.sent) == 2


@pytest.mark.parametrize("elsewhere", [True, False])
def test_an_unassigned_subject_is_looked_for_in_the_other_apps(elsewhere: bool) -> None:
    okta, vendor = org(
        {
            f"GET /api/v1/apps/{APP}/users/00uUSER": absent("00uUSER", "AppUser"),
            f"GET /api/v1/apps/{OTHER}/users/00uUSER": Answer(json=APP_USER)
            if elsewhere
            else absent("00uUSER", "AppUser"),
            "GET /api/v1/users/00uUSER": Answer(json=USER),
        }
    )
    reading = okta.read_subject(SUBJECT, [APP, OTHER])
    assert reading.app_user is None
    assert reading.user is not None
    assert reading.assigned_elsewhere is elsewhere
    assert reading.taken_at == NOW
    assert len(vendor.sent) == 3


def test_a_deleted_user_is_nowhere() -> None:
    okta, vendor = org(
        {
            f"GET /api/v1/apps/{APP}/users/00uUSER": absent("00uUSER", "User"),
            "GET /api/v1/users/00uUSER": absent("00uUSER", "User"),
        }
    )
    reading = okta.read_subject(SUBJECT, [OTHER])
    assert (reading.app_user, reading.user, reading.assigned_elsewhere) == (None, None, False)
    assert len(vendor.sent) == 2


def test_a_deactivated_user_is_not_looked_for_elsewhere() -> None:
    okta, vendor = org(
        {
            f"GET /api/v1/apps/{APP}/users/00uUSER": absent("00uUSER", "AppUser"),
            "GET /api/v1/users/00uUSER": Answer(json=USER | {"status": "DEPROVISIONED"}),
        }
    )
    assert not okta.read_subject(SUBJECT, [OTHER]).assigned_elsewhere
    assert len(vendor.sent) == 2


@pytest.mark.parametrize("kind", [(APP, "AppInstance"), ("x", "AppInstance"), (APP, "App")])
def test_an_unknown_app_does_not_make_a_leaver(kind: tuple[str, str]) -> None:
    okta, _ = org({f"GET /api/v1/apps/{APP}/users/00uUSER": absent(*kind)})
    with pytest.raises(NotFound, match="knows no app"):
        okta.read_subject(SUBJECT)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404),
        Answer(404, raw=b"<html>nobody here</html>"),
        Answer(404, json={"errorCode": "E0000008"}),
        Answer(404, json={"error": {"code": "not_found"}}),
    ],
)
def test_a_404_that_okta_did_not_give_does_not_make_a_leaver(answer: Answer) -> None:
    okta, _ = org({f"GET /api/v1/apps/{APP}/users/00uUSER": answer})
    with pytest.raises(Transient):
        okta.read_subject(SUBJECT)
    okta, _ = org(
        {
            f"GET /api/v1/apps/{APP}/users/00uUSER": absent("00uUSER", "AppUser"),
            "GET /api/v1/users/00uUSER": answer,
        }
    )
    with pytest.raises(Transient):
        okta.read_subject(SUBJECT)


@pytest.mark.parametrize("status", [200, 404])
def test_a_reading_needs_oktas_own_time(status: int) -> None:
    answer = Answer(json=EXPANDED) if status == 200 else absent("00uUSER", "AppUser")
    answer.date = None
    okta, _ = org({f"GET /api/v1/apps/{APP}/users/00uUSER": answer})
    with pytest.raises(Transient, match="without a Date header"):
        okta.read_subject(SUBJECT)


def test_many_subjects_are_read_once_each_and_fail_alone() -> None:
    def one(sent: Sent) -> Answer:
        match sent.path.rpartition("/")[2]:
            case "00uFORBIDDEN":
                return Answer(403, json={"errorCode": "E0000006"})
            case "00uDOWN":
                return Answer(500)
            case "00uODD":
                return Answer(json=EXPANDED | {"status": None})
        return Answer(json=EXPANDED)

    vendor = FakeVendor(one)
    okta = Okta(http_of(vendor))
    names = ["00uUSER", "00uFORBIDDEN", "00uDOWN", "00uODD", "00uUSER"]
    found = okta.read_subjects([Subject(APP, name) for name in names], [APP])
    kinds = {subject.user_id: type(answer) for subject, answer in found.items()}
    assert kinds == {
        "00uUSER": OktaReading,
        "00uFORBIDDEN": Refused,
        "00uDOWN": Unavailable,
        "00uODD": Permanent,
    }
    assert len(vendor.sent) == 4


def test_no_subjects_are_no_calls() -> None:
    okta, vendor = org({})
    assert okta.read_subjects([], [APP]) == {}
    assert not vendor.sent


def test_reading_stays_inside_the_announced_limit() -> None:
    left = iter(range(49, -1, -1))

    def one(_: Sent) -> Answer:
        remaining = next(left)
        headers = {
            "X-Rate-Limit-Limit": "50",
            "X-Rate-Limit-Remaining": str(remaining),
            "X-Rate-Limit-Reset": str(EPOCH + 33),
        }
        return Answer(json=EXPANDED, headers=headers)

    vendor = FakeVendor(one)
    subjects = [Subject(APP, f"00u{number}") for number in range(60)]
    found = Okta(http_of(vendor)).read_subjects(subjects, [APP])
    read = [answer for answer in found.values() if isinstance(answer, OktaReading)]
    waiting = [answer for answer in found.values() if isinstance(answer, Transient)]
    assert len(vendor.sent) == len(read) == 45
    assert len(waiting) == 15
    assert all(answer.retry_after and 30 < answer.retry_after <= 33 for answer in waiting)


def test_configuration() -> None:
    def mapping(source: tuple[str, str], target: tuple[str, str]) -> Answer:
        return Answer(
            json={
                "source": {"id": source[0], "type": source[1]},
                "target": {"id": target[0], "type": target[1]},
                "properties": {"phone": {"expression": "user.mobilePhone", "pushStatus": "PUSH"}},
            }
        )

    okta, vendor = org(
        {
            f"GET /api/v1/apps/{APP}": Answer(json={"features": ["PUSH_PROFILE_UPDATES"]}),
            f"GET /api/v1/meta/schemas/apps/{APP}/default": Answer(
                json={
                    "definitions": {
                        "custom": {"properties": {"phone": {"externalName": "mobilePhone"}}}
                    }
                }
            ),
            "GET /api/v1/mappings": lambda sent: (
                Answer(json=[{"id": "prm2"}])
                if "after" in sent.query
                else Answer(
                    json=[{"id": "prm1"}, {"odd": 1}],
                    headers=[
                        ("Link", '<https://corp.example/api/v1/mappings>; rel="self"'),
                        ("Link", '<https://corp.example/api/v1/mappings?after=1>; rel="next"'),
                    ],
                )
            ),
            "GET /api/v1/mappings/prm1": mapping(("oty1", "user"), (APP, "appuser")),
            "GET /api/v1/mappings/prm2": mapping((APP, "appuser"), ("oty1", "user")),
        }
    )
    found = okta.configuration(APP)
    assert found.features == {"PUSH_PROFILE_UPDATES"}
    assert found.schema_attributes == {"phone": "mobilePhone"}
    assert found.mappings["oty1"]["phone"].expression == "user.mobilePhone"
    assert list(found.mappings) == ["oty1"]
    assert found.read_at == NOW
    first = next(sent for sent in vendor.sent if sent.path == "/api/v1/mappings")
    assert first.query == {"targetId": APP, "limit": "200"}


def event(number: int, **instead: object) -> dict[str, object]:
    return {
        "uuid": f"u-{number}",
        "published": f"2025-01-01T00:00:{number:02d}.000Z",
        "eventType": "application.provision.user.push_profile",
        "outcome": {"result": "SUCCESS"},
        "actor": {"id": "00uACTOR", "alternateId": "admin@corp.example"},
    } | instead


def log_of(*pages: Sequence[object]) -> tuple[Okta, FakeVendor]:
    """Polling mode: there is always a next link, also on an empty page."""

    def page(sent: Sent) -> Answer:
        number = int(sent.query.get("after", "0"))
        body = pages[number] if number < len(pages) else []
        link = f'<https://corp.example/api/v1/logs?after={number + 1}>; rel="next"'
        return Answer(json=body, headers=[("Link", link)])

    return org({"GET /api/v1/logs": page})


def test_the_push_log_is_read_in_polling_mode_to_an_empty_page() -> None:
    okta, vendor = log_of([event(1), event(2)], [event(3)])
    log = okta.push_log(SUBJECT, NOW)
    assert [each.uuid for each in log.events] == ["u-1", "u-2", "u-3"]
    assert log.complete
    assert log.taken_at == NOW
    first = vendor.sent[0].query
    assert first["since"] == "2025-01-01T00:00:00.000Z"
    assert first["sortOrder"] == "ASCENDING"
    assert "until" not in first
    assert f'target.id eq "{APP}"' in first["filter"]
    assert 'target.id eq "00uUSER"' in first["filter"]
    assert [sent.query.get("after") for sent in vendor.sent] == [None, "1", "2"]


def test_an_empty_push_log_is_complete() -> None:
    okta, vendor = log_of()
    log = okta.push_log(SUBJECT, NOW)
    assert (log.events, log.complete, len(vendor.sent)) == ((), True, 1)


def test_a_push_log_without_end_is_not_complete() -> None:
    okta, vendor = log_of(*[[event(number)] for number in range(9)])
    log = okta.push_log(SUBJECT, NOW, max_pages=3)
    assert len(log.events) == len(vendor.sent) == 3
    assert not log.complete


def test_a_push_log_with_an_entry_nobody_understands_is_not_complete() -> None:
    okta, _ = log_of([event(1), event(2, published=None), "rubbish"])
    log = okta.push_log(SUBJECT, NOW)
    assert len(log.events) == 1
    assert not log.complete


def test_a_next_link_to_another_origin_is_not_followed() -> None:
    link = '<https://evil.example/api/v1/logs?after=1>; rel="next"'
    okta, vendor = org({"GET /api/v1/logs": Answer(json=[event(1)], headers=[("Link", link)])})
    with pytest.raises(Permanent, match="another origin"):
        okta.push_log(SUBJECT, NOW)
    assert len(vendor.sent) == 1


def test_the_last_profile_change() -> None:
    okta, vendor = org({"GET /api/v1/logs": Answer(json=[event(5)])})
    (change,) = okta.profile_changes("00uUSER", NOW, (APP,))
    assert change.actor_id == "00uACTOR"
    assert vendor.sent[0].query["sortOrder"] == "DESCENDING"
    assert "user.account.update_profile" in vendor.sent[0].query["filter"]
    okta, _ = org({"GET /api/v1/logs": Answer(json=[])})
    assert okta.profile_changes("00uUSER", NOW, (APP,)) == ()


CHANGES = [
    ("user.account.update_profile", "00uUSER", None, True),
    ("user.lifecycle.deactivate", "00uUSER", None, True),
    ("user.lifecycle.suspend", "00uUSER", None, True),
    ("application.user_membership.remove", "00uUSER", APP, True),
    ("application.user_membership.update", "00uUSER", "0oaOTHER", True),
    # Near misses: somebody else, another app, and what changes nothing we expect.
    ("user.lifecycle.deactivate", "00uELSE", None, False),
    ("application.user_membership.remove", "00uELSE", APP, False),
    ("application.user_membership.remove", "00uUSER", "0oaUNWATCHED", False),
    ("application.user_membership.change_password", "00uUSER", APP, False),
    ("application.provision.user.push_profile", "00uUSER", APP, False),
    ("user.session.start", "00uUSER", None, False),
]


@pytest.mark.parametrize(("kind", "user", "app", "asked"), CHANGES)
def test_which_changes_are_asked_for_in_one_request(
    kind: str, user: str, app: str | None, asked: bool
) -> None:
    okta, vendor = org({"GET /api/v1/logs": Answer(json=[])})
    okta.profile_changes("00uUSER", NOW, (APP, "0oaOTHER"))
    (sent,) = vendor.sent
    targets = [{"id": each} for each in (user, app) if each]
    matches = parse_filter(sent.query["filter"])
    assert matches({"eventType": kind, "target": targets}) is asked


@pytest.mark.parametrize("kind", ["SystemPrincipal", "PublicClientApp"])
def test_what_is_no_person_has_an_id_and_no_login(kind: str) -> None:
    actor = {"id": "sysokta", "type": kind, "alternateId": "system@okta.com"}
    okta, _ = org({"GET /api/v1/logs": Answer(json=[event(5, actor=actor)])})
    (change,) = okta.profile_changes("00uUSER", NOW, (APP,))
    assert (change.actor_id, change.actor_login) == ("sysokta", None)


@pytest.mark.parametrize("kind", [{}, {"type": "User"}])
def test_whoever_may_be_a_person_has_a_login(kind: dict[str, str]) -> None:
    actor = {"id": "00uA", "alternateId": "a.person@corp.example", **kind}
    okta, _ = org({"GET /api/v1/logs": Answer(json=[event(5, actor=actor)])})
    (change,) = okta.profile_changes("00uUSER", NOW, (APP,))
    assert change.actor_login == "a.person@corp.example"


def test_when_the_app_last_pushed_anybody() -> None:
    """Only completed, with success, and after the moment that is asked about."""
    failed = {"result": "FAILURE", "reason": "AADSTS50076"}
    begun = "app.user_management.push_profile_update"
    entries = [
        event(50, legacyEventType=begun),
        event(40, outcome=failed),
        event(30),
        event(20),
        event(10, published="2024-12-31T23:59:55.000Z"),
    ]
    okta, vendor = org({"GET /api/v1/logs": Answer(json=entries)})
    assert okta.pushed_since(APP, NOW) == NOW + timedelta(seconds=30)
    (sent,) = vendor.sent
    assert f'target.id eq "{APP}"' in sent.query["filter"]
    okta, _ = org({"GET /api/v1/logs": Answer(json=[entries[0], entries[1], entries[4]])})
    assert okta.pushed_since(APP, NOW) is None


def test_a_filter_value_cannot_leave_its_quotes() -> None:
    okta, vendor = org({"GET /api/v1/logs": Answer(json=[])})
    okta.profile_changes('x" or actor.id pr', NOW, (APP,))
    assert r'target.id eq "x\" or actor.id pr"' in vendor.sent[0].query["filter"]


def test_a_touch() -> None:
    path = f"POST /api/v1/apps/{APP}/users/00uUSER"
    okta, vendor = org({path: Answer(json=APP_USER, headers={"X-Okta-Request-Id": "req-1"})})
    receipt = okta.touch(SUBJECT, "department", "incident-1")
    assert (receipt.at, receipt.status, receipt.request_id) == (NOW, 200, "req-1")
    assert vendor.sent[0].body == {"profile": {"department": "incident-1"}}


def test_a_touch_that_okta_took_is_a_receipt_even_without_a_date() -> None:
    okta, _ = org({f"POST /api/v1/apps/{APP}/users/00uUSER": Answer(json=APP_USER, date=None)})
    assert okta.touch(SUBJECT, "department", "x").at.tzinfo is not None


def test_a_touch_of_a_mapped_attribute_is_refused() -> None:
    body = {"errorCode": "E0000075", "errorSummary": "Cannot modify the department attribute"}
    okta, vendor = org({f"POST /api/v1/apps/{APP}/users/00uUSER": Answer(403, json=body)})
    with pytest.raises(Refused) as caught:
        okta.touch(SUBJECT, "department", "x")
    assert caught.value.code == "E0000075"
    assert len(vendor.sent) == 1


def test_a_touch_of_nothing_is_not_sent() -> None:
    okta, vendor = org({})
    with pytest.raises(Permanent):
        okta.touch(SUBJECT, "", "x")
    assert not vendor.sent


def app_users(*pairs: tuple[str | None, str | None]) -> Answer:
    return Answer(json=[{"id": key, "credentials": {"userName": name}} for key, name in pairs])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (app_users(("00u1", "Ordinary.User@corp.example"), ("00u2", "x")), "00u1"),
        (app_users(("00u1", "ordinary.user@corp.example.old")), None),
        (
            app_users(
                ("00u1", "ordinary.user@corp.example"), ("00u2", "ordinary.user@corp.example")
            ),
            None,
        ),
        (app_users((None, "ordinary.user@corp.example"), ("00u3", None)), None),
        (Answer(json=[{"id": "00u1", "credentials": None}, None]), None),
        (Answer(json=[]), None),
    ],
)
def test_a_subject_is_found_by_its_whole_app_username(answer: Answer, expected: str | None) -> None:
    okta, vendor = org({f"GET /api/v1/apps/{APP}/users": answer})
    found = okta.find_subject(APP, "ordinary.user@corp.example")
    assert found == (Subject(APP, expected) if expected else None)
    assert vendor.sent[0].query["q"] == "ordinary.user@corp.example"


def test_identifiers_cannot_climb_out_of_their_path() -> None:
    okta, vendor = org({})
    with pytest.raises(Permanent):
        okta.read_subject(Subject("..", "00uUSER"))
    assert not vendor.sent


def test_the_client_shows_no_secret() -> None:
    okta, _ = org({})
    assert "token-1" not in repr(okta) + repr(okta._http)


def test_lib_okta_loads_no_msal_and_the_model_loads_no_requests() -> None:
    for module, unwanted in (
        ("lib.okta", "msal"),
        ("lib.graph", "msal"),
        ("lib.model", "requests"),
        ("lib.errors", "requests"),
        ("lib.okta_parse", "requests"),
        ("lib.graph_parse", "requests"),
        ("lib.http_answers", "requests"),
    ):
        code = f"import sys, {module}; sys.exit({unwanted!r} in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0, module


def test_a_page_of_app_users_holds_their_users_and_the_way_on() -> None:
    path = f"/api/v1/apps/{APP}/users"
    link = f'<https://corp.example{path}?after=x&limit=500&expand=user>; rel="next"'
    broken = {"id": "00uBROKEN", "_embedded": {"user": USER}}
    alone = APP_USER | {"id": "00uALONE"}
    first = Answer(json=[EXPANDED, broken, alone, {}], headers={"Link": link})

    def page(sent: Sent) -> Answer:
        return Answer(json=[]) if "after" in sent.query else first

    okta, vendor = org({f"GET {path}": page})
    found = okta.app_user_page(APP)
    assert vendor.sent[0].query == {"limit": "500", "expand": "user"}
    assert found.taken_at == NOW
    assert [reading.subject for reading in found.readings] == [SUBJECT]
    assert found.readings[0].user is not None
    # One entry that can not be read does not spoil the other 499.
    assert found.unreadable == ("00uBROKEN", "00uALONE", "")
    rest = okta.app_user_page(APP, found.next)
    assert vendor.sent[1].query == {"after": "x", "limit": "500", "expand": "user"}
    assert (rest.readings, rest.next) == ((), "")


def test_a_page_link_to_somewhere_else_is_not_followed() -> None:
    okta, vendor = org({})
    with pytest.raises(Permanent):
        okta.app_user_page(APP, "https://elsewhere.example/api/v1/apps/x/users")
    assert vendor.sent == []


def test_the_rate_seen_is_told_less_what_is_left_to_others() -> None:
    headers = {
        "X-Rate-Limit-Limit": "100",
        "X-Rate-Limit-Remaining": "99",
        "X-Rate-Limit-Reset": str(EPOCH + 60),
    }
    okta, _ = org({f"GET /api/v1/apps/{APP}/users": Answer(json=[], headers=headers)})
    assert okta.calls_a_minute() is None
    okta.app_user_page(APP)
    assert okta.calls_a_minute() == 90
