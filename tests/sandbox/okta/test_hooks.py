"""Event hooks: registration, verification and delivery as Okta does them."""

from __future__ import annotations

import pytest

from tests.sandbox.okta.conftest import APP, ORDINARY, Endpoint, Okta

SECRET = "shared-between-okta-and-the-hook"
TYPES = ["user.account.update_profile", "application.provision.user.push_profile"]


def registration(endpoint: Endpoint, **changes: object) -> dict[str, object]:
    return {
        "name": "verifier",
        "events": {"type": "EVENT_TYPE", "items": TYPES, "filter": None},
        "channel": {
            "type": "HTTP",
            "version": "1.0.0",
            "config": {
                "uri": endpoint.url,
                "headers": [{"key": "X-Other", "value": "other"}],
                "authScheme": {"type": "HEADER", "key": "Authorization", "value": SECRET},
            },
        },
        **changes,
    }


def register(okta: Okta, endpoint: Endpoint, **changes: object) -> str:
    created = okta.post("/api/v1/eventHooks", registration(endpoint, **changes))
    assert created.status_code == 200
    identifier = str(created.json()["id"])
    assert okta.post(f"/api/v1/eventHooks/{identifier}/lifecycle/verify", None).status_code == 200
    return identifier


def test_a_new_hook_is_active_unverified_and_keeps_its_secret(
    okta: Okta, endpoint: Endpoint
) -> None:
    created = okta.post("/api/v1/eventHooks", registration(endpoint))
    body = created.json()
    assert (body["status"], body["verificationStatus"]) == ("ACTIVE", "UNVERIFIED")
    assert SECRET not in created.text
    for path in ("/api/v1/eventHooks", f"/api/v1/eventHooks/{body['id']}"):
        assert SECRET not in okta.get(path).text
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert endpoint.requests == []


def test_the_verification_request(okta: Okta, endpoint: Endpoint) -> None:
    identifier = register(okta, endpoint)
    (request,) = endpoint.requests
    assert request.method == "GET"
    assert request.body == b""
    assert request.headers["User-Agent"] == "Okta-Integrations"
    assert request.headers["Authorization"] == SECRET
    assert request.headers["X-Other"] == "other"
    assert request.headers["X-Okta-Verification-Challenge"]
    hook = okta.get(f"/api/v1/eventHooks/{identifier}").json()
    assert hook["verificationStatus"] == "VERIFIED"


@pytest.mark.parametrize("answer", ["wrong", "not json", 401, 500, "slow"])
def test_a_failed_verification(okta: Okta, endpoint: Endpoint, answer: str | int) -> None:
    okta.org.caller.timeout = 0.3
    endpoint.verification = answer
    identifier = okta.post("/api/v1/eventHooks", registration(endpoint)).json()["id"]
    refused = okta.post(f"/api/v1/eventHooks/{identifier}/lifecycle/verify", None)
    assert (refused.status_code, refused.json()["errorCode"]) == (400, "E0000001")
    assert "Hook verifier execution failed" in refused.json()["errorSummary"]
    hook = okta.get(f"/api/v1/eventHooks/{identifier}").json()
    assert hook["verificationStatus"] == "UNVERIFIED"
    assert len(endpoint.requests) == (2 if answer in {500, "slow"} else 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"events": {"type": "EVENT_TYPE", "items": []}},
        {"events": {"type": "EVENT_TYPE", "items": ["application.provision.user.deactivate"]}},
        {"events": {"type": "EVENT_TYPE", "items": ["app.office365.api.error.push.profile"]}},
        {"events": {"type": "EVENT_TYPE", "items": ["application.provision.user.update"]}},
        {"events": {"type": "EVENT_TYPE", "items": TYPES[:1] * 301}},
        {"channel": {"config": {"uri": "http://127.0.0.1/plain"}}},
        {"channel": {"config": {}}},
        {"channel": None},
    ],
)
def test_a_registration_that_is_refused(
    okta: Okta, endpoint: Endpoint, changes: dict[str, object]
) -> None:
    answer = okta.post("/api/v1/eventHooks", registration(endpoint, **changes))
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "E0000001")
    assert okta.get("/api/v1/eventHooks").json() == []


def test_a_delivery(okta: Okta, endpoint: Endpoint) -> None:
    identifier = register(okta, endpoint)
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    events = endpoint.events()
    assert [event["eventType"] for event in events] == [TYPES[0], TYPES[1], TYPES[1]]
    post = endpoint.posts()[0]
    assert post.headers["Authorization"] == SECRET
    assert post.headers["X-Other"] == "other"
    assert post.headers["Content-Type"] == "application/json"
    body = post.json()
    assert body["eventType"] == "com.okta.event_hook"
    assert body["source"].endswith(f"/api/v1/eventHooks/{identifier}")
    assert body["eventId"] not in {event["uuid"] for event in events}
    assert all("request" not in event for event in events)
    assert all(event["client"]["ipChain"] == [] for event in events)
    logged = {event["uuid"] for event in okta.get("/api/v1/logs").json()}
    assert {event["uuid"] for event in events} <= logged


def test_only_listed_types_are_delivered(okta: Okta, endpoint: Endpoint) -> None:
    register(okta, endpoint, events={"type": "EVENT_TYPE", "items": TYPES[1:]})
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.org.unassign("ordinary", APP)
    okta.settle()
    assert {event["eventType"] for event in endpoint.events()} <= set(TYPES[1:])


def test_events_close_together_share_an_envelope(okta: Okta, endpoint: Endpoint) -> None:
    register(okta, endpoint, events={"type": "EVENT_TYPE", "items": TYPES[:1]})
    okta.org.delivery.amalgamate_seconds = 0.3
    for number in range(5):
        okta.org.set_user_profile("ordinary", {"mobilePhone": f"+1 555 015{number}"})
    okta.settle()
    assert len(endpoint.events()) == 5
    assert len(endpoint.posts()) == 1


@pytest.mark.parametrize(
    ("answers", "tries"),
    [
        ([200], 1),
        ([204], 1),
        ([500, 200], 2),
        ([503, 503], 2),
        (["slow", 200], 2),
        ([401], 1),
        ([404], 1),
        ([302], 1),
        ([202], 1),
    ],
)
def test_tries(okta: Okta, endpoint: Endpoint, answers: list[int | str], tries: int) -> None:
    register(okta, endpoint, events={"type": "EVENT_TYPE", "items": TYPES[:1]})
    okta.org.caller.timeout = 0.3
    endpoint.answers = list(answers)
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert len(endpoint.posts()) == tries
    assert len({post.json()["eventId"] for post in endpoint.posts()}) == 1
    delivered = answers[-1] in {200, 204}
    assert okta.org.delivery.deliveries[-1].delivered == delivered
    assert len(okta.logged("event_hook.delivery")) == (0 if delivered else 1)


def test_a_failed_delivery_is_gone_and_logged(okta: Okta, endpoint: Endpoint) -> None:
    register(okta, endpoint, events={"type": "EVENT_TYPE", "items": TYPES[:1]})
    okta.org.caller.timeout = 0.3
    endpoint.answers = ["slow", "slow"]
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    (event,) = okta.logged("event_hook.delivery")
    assert event["outcome"] == {
        "result": "FAILURE",
        "reason": 'Hook "verifier" execution failed. Hook timed out',
    }
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0198"})
    okta.settle()
    assert len({event["uuid"] for event in endpoint.events()[2:]}) == 1


def test_an_endpoint_that_is_not_there(okta: Okta, endpoint: Endpoint) -> None:
    register(okta, endpoint)
    endpoint.stop()
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert okta.org.delivery.deliveries[-1].answers == ("unreachable",)
    assert okta.entra("ordinary")["mobilePhone"] == "+1 555 0199"


def test_a_certificate_nobody_vouches_for(okta: Okta, stranger: Endpoint) -> None:
    identifier = okta.post("/api/v1/eventHooks", registration(stranger)).json()["id"]
    refused = okta.post(f"/api/v1/eventHooks/{identifier}/lifecycle/verify", None)
    assert refused.status_code == 400
    assert stranger.requests == []


def test_lost_doubled_and_reversed(okta: Okta, endpoint: Endpoint) -> None:
    register(okta, endpoint, events={"type": "EVENT_TYPE", "items": TYPES[:1]})
    okta.org.delivery.amalgamate_seconds = 0.3

    def change(*numbers: int) -> None:
        endpoint.requests.clear()
        for number in numbers:
            okta.org.set_user_profile("ordinary", {"mobilePhone": f"+1 555 01{number}"})
        okta.settle()

    okta.org.delivery.drop()
    change(10)
    assert endpoint.posts() == []
    okta.org.delivery.duplicate()
    change(20)
    assert len(endpoint.posts()) == 2
    assert len({post.json()["eventId"] for post in endpoint.posts()}) == 1
    okta.org.delivery.reverse()
    change(30, 40, 50)
    published = [event["published"] for event in endpoint.events()]
    assert len(endpoint.posts()) == 3
    assert published == sorted(published, reverse=True)
    change(60)
    assert len(endpoint.posts()) == 1


def test_lost_until_further_notice(okta: Okta, endpoint: Endpoint) -> None:
    register(okta, endpoint, events={"type": "EVENT_TYPE", "items": TYPES[:1]})
    endpoint.requests.clear()
    okta.org.delivery.losing = True
    for number in (10, 20):
        okta.org.set_user_profile("ordinary", {"mobilePhone": f"+1 555 01{number}"})
        okta.settle()
    assert endpoint.posts() == []
    assert okta.org.delivery.lost == len(okta.logged(TYPES[0])) > 0
    assert okta.logged("event_hook.delivery") == []  # without a trace
    okta.org.delivery.losing = False
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0130"})
    okta.settle()
    assert len(endpoint.posts()) > 0


def test_an_inactive_hook_receives_nothing_and_can_be_deleted(
    okta: Okta, endpoint: Endpoint
) -> None:
    identifier = register(okta, endpoint)
    path = f"/api/v1/eventHooks/{identifier}"
    assert okta.delete(path).status_code == 400
    assert okta.post(f"{path}/lifecycle/deactivate", None).json()["status"] == "INACTIVE"
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    okta.settle()
    assert endpoint.posts() == []
    assert okta.delete(path).status_code == 204
    assert okta.get(path).status_code == 404


def test_another_channel_has_to_be_verified_again(okta: Okta, endpoint: Endpoint) -> None:
    identifier = register(okta, endpoint)
    path = f"/api/v1/eventHooks/{identifier}"
    same = okta.session.put(
        okta.url + path, json=registration(endpoint, name="renamed"), timeout=5
    ).json()
    assert (same["name"], same["verificationStatus"]) == ("renamed", "VERIFIED")
    moved = registration(endpoint)
    moved["channel"] = {"config": {"uri": endpoint.url + "/elsewhere"}}
    other = okta.session.put(okta.url + path, json=moved, timeout=5).json()
    assert other["verificationStatus"] == "UNVERIFIED"


def test_a_retry_does_not_hold_up_the_api(okta: Okta, endpoint: Endpoint) -> None:
    register(okta, endpoint)
    endpoint.answers = ["slow", "slow"]
    okta.org.set_user_profile("ordinary", {"mobilePhone": "+1 555 0199"})
    assert okta.get(f"/api/v1/users/{ORDINARY}").status_code == 200
