"""Okta's side of the hook in tests of pages: what is sent goes to the stage's check queue."""

from __future__ import annotations

import json
from typing import Any

from lib.messages import CheckMessage
from lib.rules.hints import read_events
from ops.replay.send import Sent, Target
from ops.samples import Sample
from tests.fakes.make import APP, OTHER_APP
from tests.fakes.stage import Stage


class FakePost:
    """Receive's place: what it took waits in the stage's check queue."""

    def __init__(self, stage: Stage, status: int = 200) -> None:
        self.stage, self.status, self.answer = stage, status, "{}"
        self.sent: list[Sample] = []

    def __call__(self, target: Target, clock: Any) -> FakePost:
        assert target.secret == "the-secret"
        return self

    def __enter__(self) -> FakePost:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def send(self, sample: Sample) -> Sent:
        self.sent.append(sample)
        if self.status == 200 and sample.body:
            reading = read_events(json.loads(sample.body)["data"]["events"], (APP, OTHER_APP))
            self.stage.checks.send(CheckMessage(reading.hints, first_seen=self.stage.clock()))
        return Sent(sample.name, self.status, self.answer, self.stage.clock())
