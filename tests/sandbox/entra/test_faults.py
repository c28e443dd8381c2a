"""Throttling, and what tests make go wrong."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.entra.conftest import GLOBAL, ORDINARY, TENANT, Entra, error

USER = f"/v1.0/users/{ORDINARY}"
ROUTE = "GET /v1.0/users/{id}"


def test_the_budget_of_resource_units(entra: Entra) -> None:
    entra.tenant.throttle.limits.units_per_10_seconds = 10
    assert "x-ms-throttle-limit-percentage" not in entra.get("/v1.0/users").headers  # 2 units
    for _ in range(6):
        entra.get(USER)
    assert entra.get(USER).headers["x-ms-throttle-limit-percentage"] == "0.90"
    entra.clock.forward(4.5)
    assert entra.get("/v1.0/users?$select=id&$top=5").headers["x-ms-resource-unit"] == "1"
    refused = entra.get(USER)
    assert error(refused) == (429, "TooManyRequests")
    assert refused.json()["error"]["message"] == "Please retry again later."
    assert float(refused.headers["Retry-After"]) == 5.5
    reader = "5e1f0000-0000-4000-8000-000000000003"
    scope = refused.headers["x-ms-throttle-scope"]
    assert scope == f"Tenant_Application/ReadWrite/{reader}/{TENANT}"
    assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"
    assert entra.get(USER, "writer").status_code == 200  # a budget of its own
    entra.clock.forward(5.5)
    assert entra.get(USER).status_code == 200


def test_writes_have_a_budget_too(entra: Entra) -> None:
    entra.tenant.throttle.limits.writes_per_150_seconds = 1
    assert entra.patch(ORDINARY, {"mobilePhone": "1"}).status_code == 204
    refused = entra.patch(ORDINARY, {"mobilePhone": "2"})
    assert refused.status_code == 429
    assert refused.headers["x-ms-throttle-information"] == "WriteLimitExceeded"
    assert entra.tenant.get_user("ordinary").mobile_phone == "1"


def test_a_fault_is_used_up(entra: Entra) -> None:
    entra.tenant.faults.add(ROUTE, 503, times=2)
    assert [entra.get(USER).status_code for _ in range(3)] == [503, 503, 200]


def test_a_fault_hits_only_its_route(entra: Entra) -> None:
    entra.tenant.faults.add("PATCH *", 500)
    assert entra.get(USER).status_code == 200
    assert error(entra.patch(ORDINARY, {"mobilePhone": "1"})) == (500, "InternalServerError")
    assert entra.tenant.get_user("ordinary").mobile_phone == "+1 202 555 0100"


def test_a_429_with_and_without_retry_after(entra: Entra) -> None:
    entra.tenant.faults.add(ROUTE, 429, headers={"Retry-After": "2.128"})
    entra.tenant.faults.add(ROUTE, 429)
    with_it, without = entra.get(USER), entra.get(USER)
    assert with_it.headers["Retry-After"] == "2.128"
    assert (without.status_code, "Retry-After" in without.headers) == (429, False)


@pytest.mark.parametrize("status", [429, "timeout", "reset"])
def test_a_fault_in_a_part_leaves_the_others(entra: Entra, status: int | str) -> None:
    entra.tenant.faults.add(ROUTE, status)  # type: ignore[arg-type]
    answer = entra.batch(
        {"id": "1", "method": "GET", "url": f"/users/{ORDINARY}"},
        {"id": "2", "method": "GET", "url": f"/users/{GLOBAL}"},
    )
    found = sorted(each["status"] for each in answer.json()["responses"])
    assert found == [200, 429 if status == 429 else 504]


def test_a_lost_connection(entra: Entra) -> None:
    entra.tenant.faults.add(ROUTE, "reset")
    with pytest.raises(requests.ConnectionError):
        entra.get(USER)
    assert entra.get(USER).status_code == 200


def test_a_server_that_never_answers(entra: Entra) -> None:
    entra.tenant.faults.add(ROUTE, "timeout")
    headers = {"Authorization": f"Bearer {entra.tenant.token('reader')}"}
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{entra.url}/graph{USER}", headers=headers, verify=entra.ca_file, timeout=0.2)
    assert entra.get(USER).status_code == 200
