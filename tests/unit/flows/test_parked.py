"""Dead letters are parked; parked work is sent again or thrown away, and nothing is lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from lib.aws_dead_letters import DeadLetter
from lib.errors import Permanent, Transient
from lib.flows.drain import Drain
from lib.flows.unpark import retry
from lib.incident import Status
from lib.messages import CheckMessage, RemediationMessage
from lib.settings import Mode
from lib.store.parked import ParkedWork
from tests.fakes.make import OLD_MAILS, SUBJECT
from tests.fakes.stage import Stage


class FakeDeadLetters:
    """Hidden letters come back with `wake`, as they do after the visibility timeout."""

    def __init__(self, *letters: DeadLetter) -> None:
        self.letters, self.hidden = list(letters), []
        self.fails = False

    def take(self) -> list[DeadLetter]:
        taken, self.letters = self.letters[:10], self.letters[10:]
        self.hidden += taken
        return taken

    def forget(self, letter: DeadLetter) -> None:
        if self.fails:
            raise Transient("SQS does not answer")
        self.hidden.remove(letter)

    def wake(self) -> None:
        self.letters, self.hidden = self.hidden + self.letters, []


def letter(stage: Stage, number: int = 1, body: str = "") -> DeadLetter:
    body = body or CheckMessage.look_at(SUBJECT).text()
    return DeadLetter(f"m-{number}", body, stage.clock(), f"receipt-{number}")


def only(stage: Stage) -> ParkedWork:
    (work,) = stage.table.parked()
    return work


def test_dead_letters_are_parked_with_their_age_and_reason(stage: Stage) -> None:
    letters = [letter(stage, number) for number in range(13)]
    stage.clock.pass_by(3600)
    queue, other = FakeDeadLetters(*letters), FakeDeadLetters()
    assert Drain({"check": queue, "remediate": other}, stage.table).run() == 13
    parked = stage.table.parked()
    assert {work.at for work in parked} == {one.sent_at for one in letters}
    assert {work.reason for work in parked} == {
        "it crashed the check function until SQS set it aside"
    }
    assert len({work.id for work in parked}) == 13
    assert (queue.letters, queue.hidden) == ([], [])


def test_a_crash_between_parking_and_deleting_parks_once(stage: Stage) -> None:
    queue = FakeDeadLetters(letter(stage))
    queue.fails = True
    with pytest.raises(Transient):
        Drain({"check": queue}, stage.table).run()
    queue.wake()
    queue.fails = False
    stage.clock.pass_by(120)
    assert Drain({"check": queue}, stage.table).run() == 1
    assert len(stage.table.parked()) == 1


def test_a_letter_that_can_not_be_parked_stays(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise Transient("DynamoDB does not answer")

    queue = FakeDeadLetters(letter(stage))
    monkeypatch.setattr(stage.table, "park", fail)
    with pytest.raises(Transient):
        Drain({"check": queue}, stage.table).run()
    assert len(queue.hidden) == 1


def test_parked_checks_are_sent_again_and_gone(stage: Stage) -> None:
    old = CheckMessage.look_at(SUBJECT, stage.clock() - timedelta(days=3))
    stage.table.park("m-1", "Okta refused", old.text(), stage.clock())
    retry(only(stage), stage.table, stage.checks, stage.clock)
    assert stage.table.parked() == []
    ((message, _),) = stage.checks.sent
    assert [hint.subject for hint in message.hints] == [SUBJECT]
    assert message.first_seen is not None
    assert stage.clock() - message.first_seen < timedelta(seconds=1)
    stage.looks()
    assert stage.table.parked() == []


def test_a_parked_remediation_is_planned_anew(stage: Stage) -> None:
    stage.graph.set(other_mails=OLD_MAILS)
    stage.build(mode=Mode.AUTO)
    found = stage.drifted()
    message = stage.remediations.sent.pop()
    stage.table.park("r-1", "why", message.text(), stage.clock())
    stage.clock.pass_by(60)
    retry(only(stage), stage.table, stage.checks, stage.clock)
    assert stage.remediations.sent == []
    stage.drain()
    done = stage.table.incident(found.id)
    assert done is not None
    assert done.status is Status.RESOLVED
    assert len(stage.graph.patches) == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("rubbish", "no message of this version"),
        (CheckMessage(unnamed=("u-1",)).text(), "names nobody"),
        (RemediationMessage("inc-ffffffffff", "0" * 64, 1, "u").text(), "does not exist"),
    ],
)
def test_what_can_never_be_done_stays_parked_and_says_why(
    stage: Stage, body: str, sentence: str
) -> None:
    stage.table.park("m-1", "why", body, stage.clock())
    with pytest.raises(Permanent, match=sentence):
        retry(only(stage), stage.table, stage.checks, stage.clock)
    assert stage.checks.sent == []
    assert len(stage.table.parked()) == 1


def test_a_queue_that_is_down_keeps_it_parked(stage: Stage) -> None:
    stage.table.park("m-1", "why", CheckMessage.look_at(SUBJECT).text(), stage.clock())
    stage.checks.down = True
    with pytest.raises(Transient):
        retry(only(stage), stage.table, stage.checks, stage.clock)
    assert len(stage.table.parked()) == 1


def test_discarding_keeps_what_and_why(stage: Stage) -> None:
    stage.table.park("m-1", "why", "body", stage.clock())
    work = only(stage)
    assert stage.table.discard(work, "a test", "arn:somebody", stage.clock())
    assert stage.table.parked() == []
    assert not stage.table.discard(work, "a test", "arn:somebody", stage.clock())
    table: Any = stage.table
    (note,) = [i for i in table._client.scan(TableName=table._name)["Items"] if "why" in i]
    assert (note["why"], note["by"], note["body"]) == ("a test", "arn:somebody", "body")
