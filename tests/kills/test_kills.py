"""Processes are killed while events flow; then nothing is lost, and nothing happened twice."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime

import pytest

from lib.aws import SqsCheckQueue
from lib.flows.catch_up import LEASE
from lib.flows.unpark import retry
from lib.incident import Incident, News, Status
from lib.rules.attempts import ABANDONED
from lib.times import utc_now
from tests.integration.staff import name
from tests.kills.conftest import KILLS, PEOPLE, SEED, Shape
from tests.kills.killer import Killer

# A round of work lasts about as long as its messages take to come back.
LONGEST = 60.0 + 8.0 * KILLS
# A killed catch_up leaves its lease to run out before the log is read on.
DRAIN = LEASE.total_seconds() + 60.0
NUMBERS = [f"+1 202 555 01{last}" for last in range(10, 99)]


class Story:
    """Who changed when, who of them drifts, and who left."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self._shape, self.chance = shape, random.Random(seed)
        people = [name(number) for number in range(PEOPLE)]
        self.chance.shuffle(people)
        self.leavers, self.drifting, self.agreeing = people[:4], people[4:34], people[34:]
        self.changed: dict[str, datetime] = {}
        self.numbers: dict[str, str] = {}

    def somebody_changes(self) -> None:
        self._change(self.chance.choice(self.agreeing))

    def somebody_drifts(self) -> None:
        """Once each: the change is never pushed."""
        for person in self._next(self.drifting):
            self._shape.org.suppress_push(person, "never pushed")
            self._change(person)

    def somebody_leaves(self) -> None:
        for person in self._next(self.leavers):
            self.changed[person] = utc_now()
            self._shape.org.suppress_push(person, "licence error")
            self._shape.org.deactivate(person)

    def _next(self, people: list[str]) -> list[str]:
        return [person for person in people if person not in self.changed][:1]

    def _change(self, person: str) -> None:
        held = self._shape.org.user(person).profile["mobilePhone"]
        # The same number again is no change, and nobody hears of it.
        number = self.chance.choice([each for each in NUMBERS if each != held])
        self.changed[person], self.numbers[person] = utc_now(), number
        self._shape.org.set_user_profile(person, {"mobilePhone": number})


@pytest.fixture(scope="module")
def story(shape: Shape, reports: Callable[[str], None]) -> Story:
    """The whole story once; the tests look at what came of it."""
    told, killer = Story(shape, SEED), Killer(shape.cloud, SEED)
    # A leaver who was never seen linked is looked for by name only, which is never written by.
    for person in told.leavers:
        shape.org.set_user_profile(person, {"mobilePhone": "+1 202 555 0100"})
    shape.settle()
    began = time.monotonic()
    killer.start()
    try:
        while killer.hits < KILLS and time.monotonic() - began < LONGEST:
            told.somebody_changes()
            told.somebody_drifts()
            if told.chance.random() < 0.2:
                told.somebody_leaves()
            time.sleep(0.4)
    finally:
        killer.stop()
    assert shape.org.wait_idle(30)
    comes_to_rest(shape, told)
    send_parked_again(shape)
    comes_to_rest(shape, told)
    took = time.monotonic() - began
    reports(f"{killer.hits} invocations killed by {killer.shots} signals in {took:.0f} s:")
    reports(", ".join(f"{name} {n}" for name, n in shape.cloud.gone().items() if n))
    assert killer.hits >= KILLS
    return told


def comes_to_rest(shape: Shape, story: Story) -> None:
    """Or its patience ends: the tests say what is left."""
    began = time.monotonic()
    while time.monotonic() < began + patience(shape) and not at_rest(shape, story):
        time.sleep(0.5)


def send_parked_again(shape: Shape) -> None:
    """As a person does with a message whose run was killed again and again."""
    queue = SqsCheckQueue(shape.cloud.client("sqs"), shape.cloud.outputs["CheckQueueUrl"])
    for work in shape.table.parked():
        retry(work, shape.table, queue, utc_now)


def patience(shape: Shape) -> float:
    """Seconds. A step whose outcome nobody recorded is left alone for a quarter of an hour, where
    its message could not take it up again at once.
    """
    abandoned = any(incident.in_flight for incident in unfinished(shape))
    return DRAIN + (ABANDONED.total_seconds() if abandoned else 0.0)


def at_rest(shape: Shape, story: Story) -> bool:
    quiet = shape.cloud.wait_until_quiet(1)
    left = uncovered(shape, story) or under_look(shape, story) or unfinished(shape)
    return quiet and not left


def under_look(shape: Shape, story: Story) -> list[str]:
    """Whose difference waits for its last look: no incident tells of it yet."""
    return [person for person in story.changed if shape.state(shape.subject(person)).chain]


def parked_work(shape: Shape) -> str:
    """The bodies of what a person is to send again."""
    return " ".join(work.body for work in shape.table.parked())


def uncovered(shape: Shape, story: Story) -> list[str]:
    """Who changed, is not covered since, and is in no parked work either."""
    parked = parked_work(shape)
    left = []
    for person, at in story.changed.items():
        subject = shape.subject(person)
        covered = shape.state(subject).covered_to
        if (covered is None or covered < at) and subject.user_id not in parked:
            left.append(person)
    return left


def incidents(shape: Shape) -> list[Incident]:
    rows = [*shape.table.summaries(), *shape.table.summaries(closed=True)]
    found = [shape.table.incident(str(row["incident"])) for row in rows]
    return [incident for incident in found if incident]


def unfinished(shape: Shape) -> list[Incident]:
    """Neither proved nor a person's, and in no parked work."""
    parked = parked_work(shape)
    waiting = (Status.WAITING_APPROVAL, Status.WAITING_PERSON, Status.SHARED)
    return [
        incident
        for incident in incidents(shape)
        if incident.status.open and incident.status not in waiting and incident.id not in parked
    ]


def test_every_hint_is_covered(shape: Shape, story: Story) -> None:
    """What was parked was sent again, so nothing is left there, either."""
    assert shape.table.parked() == []
    assert uncovered(shape, story) == []
    assert under_look(shape, story) == []
    assert shape.cloud.wait_until_quiet(10), shape.cloud.backlog()


def test_every_drift_is_proved_or_a_persons(shape: Shape, story: Story) -> None:
    left = unfinished(shape)
    assert left == [], [entry.what for i in left for entry in shape.table.timeline(i.id)]
    found = incidents(shape)
    drifted = {shape.subject(p).user_id for p in story.drifting if p in story.changed}
    assert drifted <= {incident.subject.user_id for incident in found}
    mended = [i for i in found if i.status is Status.RESOLVED and i.steps_done]
    assert len(mended) >= len(drifted) // 2


def test_what_is_proved_is_true(shape: Shape, story: Story) -> None:
    open_for = {i.subject.user_id for i in incidents(shape) if i.status.open}
    for person, number in story.numbers.items():
        if shape.subject(person).user_id not in open_for:
            held = shape.tenant.get_user(person).mobile_phone
            assert held == number, f"{person} is covered and differs"


def test_nothing_is_written_twice_with_another_value(shape: Shape, story: Story) -> None:
    written = defaultdict(set)
    for write in shape.witness.writes:
        assert write.attribute in ("mobilePhone", "otherMails", "accountEnabled", "department")
        written[write.vendor, write.path, write.attribute].add(write.value)
    assert written
    assert {key: values for key, values in written.items() if len(values) > 1} == {}
    assert all(w.value == "False" for w in shape.witness.writes if w.attribute == "accountEnabled")


def test_at_most_one_incident_is_open_for_a_subject_and_attribute(
    shape: Shape, story: Story
) -> None:
    still = [(i.subject, i.attribute) for i in incidents(shape) if i.status.open]
    assert len(still) == len(set(still))


def test_no_page_is_lost(shape: Shape, story: Story) -> None:
    """Each incident's opening reached the topic, by itself or in the group that stands for it."""
    sent = [page["MessageAttributes"] for page in shape.cloud.pages()]
    keys = {attributes["dedup_key"]["Value"] for attributes in sent}
    for incident in incidents(shape):
        news = [told for told in shape.table.told(incident.id) if told.page.news is News.OPENED]
        assert news, f"{incident.id} opened without a page"
        for told in news:
            assert told.done, f"{incident.id}: {told.page.key} was never sent"
            assert (told.instead or told.page.key) in keys
