"""POST /$batch."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.sandbox.entra.conftest import GLOBAL, NOBODY, ORDINARY, Entra, error


def get(part_id: str, url: str, **more: object) -> dict[str, object]:
    return {"id": part_id, "method": "GET", "url": url, **more}


def patch(part_id: str, user: str, body: object, **more: object) -> dict[str, object]:
    headers = {"Content-Type": "application/json"}
    url = f"/users/{user}"
    return {"id": part_id, "method": "PATCH", "url": url, "headers": headers, "body": body, **more}


def by_id(answer: requests.Response) -> dict[str, dict[str, Any]]:
    assert answer.status_code == 200
    return {each["id"]: each for each in answer.json()["responses"]}


def test_parts_fail_one_by_one(entra: Entra) -> None:
    found = by_id(
        entra.batch(
            get("a", f"/users/{ORDINARY}?$select=id"),
            get("b", f"/users/{NOBODY}"),
            get("c", "/users?$filter=id%20in%20('rubbish')"),
            get("d", f"/users?$filter=id in ('{GLOBAL}')&$select=id"),
        )
    )
    assert {key: each["status"] for key, each in found.items()} == {
        "a": 200,
        "b": 404,
        "c": 400,
        "d": 200,
    }
    assert found["a"]["body"]["id"] == ORDINARY
    assert [each["id"] for each in found["d"]["body"]["value"]] == [GLOBAL]
    ids = {each["headers"]["request-id"] for each in found.values()}
    assert len(ids) == 4
    assert found["b"]["body"]["error"]["innerError"]["request-id"] in ids


def test_the_order_of_answers_is_not_that_of_the_questions(entra: Entra) -> None:
    parts = [get(str(number), f"/users/{ORDINARY}?$select=id") for number in range(20)]
    answers = entra.batch(*parts).json()["responses"]
    order = [each["id"] for each in answers]
    assert sorted(order, key=int) == [str(number) for number in range(20)]
    assert order != sorted(order, key=int)


def test_a_write_in_a_batch_has_no_body(entra: Entra) -> None:
    found = by_id(entra.batch(patch("1", ORDINARY, {"mobilePhone": "1"}), who="writer"))
    assert found["1"]["status"] == 204
    assert found["1"]["body"] is None
    assert entra.tenant.get_user("ordinary").mobile_phone == "1"


def test_what_depends_on_a_failure_is_not_done(entra: Entra) -> None:
    found = by_id(
        entra.batch(
            patch("1", GLOBAL, {"mobilePhone": "1"}),
            patch("2", ORDINARY, {"mobilePhone": "2"}, dependsOn=["1"]),
            patch("3", ORDINARY, {"mobilePhone": "3"}, dependsOn=["2"]),
            patch("4", ORDINARY, {"otherMails": []}),
            who="writer",
        )
    )
    assert [found[key]["status"] for key in "1234"] == [403, 424, 424, 204]
    assert entra.tenant.get_user("ordinary").mobile_phone == "+1 202 555 0100"


def test_each_part_is_throttled_alone(entra: Entra) -> None:
    entra.tenant.throttle.limits.units_per_10_seconds = 2
    found = by_id(entra.batch(*(get(str(n), f"/users/{ORDINARY}") for n in range(3))))
    assert sorted(each["status"] for each in found.values()) == [200, 200, 429]
    (refused,) = (each for each in found.values() if each["status"] == 429)
    assert float(refused["headers"]["Retry-After"]) == 10.0


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [get(str(number), "/me") for number in range(21)],
        [get("1", "/me"), get("1", "/me")],
        [{"method": "GET", "url": "/me"}],
        [get("", "/me")],
        [get("1", "https://graph.example/v1.0/me")],
        [get("1", "users")],
        [{"id": "1", "url": "/me"}],
        [get("1", "/me", dependsOn=["2"]), get("2", "/me")],
        [get("1", "/me"), get("2", "/me"), get("3", "/me", dependsOn=["1", "2"])],
        ["text"],
    ],
)
def test_a_malformed_batch_is_refused_whole(entra: Entra, parts: list[dict[str, object]]) -> None:
    assert entra.batch(*parts).status_code == 400
    assert not entra.tenant.parts


def test_twenty_one_parts_have_their_own_code(entra: Entra) -> None:
    answer = entra.batch(*(get(str(number), "/me") for number in range(21)))
    assert error(answer) == (400, "MaximumValueExceeded")


def test_no_nesting_and_no_body_without_its_type(entra: Entra) -> None:
    bare = {"id": "2", "method": "PATCH", "url": f"/users/{ORDINARY}", "body": {"mobilePhone": "1"}}
    nested = {**patch("1", "", {"requests": []}), "method": "POST", "url": "/$batch"}
    found = by_id(entra.batch(nested, bare, who="writer"))
    assert [found["1"]["status"], found["2"]["status"]] == [400, 400]


def test_a_batch_needs_a_token(entra: Entra) -> None:
    answer = requests.post(
        f"{entra.url}/graph/v1.0/$batch", json={}, verify=entra.ca_file, timeout=5
    )
    assert answer.status_code == 401


def test_parts_are_not_calls(entra: Entra) -> None:
    entra.batch(get("1", f"/users/{ORDINARY}"), get("2", f"/users/{GLOBAL}"))
    assert entra.tenant.calls == {"POST /v1.0/$batch": 1}
    assert entra.tenant.parts == {"GET /v1.0/users/{id}": 2}


def test_the_next_link_of_a_part_leads_outside_the_batch(entra: Entra) -> None:
    found = by_id(entra.batch(get("1", "/users?$top=2&$select=id")))
    link = found["1"]["body"]["@odata.nextLink"]
    assert link.startswith(f"{entra.url}/graph/v1.0/users?")
    assert len(entra.get(link.removeprefix(f"{entra.url}/graph")).json()["value"]) == 2
