"""receive over HTTPS: who is let in, what is answered, and that nothing is lost or crashes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import requests

from ops import samples
from ops.replay import deliveries
from tests.integration.conftest import GRAPH_APP, Deployed
from tests.integration.staff import okta_id


@pytest.fixture
def door(deployed: Deployed) -> Iterator[requests.Session]:
    with requests.Session() as session:
        # requests prefers REQUESTS_CA_BUNDLE of the environment to a session's own setting.
        session.trust_env = False
        session.verify = str(deployed.sandbox.ca_file)
        session.headers["Authorization"] = deployed.cloud.secret("HookSecret")
        yield session


def send(deployed: Deployed, session: requests.Session, body: object, **headers: str):
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    given = {"Content-Type": "application/json", **headers}
    url = deployed.cloud.outputs["HookUrl"]
    return session.post(url, data=data, headers=given, timeout=10, allow_redirects=False)


def delivery(*numbers: int, published: str = "2026-09-02T08:00:00.000Z") -> dict:
    events = [
        {
            "uuid": f"00000000-0000-4000-8000-{number:012d}",
            "published": published,
            "eventType": "application.provision.user.push_profile",
            "target": [
                {"id": okta_id(number), "type": "User"},
                {"id": GRAPH_APP, "type": "AppInstance"},
            ],
        }
        for number in numbers
    ]
    return {"eventType": "com.okta.event_hook", "data": {"events": events}}


def batches(deployed: Deployed) -> int:
    return sum(len(source.batches) for source in deployed.cloud.sources)


@pytest.mark.parametrize("secret", ["", "wrong", "Bearer wrong", "é"])
def test_a_wrong_secret_queues_nothing(
    deployed: Deployed, door: requests.Session, secret: str
) -> None:
    deployed.settle()
    before = batches(deployed)
    answer = send(deployed, door, delivery(0), Authorization=secret.encode())
    assert answer.status_code == 401
    deployed.settle()
    assert batches(deployed) == before


def test_no_secret_at_all(deployed: Deployed) -> None:
    answer = requests.post(
        deployed.cloud.outputs["HookUrl"],
        json=delivery(0),
        verify=str(deployed.sandbox.ca_file),
        timeout=10,
    )
    assert answer.status_code == 401


def test_the_previous_secret_is_accepted_during_a_rotation(
    deployed: Deployed, door: requests.Session
) -> None:
    previous = deployed.cloud.secret("HookSecret")
    deployed.cloud.put_secret("HookSecret", "rotated-" + previous)
    try:
        assert send(deployed, door, delivery(1)).status_code == 200
    finally:
        deployed.cloud.put_secret("HookSecret", previous)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("not json", 400),
        (b"\xff\xfe\x00", 400),
        ("[" * 100_000, 400),
        ("[]", 400),
        ("null", 400),
        ('{"data": null}', 400),
        ('{"data": {"events": {}}}', 400),
        ('{"data": {"events": []}}', 200),
        ('{"data": {"events": [null, 1, "x", {}]}}', 200),
        ('{"data": {"events": [{"eventType": "user.session.start"}]}}', 200),
        ('{"data": {"events": [' + "1" * 5000 + "]}}", 400),
        ("x" * 5_000_001, 413),
    ],
    ids=lambda value: str(value)[:24] if not isinstance(value, int) else str(value),
)
def test_every_body_gets_one_clear_answer(
    deployed: Deployed, door: requests.Session, body: object, status: int
) -> None:
    answer = send(deployed, door, body)
    assert answer.status_code == status
    assert set(answer.json()) <= {"error"}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_have_no_route(
    deployed: Deployed, door: requests.Session, method: str
) -> None:
    url = deployed.cloud.outputs["HookUrl"]
    assert door.request(method, url, timeout=10).status_code == 404


def test_every_sample_is_answered_and_none_is_lost(
    deployed: Deployed, door: requests.Session
) -> None:
    expected = {"rubbish": 400}
    for name in samples.names():
        sample = deliveries.of_name(name)
        answer = door.request(
            sample.method,
            deployed.cloud.outputs["HookUrl"],
            data=sample.body,
            headers=dict(sample.headers),
            timeout=10,
        )
        assert answer.status_code == expected.get(name, 200), name
    deployed.settle()
    sqs = deployed.cloud.client("sqs")
    for queue in ("CheckDeadLetterQueueUrl", "RemediationDeadLetterQueueUrl"):
        attributes = sqs.get_queue_attributes(
            QueueUrl=deployed.cloud.outputs[queue], AttributeNames=["ApproximateNumberOfMessages"]
        )["Attributes"]
        assert attributes["ApproximateNumberOfMessages"] == "0"


def test_twenty_users_without_drift_cost_at_most_three_graph_round_trips(
    deployed: Deployed, door: requests.Session
) -> None:
    """One delivery, one message, one check: token and $batch, whatever the number of users."""
    deployed.settle()
    before = sum(deployed.tenant.calls.values())
    okta_before = deployed.org.calls["GET /api/v1/apps/{app}/users/{user}"]
    assert send(deployed, door, delivery(*range(10, 30))).status_code == 200
    deployed.settle()
    assert sum(deployed.tenant.calls.values()) - before <= 3
    okta_calls = deployed.org.calls["GET /api/v1/apps/{app}/users/{user}"] - okta_before
    assert okta_calls == 20
    state = deployed.state(deployed.subject("staff.10"))
    assert state.covered_to is not None
    assert not state.open


def test_a_redelivery_costs_no_vendor_call(deployed: Deployed, door: requests.Session) -> None:
    body = delivery(40, 41)
    assert send(deployed, door, body).status_code == 200
    deployed.settle()
    before = (sum(deployed.tenant.calls.values()), sum(deployed.org.calls.values()))
    assert send(deployed, door, body).status_code == 200
    deployed.settle()
    assert (sum(deployed.tenant.calls.values()), sum(deployed.org.calls.values())) == before
