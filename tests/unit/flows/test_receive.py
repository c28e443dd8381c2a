"""receive: one clear answer for everything, and 200 only when SQS took it all."""

from __future__ import annotations

import base64
import json
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from lib.aws import SqsCheckQueue
from lib.flows.receive import MOST_BYTES, MOST_MESSAGES, Receive, Request, Response
from lib.hook_secret import HookSecret
from lib.messages import SUBJECTS_A_MESSAGE, CheckMessage
from tests.fakes.clock import FakeClock
from tests.fakes.make import APP, LOGIN, USER
from tests.fakes.outlets import FakeQueue
from tests.fakes.secrets import FakeSecrets

SECRET = "current-secret"
PUSH = "application.provision.user.push_profile"


class Door:
    def __init__(self) -> None:
        self.secrets, self.queue = FakeSecrets(AWSCURRENT=SECRET), FakeQueue()
        secret = HookSecret(self.secrets, "hook", lambda: 0.0)  # type: ignore[arg-type]
        self.flow = Receive(secret, self.queue, (APP,), FakeClock())

    def post(self, body: object, auth: str | None = SECRET, **more: Any) -> Response:
        text = body if isinstance(body, str | None) else json.dumps(body)
        headers = {"authorization": auth} if auth is not None else {}
        return self.flow.run(Request("POST", headers, text, **more))


@pytest.fixture
def door() -> Door:
    return Door()


def event(user: str = USER, **changes: Any) -> dict[str, Any]:
    target = [
        {"id": "0ua1", "type": "AppUser", "alternateId": LOGIN},
        {"id": APP, "type": "AppInstance"},
        {"id": user, "type": "User", "alternateId": LOGIN},
    ]
    known = {"uuid": "u-1", "published": "2026-01-02T03:04:05.678Z", "eventType": PUSH}
    return known | {"target": target} | changes


def delivery(*events: object) -> dict[str, Any]:
    return {"eventType": "com.okta.event_hook", "data": {"events": list(events)}}


def test_a_delivery_is_queued(door: Door) -> None:
    response = door.post(delivery(event()))
    assert (response.status, response.body) == (200, {})
    ((message, _),) = door.queue.sent
    assert [hint.subject.user_id for hint in message.hints] == [USER]
    assert CheckMessage.parse(message.text()) == message


@pytest.mark.parametrize("auth", [None, "", "wrong", SECRET.upper(), SECRET + " ", "\ud800", "ü"])
def test_a_wrong_secret_is_401_and_nothing_is_queued(door: Door, auth: str | None) -> None:
    assert door.post(delivery(event()), auth).status == 401
    assert door.queue.sent == []


def test_without_any_secret_to_compare_it_is_our_fault(door: Door) -> None:
    door.secrets.versions.clear()
    assert door.post(delivery(event())).status == 503
    assert door.queue.sent == []


def test_base64_bodies(door: Door) -> None:
    body = base64.b64encode(json.dumps(delivery(event())).encode()).decode()
    assert door.post(body, is_base64=True).status == 200
    assert len(door.queue.sent) == 1


@pytest.mark.parametrize(
    "body",
    [
        None,
        "",
        "rubbish",
        "\ud800",
        "[" * 100_000,
        "1" * 5000,
        "null",
        "7",
        "[]",
        '"text"',
        "{}",
        '{"data":null}',
        '{"data":[]}',
        '{"data":{}}',
        '{"data":{"events":null}}',
        '{"data":{"events":{}}}',
    ],
)
def test_a_body_that_can_never_be_right_is_400(door: Door, body: str | None) -> None:
    response = door.post(body)
    assert response.status == 400
    assert str(response.body["error"]).endswith((".", "object", "list."))
    assert door.queue.sent == []


@pytest.mark.parametrize("body", ["not base64!", "AAA", "ü", "/w=="])
def test_base64_that_is_none_is_400(door: Door, body: str) -> None:
    assert door.post(body, is_base64=True).status == 400


@pytest.mark.parametrize("size", [MOST_BYTES + 1, MOST_BYTES * 2])
def test_a_body_that_is_too_large_is_413(door: Door, size: int) -> None:
    assert door.post(" " * size).status == 413


def test_what_is_not_ours_is_taken_and_dropped(door: Door) -> None:
    stranger = [{"id": "0oaX", "type": "AppInstance"}, {"id": USER, "type": "User"}]
    odd = [event(eventType="user.session.start"), event(target=stranger), event(target=None), 7]
    response = door.post(delivery(*odd))
    assert response.status == 200
    # The watched event that names nobody goes on, to be parked where a person sees it.
    assert [message.unnamed for message, _ in door.queue.sent] == [("u-1",)]
    assert response.notes["unwatched"] == 1
    assert response.notes["strangers"] == 1
    assert response.notes["malformed"] == 2
    assert door.post(delivery()).status == 200


def test_nothing_of_a_body_gets_into_the_log(door: Door) -> None:
    """Notes are logged: counts, and sentences of ours."""
    odd = event(uuid=LOGIN, target=[{"type": "AppUser", "id": LOGIN, "alternateId": LOGIN}])
    response = door.post(delivery(odd, event()))
    assert LOGIN not in json.dumps([response.body, response.notes])


def test_a_hundred_events_of_one_subject_are_one_subject_in_one_message(door: Door) -> None:
    door.post(delivery(*(event(uuid=f"u-{n}") for n in range(100))))
    ((message, _),) = door.queue.sent
    assert len(message.hints) == 1


def test_a_delivery_about_too_many_is_413_and_nothing_is_queued(door: Door) -> None:
    """More calls to SQS than fit into Okta's 3 seconds would end as a 5xx, half queued."""
    most = MOST_MESSAGES * SUBJECTS_A_MESSAGE
    events = [event(f"00uMANY{n}") for n in range(most + 1)]
    assert door.post(delivery(*events)).status == 413
    assert door.queue.sent == []
    assert door.post(delivery(*events[:most])).status == 200
    assert len(door.queue.sent) == MOST_MESSAGES


@pytest.mark.parametrize("coding", ["utf-16", "utf-32", "utf-8-sig", "latin-1"])
def test_other_encodings_than_utf_8_are_400(door: Door, coding: str) -> None:
    body = json.dumps(delivery(event()) | {"é": "é"}, ensure_ascii=False).encode(coding)
    assert door.post(base64.b64encode(body).decode(), is_base64=True).status == 400
    assert door.queue.sent == []


# -- what a gateway hands over ---------------------------------------------------------------------


def handed(**changes: Any) -> dict[str, Any]:
    known = {
        "headers": {"authorization": SECRET},
        "requestContext": {"http": {"method": "POST"}},
        "body": "{}",
        "isBase64Encoded": False,
    }
    return known | changes


def test_a_gateways_event_is_a_request() -> None:
    assert Request.of(handed()) == Request("POST", {"authorization": SECRET}, "{}")
    assert Request.of(handed(isBase64Encoded=True)).is_base64


@pytest.mark.parametrize(
    "event",
    [
        *(
            None,
            7,
            "text",
            [],
            {},
            handed(headers=None),
            handed(headers=[["authorization", SECRET]]),
        ),
        *(handed(headers={"authorization": [SECRET]}), handed(headers={"authorization": None})),
        handed(headers={}, multiValueHeaders={"authorization": [SECRET]}),
        handed(headers={}, queryStringParameters={"authorization": SECRET}),
        handed(headers={"x-authorization": SECRET}),
        handed(headers={"authorization": SECRET, "Authorization": SECRET}),
    ],
)
def test_what_holds_no_secret_is_a_stranger(door: Door, event: object) -> None:
    assert door.flow.run(Request.of(event)).status == 401


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"http": None}, {"http": {"method": 7}}])
def test_a_method_that_is_none_is_405(door: Door, odd: object) -> None:
    assert door.flow.run(Request.of(handed(requestContext=odd))).status == 405


@pytest.mark.parametrize("odd", [None, 7, [], {}, 1.5, True])
def test_a_body_that_is_no_text_is_400(door: Door, odd: object) -> None:
    assert door.flow.run(Request.of(handed(body=odd))).status == 400


def test_a_queue_that_is_down_is_503(door: Door) -> None:
    door.queue.down = True
    assert door.post(delivery(event())).status == 503


class Sqs:
    """SendMessageBatch as SQS answers it; `refuse` says how many entries of a call fail."""

    def __init__(self, *refuse: int) -> None:
        self.refuse, self.calls, self.taken = list(refuse), 0, 0
        self.client = boto3.client("sqs", region_name="eu-west-1")
        self.bytes = 0

    def send_message_batch(self, QueueUrl: str, Entries: Any) -> Any:  # noqa: N803
        self.calls += 1
        self.bytes = max(self.bytes, sum(len(entry["MessageBody"]) for entry in Entries))
        failing = self.refuse.pop(0) if self.refuse else 0
        ids = [entry["Id"] for entry in Entries]
        answer: Any = {
            "Successful": [
                {"Id": i, "MessageId": "m", "MD5OfMessageBody": "x"} for i in ids[failing:]
            ],
            "Failed": [{"Id": i, "SenderFault": False, "Code": "x"} for i in ids[:failing]],
        }
        with Stubber(self.client) as stub:
            stub.add_response("send_message_batch", answer, {"QueueUrl": QueueUrl, "Entries": ANY})
            answer = self.client.send_message_batch(QueueUrl=QueueUrl, Entries=Entries)
        self.taken += len(ids) - failing
        return answer


def through(door: Door, sqs: Sqs, subjects: int) -> Response:
    queue = SqsCheckQueue(sqs, "https://sqs.example/check")  # type: ignore[arg-type]
    door.flow = Receive(door.flow._secret, queue, (APP,), FakeClock())
    return door.post(
        delivery(*(event(f"00uMANY{n:013}", uuid=f"u-{n:032}") for n in range(subjects)))
    )


def test_a_thousand_subjects_are_four_calls(door: Door) -> None:
    sqs = Sqs()
    assert through(door, sqs, 1000).status == 200
    assert (sqs.calls, sqs.taken) == (4, 40)
    # SQS takes 256 KiB a batch.
    assert sqs.bytes < 262_144


def test_what_sqs_refuses_is_tried_once_more(door: Door) -> None:
    sqs = Sqs(3, 0, 0)
    assert through(door, sqs, 500).status == 200
    assert (sqs.calls, sqs.taken) == (3, 20)


def test_a_part_that_sqs_keeps_refusing_is_503(door: Door) -> None:
    """Okta tries again, and coverage makes what was taken free."""
    assert through(door, Sqs(1, 0, 1), 500).status == 503


# -- verification --------------------------------------------------------------------------------


def verify(door: Door, challenge: str | None, auth: str = SECRET) -> Response:
    headers = {"authorization": auth}
    if challenge is not None:
        headers["x-okta-verification-challenge"] = challenge
    return door.flow.run(Request("GET", headers, None))


def test_a_verification_is_answered(door: Door) -> None:
    assert verify(door, "Me_rShK8-x") == Response(
        200, {"verification": "Me_rShK8-x"}, {"verified": True}
    )


@pytest.mark.parametrize("challenge", [None, "", "a b", "x" * 513, "ü", "a\n"])
def test_a_challenge_that_is_none_is_400(door: Door, challenge: str | None) -> None:
    assert verify(door, challenge).status == 400


def test_a_verification_needs_the_secret_too(door: Door) -> None:
    assert verify(door, "x", "wrong").status == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "get"])
def test_other_methods_are_405(door: Door, method: str) -> None:
    assert door.flow.run(Request(method, {"authorization": SECRET}, "{}")).status == 405
