"""The HTTP client: what is an error of which kind, what is repeated, what is never sent or told."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests

from lib.errors import (
    NotDone,
    NotFound,
    Permanent,
    PushproofError,
    Refused,
    Transient,
    Unauthorized,
    Unavailable,
)
from lib.http import MAX_BODY, Http, new_session, segment
from lib.http_answers import Reply, http_date, retry_after, scrub, shown_path, vendor_error
from lib.rate import Budget
from tests.unit.fakes_http import BASE, DATE, Answer, FakeVendor, http_of, session_of

NOW = datetime(2025, 1, 1, tzinfo=UTC)
SECRETS = ("ordinary.user", "corp.example", "5550100", "token-1", "hidden")


def test_a_call_carries_credentials_and_a_timeout_and_follows_no_redirect() -> None:
    vendor = FakeVendor([Answer(json={"a": 1})])
    reply = http_of(vendor).request("GET", "/users", params={"$select": "id"})
    assert reply.status == 200
    assert reply.body == {"a": 1}
    assert reply.date == NOW
    sent = vendor.sent[0]
    assert sent.path == "/root/users"
    assert sent.query == {"$select": "id"}
    assert sent.headers["Authorization"] == "Bearer token-1"
    assert sent.timeout == (3.05, 10)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_permanent(status: int) -> None:
    vendor = FakeVendor([Answer(status, headers={"Location": "https://evil.example/"})])
    with pytest.raises(Permanent, match="redirects are not followed"):
        http_of(vendor).request("GET", "/users")
    assert len(vendor.sent) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Unauthorized),
        (403, Refused),
        (404, NotFound),
        (405, Permanent),
        (408, Transient),
        (409, Transient),
        (410, Permanent),
        (424, Transient),
        (429, NotDone),
        (500, Unavailable),
        (501, Unavailable),
        (599, Unavailable),
    ],
)
def test_every_status_has_its_kind_of_error(status: int, kind: type[PushproofError]) -> None:
    vendor = FakeVendor(lambda _: Answer(status, json={"error": {"code": "Some_Code"}}))
    with pytest.raises(kind) as caught:
        http_of(vendor).request("PATCH", "/users/1", json={})
    assert type(caught.value) is kind
    assert str(status) in str(caught.value)
    assert len(vendor.sent) == 1


def test_a_status_that_the_caller_accepts_is_returned() -> None:
    vendor = FakeVendor([Answer(404, json={"errorCode": "E0000007"})])
    reply = http_of(vendor).request("GET", "/users/1", accept=(404,))
    assert reply.status == 404
    assert vendor_error(reply).code == "E0000007"


def test_a_refusal_of_graph_keeps_code_message_and_ids() -> None:
    inner = {"date": "x", "request-id": "req-1", "client-request-id": "cli-1"}
    message = "Insufficient privileges to complete the operation."
    error = {"code": "Authorization_RequestDenied", "message": message, "innerError": inner}
    vendor = FakeVendor([Answer(403, json={"error": error})])
    with pytest.raises(Refused) as caught:
        http_of(vendor).request("PATCH", "/users/1", json={})
    refused = caught.value
    assert (refused.status, refused.code, refused.message) == (403, error["code"], message)
    assert (refused.request_id, refused.client_request_id) == ("req-1", "cli-1")


def test_a_refusal_of_okta_keeps_code_summary_causes_and_id() -> None:
    body = {
        "errorCode": "E0000075",
        "errorSummary": "Cannot modify the mobilePhone attribute",
        "errorCauses": [{"errorSummary": "because of a mapping"}, "rubbish"],
    }
    vendor = FakeVendor([Answer(403, json=body, headers={"X-Okta-Request-Id": "req-2"})])
    with pytest.raises(Refused) as caught:
        http_of(vendor).request("POST", "/x", json={})
    assert caught.value.code == "E0000075"
    assert caught.value.message == "Cannot modify the mobilePhone attribute; because of a mapping"
    assert caught.value.request_id == "req-2"


@pytest.mark.parametrize("body", [[], "text", 7, None, {"error": []}, {"error": {"code": 5}}])
def test_a_refusal_with_any_body_is_a_refusal(body: object) -> None:
    vendor = FakeVendor([Answer(400, json=body)])
    with pytest.raises(Refused) as caught:
        http_of(vendor).request("GET", "/x")
    assert caught.value.code == "unknown"


def test_401_refreshes_once_and_repeats_even_a_write() -> None:
    tokens = iter(["old", "new"])
    current = [next(tokens)]
    vendor = FakeVendor([Answer(401), Answer(204)])
    http = http_of(vendor, on_unauthorized=lambda: current.append(next(tokens)))
    http._headers = lambda: {"Authorization": current[-1]}
    assert http.request("PATCH", "/users/1", json={"a": 1}).status == 204
    assert [sent.headers["Authorization"] for sent in vendor.sent] == ["old", "new"]
    assert vendor.sent[1].body == {"a": 1}


def test_401_after_a_refresh_is_permanent() -> None:
    refreshed: list[int] = []
    vendor = FakeVendor(lambda _: Answer(401))
    with pytest.raises(Permanent, match="not accepted"):
        http_of(vendor, on_unauthorized=lambda: refreshed.append(1)).request("GET", "/x")
    assert (len(vendor.sent), refreshed) == (2, [1])


@pytest.mark.parametrize("trouble", [502, 503, 504, requests.ConnectionError("reset")])
def test_a_read_is_repeated_twice_at_once(trouble: int | Exception) -> None:
    bad = trouble if isinstance(trouble, Exception) else Answer(trouble)
    pauses: list[float] = []
    vendor = FakeVendor([bad, bad, Answer(json=1)])
    assert http_of(vendor, pauses=pauses).request("GET", "/x").body == 1
    assert pauses == [0.25, 1.0]

    vendor = FakeVendor(lambda _: bad)
    with pytest.raises(Transient):
        http_of(vendor).request("GET", "/x")
    assert len(vendor.sent) == 3


@pytest.mark.parametrize("trouble", [502, 503, 429, requests.ConnectionError("reset")])
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_a_write_is_never_repeated(trouble: int | Exception, method: str) -> None:
    bad = (
        trouble if isinstance(trouble, Exception) else Answer(trouble, headers={"Retry-After": "0"})
    )
    vendor = FakeVendor(lambda _: bad)
    with pytest.raises(Transient):
        http_of(vendor).request(method, "/x", json={})
    assert len(vendor.sent) == 1


def test_a_post_that_only_reads_may_be_repeated() -> None:
    vendor = FakeVendor([Answer(503), Answer(json=1)])
    assert http_of(vendor).request("POST", "/$batch", json={}, repeatable=True).body == 1


@pytest.mark.parametrize(
    ("timeout", "said", "sent"),
    [
        (requests.ReadTimeout("x"), "no answer in time", True),
        (requests.ConnectTimeout("x"), "no connection in time", False),
    ],
)
def test_a_timeout_is_transient_and_not_repeated(timeout: Exception, said: str, sent: bool) -> None:
    """Without a connection nothing was sent, so nothing can have happened."""
    vendor = FakeVendor(lambda _: timeout)
    with pytest.raises(Unavailable, match=said) as caught:
        http_of(vendor).request("GET", "/x")
    assert isinstance(caught.value, NotDone) is not sent
    assert len(vendor.sent) == 1


@pytest.mark.parametrize("where", ["headers", "sign"])
@pytest.mark.parametrize(
    ("trouble", "outage"),
    [
        (Unavailable("no sign-in", 7), True),
        (NotDone("429", 7), False),
        (Transient("busy", 7), False),
    ],
)
def test_without_a_token_nothing_is_sent(where: str, trouble: Transient, outage: bool) -> None:
    """Else a write that never left would count as one that may have happened."""

    def fails(*_: object) -> dict[str, str]:
        raise trouble

    vendor = FakeVendor([])
    with pytest.raises(NotDone, match=str(trouble)) as caught:
        http_of(vendor, **{where: fails}).request("PATCH", "/x", json={})
    assert isinstance(caught.value, Unavailable) is outage
    assert caught.value.retry_after == 7
    assert vendor.sent == []


def test_an_untrusted_certificate_is_transient_and_said() -> None:
    vendor = FakeVendor(lambda _: requests.exceptions.SSLError("x"))
    with pytest.raises(Transient, match="TLS"):
        http_of(vendor).request("GET", "/x")


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "2.128"}, 2.128),
        ({"Retry-After": "-5"}, 0.0),
        ({"Retry-After": "Wed, 01 Jan 2025 00:01:30 GMT"}, 90.0),
        ({"Retry-After": "Tue, 31 Dec 2024 00:00:00 GMT"}, 0.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "soon"}, None),
        ({"X-Rate-Limit-Reset": str(int(NOW.timestamp()) + 42)}, 42.0),
        ({"X-Rate-Limit-Reset": "later"}, None),
        ({"Retry-After": "rubbish", "X-Rate-Limit-Reset": str(int(NOW.timestamp()) + 9)}, 9.0),
        ({}, None),
    ],
)
def test_429_names_the_wait_the_vendor_named(headers: dict[str, str], wait: float | None) -> None:
    vendor = FakeVendor(lambda _: Answer(429, headers=headers))
    with pytest.raises(Transient) as caught:
        http_of(vendor).request("PATCH", "/x", json={})
    assert caught.value.retry_after == (pytest.approx(wait) if wait is not None else None)


def test_a_date_without_a_date_header_is_compared_with_our_clock() -> None:
    reply = Reply(429, {"retry-after": DATE}, None, NOW - timedelta(seconds=11))
    assert retry_after(reply) == 11.0


def test_a_short_429_is_waited_for_and_a_long_one_is_not() -> None:
    pauses: list[float] = []
    vendor = FakeVendor([Answer(429, headers={"Retry-After": "1.5"}), Answer(json=1)])
    assert http_of(vendor, pauses=pauses).request("GET", "/x").body == 1
    assert pauses == [1.5]
    for headers in ({"Retry-After": "3"}, {}):
        vendor = FakeVendor(lambda _, headers=headers: Answer(429, headers=headers))  # type: ignore[misc]
        with pytest.raises(Transient):
            http_of(vendor).request("GET", "/x")
        assert len(vendor.sent) == 1


def test_503_honours_retry_after() -> None:
    vendor = FakeVendor(lambda _: Answer(503, headers={"Retry-After": "30"}))
    with pytest.raises(Transient) as caught:
        http_of(vendor).request("GET", "/x")
    assert (caught.value.retry_after, len(vendor.sent)) == (30.0, 1)


@pytest.mark.parametrize("raw", [b"<html>", b"{", b"[" * 100_000, b"\xff\xfe"])
def test_an_answer_that_is_not_json_is_transient(raw: bytes) -> None:
    vendor = FakeVendor([Answer(200, raw=raw)])
    with pytest.raises(Transient, match="not JSON"):
        http_of(vendor).request("GET", "/x")


@pytest.mark.parametrize("status", [204, 200])
def test_no_body_is_none(status: int) -> None:
    assert http_of(FakeVendor([Answer(status)])).request("GET", "/x").body is None


def test_an_error_page_that_is_not_json_keeps_its_kind() -> None:
    vendor = FakeVendor([Answer(403, raw=b"<html>blocked</html>")])
    with pytest.raises(Refused):
        http_of(vendor).request("GET", "/x")


def test_a_huge_body_is_cut_off() -> None:
    vendor = FakeVendor([Answer(200, raw=b'"' + b"a" * MAX_BODY + b'"')])
    with pytest.raises(Permanent, match="larger than"):
        http_of(vendor).request("GET", "/x")


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/root/v1.0/users",
        "http://vendor.example/root",
        "https://vendor.example:444/root",
        "https://vendor.example@evil.example/root",
        "https://user:hidden@vendor.example/root",
        "https://vendor.example:port/",
        "ftp://vendor.example/",
        "//vendor.example",
        "",
        "users",
    ],
)
def test_a_link_to_another_origin_is_refused_without_a_call(link: str) -> None:
    vendor = FakeVendor(lambda _: Answer())
    if link.startswith("//"):
        http_of(vendor).request("GET", link)  # a path below the base, not another host
        assert vendor.sent[0].url.startswith(BASE + "//")
        return
    with pytest.raises(Permanent, match="not followed") as caught:
        http_of(vendor).request("GET", link)
    assert not vendor.sent
    assert "hidden" not in str(caught.value)


def test_a_link_of_the_same_origin_is_followed_as_it_is() -> None:
    vendor = FakeVendor([Answer(json=[])])
    http_of(vendor).request("GET", "https://VENDOR.example:443/root/x?after=a%2Fb")
    assert vendor.sent[0].query == {"after": "a/b"}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            [("Link", '<https://a/1>; rel="self"'), ("Link", '<https://a/2>; rel="next"')],
            "https://a/2",
        ),
        ([("Link", '<https://a/1>; rel="self", <https://a/2,3>; rel="next"')], "https://a/2,3"),
        ([("link", "<https://a/2>;rel=next")], "https://a/2"),
        ([("Link", '<https://a/2>; title="x, y"; rel="prev NEXT"')], "https://a/2"),
        (
            [("Link", '<https://a/2>; rel="next"'), ("Link", '<https://a/3>; rel="next"')],
            "https://a/2",
        ),
        ([("Link", '<https://a/2>; rel="nextish"')], None),
        ([("Link", "rubbish")], None),
        ([], None),
    ],
)
def test_the_next_link_is_found_among_several(
    headers: list[tuple[str, str]], expected: str | None
) -> None:
    assert http_of(FakeVendor([Answer(headers=headers)])).request("GET", "/x").next_link == expected


@pytest.mark.parametrize("date", [None, "", "yesterday", "2025-01-01T00:00:00Z", "99999"])
def test_an_answer_without_a_usable_date_is_transient_when_asked_for_it(date: str | None) -> None:
    reply = http_of(FakeVendor([Answer(date=date)])).request("GET", "/x")
    with pytest.raises(Transient, match="answer without a Date header"):
        _ = reply.date


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ],
)
def test_all_three_forms_of_an_http_date(text: str) -> None:
    assert http_date(text) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


def test_netrc_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine vendor.example login someone password hidden\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    vendor = FakeVendor([Answer(json=1)])
    http_of(vendor).request("GET", "/x")
    assert vendor.sent[0].headers["Authorization"] == "Bearer token-1"


def test_cookies_are_not_stored() -> None:
    vendor = FakeVendor(lambda _: Answer(headers={"Set-Cookie": "a=b; Path=/"}))
    http = http_of(vendor)
    http.request("GET", "/x")
    http.request("GET", "/x")
    assert "Cookie" not in vendor.sent[1].headers


def test_the_environment_still_names_proxies_and_certificates() -> None:
    assert new_session().trust_env


def test_one_session_is_used_for_all_calls_and_holds_enough_connections() -> None:
    http = Http(BASE, headers=dict)
    assert http.behind(Budget())._session is http._session
    adapter = http._session.get_adapter(BASE)
    assert adapter._pool_maxsize >= 8  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "step",
    [
        Answer(400, json={"error": {"code": "ordinary.user@corp.example", "message": "+15550100"}}),
        Answer(404),
        Answer(429),
        Answer(500),
        Answer(401),
        Answer(200, raw=b"ordinary.user@corp.example"),
        requests.ConnectionError("https://x/?q=hidden ordinary.user@corp.example"),
        requests.ReadTimeout("https://x/?q=hidden"),
        requests.exceptions.InvalidHeader("Bearer token-1"),
    ],
)
def test_no_error_tells_a_value(step: Answer | Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vendor = FakeVendor(lambda _: step)
    http = http_of(vendor)
    with pytest.raises(PushproofError) as caught:
        http.request("PUT", "/users/ordinary.user%40corp.example/x", params={"q": "hidden"})
    told = f"{caught.value!s} {caught.value!r} {caplog.text} {http!r} {http._session!r}"
    assert not [secret for secret in SECRETS if secret in told]
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_reply_does_not_show_its_body() -> None:
    assert "+1555" not in repr(Reply(200, {"a": "+15550100"}, "+15550100", NOW))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user 'ordinary.user@corp.example' is gone", "user '…@…' is gone"),
        ("number +1 (555) 010-0199 is bad", "number … is bad"),
        ("see https://a.example/x?q=secret now", "see https://a.example/x?… now"),
        ("id 62e90394-69f5-4237-9190-012177145e10", "id 62e90394-69f5-4237-9190-012177145e10"),
        ("Resource not found: 00u1dnq5S0CfjlkpABCD (AppUser)",) * 2,
        ("HTTP status code 400.",) * 2,
    ],
)
def test_vendor_prose_loses_values_and_keeps_ids(text: str, expected: str) -> None:
    assert scrub(text) == expected


def test_a_path_loses_user_names_and_query() -> None:
    assert shown_path("/users/a@b.example/x?y=z") == "/users/…/x"
    assert shown_path("/users('a')/x") == "/…/x"


@pytest.mark.parametrize("identifier", ["", ".", ".."])
def test_an_identifier_cannot_climb_out_of_a_path(identifier: str) -> None:
    with pytest.raises(Permanent):
        segment(identifier)


def test_an_identifier_stays_one_segment() -> None:
    assert segment("../a?b#c") == "..%2Fa%3Fb%23c"


def signed_http(vendor: FakeVendor, signed: list[tuple[str, str]], **options: object) -> Http:
    def sign(method: str, url: str) -> dict[str, str]:
        signed.append((method, url))
        return {"Authorization": f"signature-{len(signed)}"}

    options.setdefault("on_challenge", lambda reply: reply.headers.get("again") == "yes")
    return Http(
        BASE,
        sign=sign,
        sleep=lambda _: None,
        session=session_of(vendor),
        **options,  # type: ignore[arg-type]
    )


AGAIN = {"Again": "yes"}


def test_every_request_on_the_wire_is_signed_for_itself() -> None:
    signed: list[tuple[str, str]] = []
    vendor = FakeVendor([Answer(503), Answer(400, headers=AGAIN), Answer(json=1)])
    assert signed_http(vendor, signed).request("GET", "/a/b", params={"q": "x"}).body == 1
    assert signed == [("GET", f"{BASE}/a/b")] * 3
    sent = [one.headers["Authorization"] for one in vendor.sent]
    assert sent == ["signature-1", "signature-2", "signature-3"]


def test_a_challenge_is_met_once_also_for_a_write() -> None:
    signed: list[tuple[str, str]] = []
    vendor = FakeVendor(lambda _: Answer(401, headers=AGAIN))
    with pytest.raises(Permanent):
        signed_http(vendor, signed).request("POST", "/a", json={})
    assert len(vendor.sent) == 2


def test_a_challenge_and_an_expired_token_are_met_once_each() -> None:
    refreshed: list[int] = []
    vendor = FakeVendor([Answer(401), Answer(401, headers=AGAIN), Answer(401), Answer(json=1)])
    http = signed_http(vendor, [], on_unauthorized=lambda: refreshed.append(1))
    with pytest.raises(Permanent, match="credentials"):
        http.request("GET", "/a")
    assert (len(vendor.sent), len(refreshed)) == (3, 1)


def test_every_answer_is_told_to_the_sign_in() -> None:
    told: list[int] = []

    def listen(reply: Reply) -> bool:
        told.append(reply.status)
        return True  # an answer that is wanted is never asked for again

    vendor = FakeVendor([Answer(200, json=1), Answer(404, json=1)])
    http = signed_http(vendor, [], on_challenge=listen)
    http.request("GET", "/a")
    http.request("GET", "/a", accept=(404,))
    assert told == [200, 404]


def test_a_refused_proof_is_about_credentials_and_no_evidence_of_a_cause() -> None:
    headers = {"WWW-Authenticate": 'DPoP error="invalid_dpop_proof"'}
    vendor = FakeVendor(lambda _: Answer(400, headers=headers))
    with pytest.raises(Permanent, match="the credentials are not accepted"):
        signed_http(vendor, []).request("GET", "/a")
