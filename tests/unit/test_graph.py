"""The Graph client: bulk reads, poisonous keys, throttled parts, and the few writes."""

from __future__ import annotations

import json as json_format
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from lib.errors import NotFound, Permanent, Refused, Transient
from lib.graph import Graph
from lib.graph_batch import literal
from lib.model import Attribute, EntraUser, KeyKind, UserKey
from tests.unit.fakes_http import BASE, Answer, FakeVendor, Sent, http_of

NOW = datetime(2025, 1, 1, tzinfo=UTC)
BATCH = "POST /root/v1.0/$batch"
Part = dict[str, object]


def guid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012x}"


def user(object_id: str, **instead: object) -> dict[str, object]:
    return {
        "id": object_id,
        "userPrincipalName": f"{object_id[-4:]}@corp.example",
        "mobilePhone": "+15550100",
        "otherMails": ["a@corp.example"],
        "accountEnabled": True,
        "onPremisesSyncEnabled": None,
        "onPremisesImmutableId": f"Abc{object_id[-4:]}==",
        "isManagementRestricted": None,
    } | instead


def ids(*numbers: int) -> list[UserKey]:
    return [UserKey(KeyKind.OBJECT_ID, guid(number)) for number in numbers]


def values_of(url: str) -> tuple[str, list[str]]:
    """Property and values of a part's `in` filter, read as Graph would."""
    expression = parse_qs(urlsplit(url).query)["$filter"][0]
    name, _, rest = expression.partition(" in (")
    inner = rest.removesuffix(")").removeprefix("'").removesuffix("'")
    return name, [value.replace("''", "'") for value in inner.split("','")]


def batch_of(
    part: Callable[[str], Part | None], log: list[list[str]] | None = None
) -> Callable[[Sent], Answer]:
    """A $batch endpoint answering each part by `part(url)`, in reverse order."""

    def handle(sent: Sent) -> Answer:
        assert f"{sent.method} {sent.path}" == BATCH
        assert isinstance(sent.body, dict)
        requests = sent.body["requests"]
        assert len(requests) <= 20
        if log is not None:
            log.append([each["url"] for each in requests])
        responses = []
        for each in reversed(requests):
            answered = part(each["url"])
            if answered is not None:
                responses.append({"id": each["id"], "headers": {}, **answered})
        return Answer(json={"responses": responses})

    return handle


def tenant_of(known: Mapping[str, Mapping[str, object]]) -> Callable[[str], Part]:
    """Answers `in` filters over `known` (object id -> user), ignoring letter case."""

    def part(url: str) -> Part:
        name, values = values_of(url)
        wanted = {value.casefold() for value in values}
        found = [u for u in known.values() if str(u[name]).casefold() in wanted]
        return {"status": 200, "body": {"value": found}}

    return part


def graph_of(handler: Callable[[Sent], Answer]) -> tuple[Graph, FakeVendor]:
    vendor = FakeVendor(handler)
    return Graph(http_of(vendor)), vendor


def test_twenty_users_are_one_round_trip_and_three_hundred_too() -> None:
    known = {guid(n): user(guid(n)) for n in range(300)}
    for count, trips in ((20, 1), (300, 1), (301, 2)):
        graph, vendor = graph_of(batch_of(tenant_of(known)))
        keys = ids(*range(count))
        found = graph.read_users(keys)
        assert list(found) == keys
        assert len(vendor.sent) == trips
        assert isinstance(found[keys[0]], EntraUser)


def test_nothing_to_read_is_no_call() -> None:
    graph, vendor = graph_of(batch_of(tenant_of({})))
    assert graph.read_users([]) == {}
    assert not vendor.sent


def test_a_user_that_is_not_there_is_none() -> None:
    graph, _ = graph_of(batch_of(tenant_of({guid(1): user(guid(1))})))
    found = graph.read_users(ids(1, 2))
    assert isinstance(found[ids(1)[0]], EntraUser)
    assert found[ids(2)[0]] is None


def test_the_fields_that_are_not_returned_by_default_are_selected() -> None:
    log: list[list[str]] = []
    graph, _ = graph_of(batch_of(tenant_of({}), log))
    graph.read_users(ids(1))
    selected = parse_qs(urlsplit(log[0][0]).query)["$select"][0].split(",")
    assert {"otherMails", "accountEnabled", "onPremisesSyncEnabled"} < set(selected)
    assert "isManagementRestricted" in selected


def test_kinds_are_asked_apart_in_the_same_round_trip_and_duplicates_once() -> None:
    known = {guid(n): user(guid(n)) for n in range(5)}
    log: list[list[str]] = []
    graph, _ = graph_of(batch_of(tenant_of(known), log))
    keys = [
        UserKey(KeyKind.USER_PRINCIPAL_NAME, "0001@corp.example"),
        UserKey(KeyKind.IMMUTABLE_ID, "Abc0002=="),
        *ids(3, 3),
    ]
    found = graph.read_users(keys)
    assert len(log) == 1
    assert sorted(values_of(url)[0] for url in log[0]) == sorted(KeyKind)
    assert [u.object_id for u in found.values() if isinstance(u, EntraUser)] == [
        guid(1),
        guid(2),
        guid(3),
    ]


def test_ids_and_names_match_whatever_their_letter_case_immutable_ids_do_not() -> None:
    known = {guid(10): user(guid(10).upper(), userPrincipalName="Some.One@Corp.Example")}
    graph, _ = graph_of(batch_of(tenant_of(known)))
    name = UserKey(KeyKind.USER_PRINCIPAL_NAME, "some.one@corp.example")
    other = UserKey(KeyKind.USER_PRINCIPAL_NAME, "SOME.ONE@CORP.EXAMPLE")
    immutable = UserKey(KeyKind.IMMUTABLE_ID, "aBC000A==")
    found = graph.read_users([*ids(10), name, other, immutable])
    assert isinstance(found[ids(10)[0]], EntraUser)
    assert isinstance(found[name], EntraUser)
    assert found[name] == found[other]
    assert found[immutable] is None


@pytest.mark.parametrize("value", ["o'neil@corp.example", "a&b=c#d?e@x", "ü+/=%41", "','x"])
def test_values_cannot_leave_their_quotes(value: str) -> None:
    urls: list[list[str]] = []
    graph, _ = graph_of(batch_of(tenant_of({}), urls))
    graph.read_users([UserKey(KeyKind.USER_PRINCIPAL_NAME, value)])
    url = urls[0][0]
    assert url.startswith("/users?$filter=userPrincipalName%20in%20('")
    inside = url.partition("in%20(")[2].partition(")&$select=")[0]
    assert unquote(inside) == "'" + value.replace("'", "''") + "'"
    assert not set(inside) & set("&#? +")
    assert literal(value) == inside


def test_a_poisonous_id_hurts_only_itself() -> None:
    known = {guid(n): user(guid(n)) for n in range(40)}
    poison = UserKey(KeyKind.OBJECT_ID, "not-an-id")
    good = tenant_of(known)
    log: list[list[str]] = []

    def part(url: str) -> Part:
        if "not-an-id" in url:
            error = {"code": "Request_BadRequest", "message": "Invalid object identifier"}
            return {"status": 400, "body": {"error": error}}
        return good(url)

    graph, vendor = graph_of(batch_of(part, log))
    keys = [*ids(*range(5)), poison, *ids(*range(5, 40))]
    found = graph.read_users(keys)
    assert len(vendor.sent) == 2
    assert len(log[1]) == 15
    refused = found.pop(poison)
    assert isinstance(refused, Refused)
    assert (refused.status, refused.code) == (400, "Request_BadRequest")
    assert all(isinstance(each, EntraUser) for each in found.values())


def test_a_poisonous_id_alone_is_not_read_again() -> None:
    graph, vendor = graph_of(batch_of(lambda _: {"status": 400, "body": None}))
    assert isinstance(graph.read_users(ids(1))[ids(1)[0]], Refused)
    assert len(vendor.sent) == 1


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry-After": "2.5"}, 2.5),
        (429, {"retry-after": "Wed, 01 Jan 2025 00:00:07 GMT"}, 7.0),
        (429, {}, None),
        (500, {}, None),
        (503, {"Retry-After": "9"}, 9.0),
        (504, {}, None),
        (424, {}, None),
    ],
)
def test_a_part_that_failed_for_now_is_transient_for_its_keys_only(
    status: int, headers: dict[str, str], wait: float | None
) -> None:
    known = {guid(n): user(guid(n)) for n in range(30)}
    good = tenant_of(known)

    def part(url: str) -> Part:
        return {"status": status, "headers": headers} if guid(0) in url else good(url)

    graph, vendor = graph_of(batch_of(part))
    found = graph.read_users(ids(*range(30)))
    assert len(vendor.sent) == 1
    failed = [each for each in found.values() if isinstance(each, Transient)]
    assert len(failed) == 15
    assert failed[0].retry_after == wait
    assert sum(isinstance(each, EntraUser) for each in found.values()) == 15


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_part_that_was_refused_is_refused(status: int) -> None:
    body = {"error": {"code": "Authorization_RequestDenied", "message": "Insufficient"}}
    graph, _ = graph_of(batch_of(lambda _: {"status": status, "body": body}))
    found = graph.read_users(ids(1, 2))
    assert all(isinstance(each, Refused) and each.status == status for each in found.values())


def test_a_part_that_is_left_out_is_transient() -> None:
    graph, _ = graph_of(batch_of(lambda _: None))
    found = graph.read_users(ids(1, 2))
    assert all(isinstance(each, Transient) for each in found.values())


@pytest.mark.parametrize(
    "body",
    [
        None,
        {},
        {"responses": None},
        {"responses": [None, {"id": "1"}, {"id": "1", "status": "200"}]},
        {"responses": [{"id": "1", "status": 200, "body": {"value": None}}]},
        {"responses": [{"id": "1", "status": 200, "body": "PGh0bWw+"}]},
    ],
)
def test_an_odd_batch_answer_is_transient_not_absence(body: object) -> None:
    graph, _ = graph_of(lambda _: Answer(json=body))
    assert isinstance(graph.read_users(ids(1))[ids(1)[0]], Transient)


@pytest.mark.parametrize(
    "name",
    ["mobilePhone", "otherMails", "accountEnabled", "onPremisesSyncEnabled", "userPrincipalName"],
)
def test_a_user_without_a_selected_field_is_transient(name: str) -> None:
    given = user(guid(1))
    del given[name]
    graph, _ = graph_of(
        batch_of(lambda _: {"status": 200, "body": {"value": [given, user(guid(2))]}})
    )
    found = graph.read_users(ids(1, 2))
    broken = found[ids(1)[0]]
    assert isinstance(broken, Transient)
    assert name in str(broken)
    assert isinstance(found[ids(2)[0]], EntraUser)


def test_a_filter_that_is_answered_in_pages_is_read_to_its_end() -> None:
    def handle(sent: Sent) -> Answer:
        if sent.path.endswith("$batch"):
            link = f"{BASE}/v1.0/users?$skiptoken=x"
            body = {"value": [], "@odata.nextLink": link}
            return Answer(json={"responses": [{"id": "1", "status": 200, "body": body}]})
        return Answer(json={"value": [user(guid(1))]})

    graph, vendor = graph_of(handle)
    assert isinstance(graph.read_users(ids(1))[ids(1)[0]], EntraUser)
    assert len(vendor.sent) == 2


def test_a_whole_batch_is_repeated_quickly_because_it_only_reads() -> None:
    good = batch_of(tenant_of({guid(1): user(guid(1))}))
    answers = iter([Answer(503), None])
    graph, vendor = graph_of(lambda sent: next(answers) or good(sent))
    assert isinstance(graph.read_users(ids(1))[ids(1)[0]], EntraUser)
    assert len(vendor.sent) == 2


def test_a_whole_batch_that_is_refused_is_raised() -> None:
    graph, _ = graph_of(lambda _: Answer(403, json={"error": {"code": "x", "message": "y"}}))
    with pytest.raises(Refused):
        graph.read_users(ids(1))


def test_one_user_is_read_by_id_and_not_by_filter() -> None:
    graph, vendor = graph_of(lambda _: Answer(json=user(guid(1), otherMails=None)))
    found = graph.read_user(guid(1))
    assert found is not None
    assert found.other_mails == ()
    assert found.value(Attribute.MOBILE_PHONE) == "+15550100"
    assert vendor.sent[0].path == f"/root/v1.0/users/{guid(1)}"
    assert "$filter" not in vendor.sent[0].query
    assert "accountEnabled" in vendor.sent[0].query["$select"]


def test_an_absent_user_is_none_only_by_graphs_own_word() -> None:
    code = {"error": {"code": "Request_ResourceNotFound", "message": "gone"}}
    graph, _ = graph_of(lambda _: Answer(404, json=code))
    assert graph.read_user(guid(1)) is None
    for answer in (Answer(404), Answer(404, raw=b"<html>"), Answer(404, json={"error": {}})):
        graph, _ = graph_of(lambda _, answer=answer: answer)  # type: ignore[misc]
        with pytest.raises(Transient):
            graph.read_user(guid(1))


@pytest.mark.parametrize(
    "instead",
    [{"id": None}, {"userPrincipalName": 3}, {"otherMails": "a@corp.example"}, {"mobilePhone": 5}],
)
def test_a_user_of_another_shape_is_transient(instead: dict[str, object]) -> None:
    graph, _ = graph_of(lambda _: Answer(json=user(guid(1)) | instead))
    with pytest.raises(Transient) as caught:
        graph.read_user(guid(1))
    assert "corp.example" not in str(caught.value)


SYNC = {"id": guid(9), "features": {"bypassDirSyncOverridesEnabled": False, "x": True}}


@pytest.mark.parametrize("body", [{"value": [SYNC]}, SYNC])
def test_directory_sync_as_a_collection_or_an_entity(body: object) -> None:
    graph, _ = graph_of(lambda _: Answer(json=body))
    found = graph.directory_sync()
    assert (found.id, found.bypass_enabled) == (guid(9), False)


def test_directory_sync_that_may_not_be_read_is_refused_and_never_false() -> None:
    graph, _ = graph_of(lambda _: Answer(403, json={"error": {"code": "a", "message": "b"}}))
    with pytest.raises(Refused):
        graph.directory_sync()
    graph, _ = graph_of(lambda _: Answer(json={"value": []}))
    with pytest.raises(NotFound):
        graph.directory_sync()
    for features in (None, {}, {"bypassDirSyncOverridesEnabled": None}):
        graph, _ = graph_of(
            lambda _, f=features: Answer(json={"value": [{"id": "x", "features": f}]})  # type: ignore[misc]
        )
        with pytest.raises(Transient, match="bypassDirSyncOverridesEnabled"):
            graph.directory_sync()


def test_the_flag_alone_is_patched() -> None:
    headers = {"request-id": "req-1", "client-request-id": "cli-1"}
    graph, vendor = graph_of(lambda _: Answer(204, headers=headers))
    receipt = graph.set_bypass(guid(9), True)
    assert (receipt.at, receipt.status, receipt.request_id) == (NOW, 204, "req-1")
    assert receipt.client_request_id == "cli-1"
    assert vendor.calls == [f"PATCH /root/v1.0/directory/onPremisesSynchronization/{guid(9)}"]
    assert vendor.sent[0].body == {"features": {"bypassDirSyncOverridesEnabled": True}}


def test_a_patch_carries_only_the_given_attributes() -> None:
    graph, vendor = graph_of(lambda _: Answer(204, date=None))
    receipt = graph.patch_user(
        guid(1),
        {
            Attribute.MOBILE_PHONE: None,
            Attribute.OTHER_MAILS: ("a@corp.example", "b@corp.example"),
            Attribute.ACCOUNT_ENABLED: False,
        },
    )
    assert receipt.at.tzinfo is not None
    assert vendor.sent[0].method == "PATCH"
    assert vendor.sent[0].body == {
        "mobilePhone": None,
        "otherMails": ["a@corp.example", "b@corp.example"],
        "accountEnabled": False,
    }
    graph.patch_user(guid(1), {Attribute.OTHER_MAILS: ()})
    assert json_format.dumps(vendor.sent[1].body) == '{"otherMails": []}'


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"mobilePhone": "+15550100"},
        {"displayName": "x"},
        {Attribute.MOBILE_PHONE: "+15550100", "displayName": "x"},
        {Attribute.MOBILE_PHONE: ("+15550100",)},
        {Attribute.OTHER_MAILS: "a@corp.example"},
        {Attribute.OTHER_MAILS: None},
        {Attribute.ACCOUNT_ENABLED: "false"},
        {Attribute.ACCOUNT_ENABLED: None},
    ],
)
def test_nothing_but_watched_attributes_with_their_own_type_is_sent(
    changes: dict[Attribute, str],
) -> None:
    graph, vendor = graph_of(lambda _: Answer(204))
    with pytest.raises(Permanent) as caught:
        graph.patch_user(guid(1), changes)
    assert not vendor.sent
    assert "5550100" not in str(caught.value)


@pytest.mark.parametrize("status", [400, 403])
def test_a_write_that_graph_refuses_says_why_in_graphs_words(status: int) -> None:
    message = "Insufficient privileges to complete the operation."
    error = {"code": "Authorization_RequestDenied", "message": message}
    graph, vendor = graph_of(lambda _: Answer(status, json={"error": error}))
    with pytest.raises(Refused) as caught:
        graph.patch_user(guid(1), {Attribute.ACCOUNT_ENABLED: False})
    assert caught.value.message == message
    assert len(vendor.sent) == 1


def test_synced_users_come_page_by_page() -> None:
    def handle(sent: Sent) -> Answer:
        if "$skiptoken" in sent.query:
            return Answer(json={"value": [user(guid(2))]})
        assert sent.query["$filter"] == "onPremisesSyncEnabled eq true"
        assert sent.query["$top"] == "999"
        link = f"{BASE}/v1.0/users?$skiptoken=next"
        return Answer(json={"value": [user(guid(1))], "@odata.nextLink": link})

    graph, vendor = graph_of(handle)
    assert [each.object_id for each in graph.synced_users()] == [guid(1), guid(2)]
    assert len(vendor.sent) == 2


def test_synced_users_do_not_follow_a_link_elsewhere() -> None:
    link = "https://evil.example/v1.0/users"
    graph, vendor = graph_of(lambda _: Answer(json={"value": [], "@odata.nextLink": link}))
    with pytest.raises(Permanent):
        list(graph.synced_users())
    assert len(vendor.sent) == 1


def test_who_signed_in() -> None:
    graph, vendor = graph_of(lambda _: Answer(json={"id": guid(3)}))
    assert graph.signed_in_user() == guid(3)
    assert vendor.calls == ["GET /root/v1.0/me"]
    graph, _ = graph_of(lambda _: Answer(json={"id": None}))
    with pytest.raises(Transient):
        graph.signed_in_user()


def test_the_client_shows_no_secret() -> None:
    graph, _ = graph_of(lambda _: Answer())
    assert "token-1" not in repr(graph) + repr(graph._http)
