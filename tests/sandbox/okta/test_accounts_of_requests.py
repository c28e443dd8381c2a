"""Token, rate limit, Date and error bodies: what every answer has."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest

from tests.sandbox.okta.conftest import APP, ORDINARY, Okta


@pytest.mark.parametrize(
    "authorization",
    [None, "", "SSWS", "SSWS wrong", "Bearer test-token", "test-token", "ssws test-token"],
)
def test_a_wrong_token_is_refused(okta: Okta, authorization: str | None) -> None:
    answer = okta.get(f"/api/v1/users/{ORDINARY}", authorization=authorization)
    assert answer.status_code == 401
    body = answer.json()
    assert body["errorCode"] == body["errorLink"] == "E0000011"
    assert body["errorSummary"] == "Invalid token provided"
    assert body["errorCauses"] == []
    assert body["errorId"]


def test_a_wrong_token_changes_nothing(okta: Okta) -> None:
    answer = okta.post(
        f"/api/v1/users/{ORDINARY}",
        {"profile": {"mobilePhone": "+1 555 0199"}},
        authorization="SSWS wrong",
    )
    assert answer.status_code == 401
    assert okta.org.user("ordinary").profile["mobilePhone"] == "+1 555 0100"
    assert okta.org.log.everything() == []


def test_an_unknown_path_and_method(okta: Okta) -> None:
    assert okta.get("/api/v1/nothing").json()["errorCode"] == "E0000008"
    put = okta.session.put(okta.url + f"/api/v1/apps/{APP}/users/{ORDINARY}", json={}, timeout=5)
    assert (put.status_code, put.json()["errorCode"]) == (405, "E0000022")


def test_every_answer_announces_its_bucket(okta: Okta) -> None:
    okta.org.limits.set_limit("users", 7)
    for path in (f"/api/v1/users/{ORDINARY}", "/api/v1/users/nobody"):
        answer = okta.get(path)
        assert answer.headers["X-Rate-Limit-Limit"] == "7"
    assert answer.status_code == 404
    assert answer.headers["X-Rate-Limit-Remaining"] == "5"
    at = parsedate_to_datetime(answer.headers["Date"])
    assert 0 < int(answer.headers["X-Rate-Limit-Reset"]) - at.timestamp() <= 61
    assert okta.get(f"/api/v1/apps/{APP}").headers["X-Rate-Limit-Limit"] == "500"


def test_a_spent_bucket_answers_429_until_its_reset(okta: Okta) -> None:
    okta.org.limits.set_limit("apps", 1)
    path = f"/api/v1/apps/{APP}/users/{ORDINARY}"
    assert okta.get(path).status_code == 200
    refused = okta.get(path)
    assert refused.status_code == 429
    assert refused.json()["errorCode"] == "E0000047"
    assert refused.headers["X-Rate-Limit-Remaining"] == "0"
    assert "Retry-After" not in refused.headers
    assert okta.get(f"/api/v1/users/{ORDINARY}").status_code == 200
    okta.clock.advance(62)
    assert okta.get(path).status_code == 200


def test_the_date_header_is_the_orgs_clock(okta: Okta) -> None:
    okta.clock.advance(3600)
    date = parsedate_to_datetime(okta.get(f"/api/v1/users/{ORDINARY}").headers["Date"])
    assert 0 <= (okta.clock() - date).total_seconds() < 30


def test_requests_are_counted_by_route(okta: Okta) -> None:
    okta.get(f"/api/v1/apps/{APP}/users/{ORDINARY}")
    okta.get(f"/api/v1/apps/{APP}/users/nobody")
    assert okta.org.calls == {"GET /api/v1/apps/{app}/users/{user}": 2}


def test_a_fault_is_answered_instead(okta: Okta) -> None:
    okta.org.faults.add(match="GET /api/v1/users/*", status=503, times=1)
    assert okta.get(f"/api/v1/users/{ORDINARY}").status_code == 503
    assert okta.get(f"/api/v1/users/{ORDINARY}").status_code == 200


def test_a_body_that_is_not_json(okta: Okta) -> None:
    for path in (f"/api/v1/users/{ORDINARY}", f"/api/v1/apps/{APP}/users/{ORDINARY}"):
        answer = okta.session.post(okta.url + path, data="{", timeout=5)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000003")
