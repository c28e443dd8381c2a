"""What is broken stays broken until it is mended, for those who call a vendor and nobody else."""

from __future__ import annotations

import threading

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.control.conftest import Here

USER = "/graph/v1.0/users/a0000000-0000-4000-8000-00000000000d"


def okta(here: Here) -> TestResponse:
    headers = {"Authorization": "SSWS sandbox-okta-token"}
    return here.org.flask.test_client().get("/api/v1/users/landed.user", headers=headers)


def graph(here: Here, method: str = "GET", path: str = USER, json: object = None) -> TestResponse:
    headers = {"Authorization": f"Bearer {here.tenant.token('reader', graph_root='')}"}
    client = here.tenant.flask.test_client()
    return client.open(path, method=method, json=json, headers=headers)


def batch(here: Here) -> TestResponse:
    part = {"id": "1", "method": "GET", "url": USER.removeprefix("/graph/v1.0")}
    return graph(here, "POST", "/graph/v1.0/$batch", {"requests": [part]})


def broken(here: Here) -> dict[str, tuple[str, int]]:
    return {each["part"]: (each["trouble"], each["met"]) for each in here.read()["broken"]}


def test_nothing_is_broken_at_first(here: Here) -> None:
    assert broken(here) == {}
    assert here.read()["faults"] == []
    assert okta(here).status_code == graph(here).status_code == 200


def test_okta_throttled_says_when_its_minute_is_over(here: Here) -> None:
    here.done("/break", part="okta", trouble="throttled")
    for _ in range(3):
        refused = okta(here)
        assert refused.status_code == 429
        assert refused.get_json()["errorCode"] == "E0000047"
        assert refused.headers["X-Rate-Limit-Remaining"] == "0"
        assert "Retry-After" not in refused.headers
    reset = int(refused.headers["X-Rate-Limit-Reset"])
    assert 0 < reset - here.clock().timestamp() <= 61
    assert broken(here) == {"okta": ("throttled", 3)}
    here.clock.advance(61)  # others use up the next minute as well
    assert okta(here).status_code == 429
    here.done("/mend")
    # What is spent of this minute stays spent, as with the vendor.
    assert okta(here).status_code == 429
    here.clock.advance(61)
    assert okta(here).status_code == 200


def test_limits_are_shown_without_spending_them(here: Here) -> None:
    def users() -> dict[str, int]:
        (found,) = [each for each in here.read()["limits"] if each["bucket"] == "users"]
        return dict(found)

    assert users()["remaining"] == users()["limit"] == 600
    okta(here)
    assert users()["remaining"] == 599
    here.done("/break", part="okta", trouble="throttled")
    assert users()["remaining"] == 0
    here.clock.advance(61)
    assert users()["remaining"] == 0
    here.done("/mend")
    assert users()["remaining"] == 600  # nobody asked in this minute


def test_okta_out(here: Here) -> None:
    here.done("/break", part="okta", trouble="out")
    assert [okta(here).status_code for _ in range(5)] == [503] * 5
    # Its own engine goes on: only the interface is out.
    here.done("/okta/profile", person="landed.user", mobilePhone="+1 202 555 0130")
    assert here.tenant.get_user("landed.user").mobile_phone == "+1 202 555 0130"
    here.done("/mend")
    assert okta(here).status_code == 200


def test_okta_hangs_until_it_is_mended(here: Here) -> None:
    here.done("/break", part="okta", trouble="hanging")
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(okta(here).status_code))
    caller.start()
    while not here.org.calls:
        assert caller.is_alive()
    assert answers == []
    here.done("/mend")
    caller.join(20)
    assert answers == [504]  # of a client without a connection to cut
    assert okta(here).status_code == 200


@pytest.mark.parametrize("silent", [False, True])
def test_graph_throttled(here: Here, silent: bool) -> None:
    trouble = "throttled_silently" if silent else "throttled"
    here.done("/break", part="graph", trouble=trouble)
    refused = graph(here)
    assert refused.status_code == 429
    assert refused.get_json()["error"]["code"] == "TooManyRequests"
    assert ("Retry-After" in refused.headers) == (not silent)
    assert ("x-ms-throttle-scope" in refused.headers) == (not silent)
    # A $batch is answered; its parts are throttled one by one.
    answer = batch(here)
    assert answer.status_code == 200
    (part,) = answer.get_json()["responses"]
    assert part["status"] == 429
    assert broken(here) == {"graph": (trouble, 2)}
    # The connector pushes as an application of its own.
    here.done("/okta/profile", person="landed.user", mobilePhone="+1 202 555 0130")
    assert here.tenant.get_user("landed.user").mobile_phone == "+1 202 555 0130"
    here.done("/mend")
    assert graph(here).status_code == 200


def test_graph_out_is_out_for_okta_too(here: Here) -> None:
    here.done("/break", part="graph", trouble="out")
    assert [graph(here).status_code, batch(here).status_code] == [503, 503]
    beta = "/graph/beta/roleManagement/directory/transitiveRoleAssignments"
    assert graph(here, path=beta).status_code == 503
    assert broken(here) == {"graph": ("out", 3)}
    here.done("/okta/profile", person="landed.user", mobilePhone="+1 202 555 0130")
    assert here.tenant.get_user("landed.user").mobile_phone == "+1 202 555 0113"
    results = [event.get("outcome", {}).get("result") for event in here.org.log.everything()]  # type: ignore[attr-defined]
    assert "FAILURE" in results
    # Directory synchronisation is no part of Graph; nor is signing in.
    here.done("/okta/profile", person="synced.same", mobilePhone="+1 202 555 0131")
    assert here.tenant.get_user("synced.same").mobile_phone == "+1 202 555 0131"
    tenant = here.tenant.flask.test_client().post(f"/{here.tenant.id}/oauth2/v2.0/token")
    assert tenant.status_code != 503
    here.done("/mend")
    assert graph(here).status_code == batch(here).status_code == 200
    # What failed meanwhile is not pushed again by itself.
    assert here.tenant.get_user("landed.user").mobile_phone == "+1 202 555 0113"


def test_deliveries_are_lost(here: Here) -> None:
    here.done("/break", part="hook", trouble="losing")
    assert here.org.delivery.losing
    here.done("/mend")
    assert not here.org.delivery.losing


def test_what_is_broken_is_looked_at_and_changed_all_the_same(here: Here) -> None:
    for part, trouble in (("okta", "hanging"), ("graph", "out"), ("hook", "losing")):
        here.done("/break", part=part, trouble=trouble)
    assert set(broken(here)) == {"okta", "graph", "hook"}
    here.done("/entra/user", person="landed.user", mobilePhone="+1 202 555 0130")
    assert here.person("landed.user")["entra"]["mobilePhone"] == "+1 202 555 0130"
    assert sum(met for _, met in broken(here).values()) == 0


def test_another_trouble_of_a_part_replaces_the_first(here: Here) -> None:
    here.done("/break", part="graph", trouble="out")
    here.done("/break", part="graph", trouble="throttled_silently")
    assert batch(here).status_code == 200
    here.done("/break", part="graph", trouble="throttled")
    assert "Retry-After" in graph(here).headers
    here.done("/break", part="okta", trouble="throttled")
    here.done("/break", part="okta", trouble="out")
    assert okta(here).status_code == 503
    here.clock.advance(61)
    assert set(broken(here)) == {"graph", "okta"}
    assert here.read()["faults"] == []


def test_mending_is_of_everything(here: Here) -> None:
    here.done("/okta/lose-push", person="landed.user")
    here.tenant.faults.add("PATCH *", 403, times=2)
    assert here.read()["faults"] == [
        {"part": "graph", "match": "PATCH *", "status": 403, "times": 2}
    ]
    here.done("/break", part="hook", trouble="losing")
    here.done("/mend")
    assert here.read()["faults"] == []
    assert broken(here) == {}
    assert here.person("landed.user")["okta"]["pushLost"] is False
    here.done("/mend")  # twice is no harm
