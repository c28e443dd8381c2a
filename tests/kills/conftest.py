"""The deployed shape once more, for this folder only: moto keeps one state per process.

KILLS: how many invocations have to lose their process; SEED: which points those are.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

import pytest

from lib.model import TouchProof
from lib.times import utc_now
from sandbox.run import Sandbox
from sandbox.world import DEMO, load_world
from tests.integration.conftest import GRAPH_APP, Deployed
from tests.integration.staff import staff
from tests.kills.witness import Witness

KILLS = int(os.environ.get("KILLS", "25"))
SEED = int(os.environ.get("SEED", "4"))
PEOPLE = 60
# Long enough for a run that nobody ends; a deployment waits six minutes, which only takes longer.
VISIBILITY = 5

PARAMETERS = {"Mode": "auto", "WritesPerHour": "1000", "DisablesPerHour": "1000"}


class Shape(Deployed):
    """`witness` saw what was written to the vendors."""

    def __init__(self, sandbox: Sandbox, witness: Witness) -> None:
        super().__init__(sandbox)
        self.witness = witness


@pytest.fixture(scope="module")
def shape() -> Iterator[Shape]:
    text = re.sub(
        r"rate_limits: \{.*\}",
        "rate_limits: {apps: 9000, users: 9000, logs: 9000, other: 9000}",
        DEMO.read_text(),
    )
    text = text.replace("\ngroups:\n", staff(PEOPLE) + "\ngroups:\n")
    every = {"CatchUpFunction": 4.0, "TickFunction": 2.0, "SweepFunction": 0.0}
    sandbox = Sandbox(load_world(text), PARAMETERS, every=every)
    witness = Witness(sandbox)
    with sandbox:
        found = Shape(sandbox, witness)
        proof = TouchProof(GRAPH_APP, "department", "00uProvedByTheDoctor", utc_now(), "uuid", 0.2)
        found.table.record_touch_proof(proof)
        sqs = found.cloud.client("sqs")
        for source in found.cloud.sources:
            sqs.set_queue_attributes(
                QueueUrl=found.cloud.ids[source.shape.queue],
                Attributes={"VisibilityTimeout": str(VISIBILITY)},
            )
        yield found


@pytest.fixture(scope="module")
def reports(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Says a line of the outcome on the terminal, however output is captured."""
    plugins = pytestconfig.pluginmanager
    terminal, capture = (plugins.get_plugin(p) for p in ("terminalreporter", "capturemanager"))

    def say(line: str) -> None:
        if terminal is not None and capture is not None:
            with capture.global_and_fixture_disabled():
                terminal.ensure_newline()
                terminal.write_line(line)

    return say
