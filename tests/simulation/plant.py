"""The functions and people's commands, wired over the simulated world as lib/wiring does."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from lib.flows.approve import Approve
from lib.flows.bypass import Bypass
from lib.flows.catch_up import CatchUp
from lib.flows.check import Check
from lib.flows.check_batch import CheckBatch
from lib.flows.drain import Drain
from lib.flows.drifts import new_incident_id
from lib.flows.errands import Errands
from lib.flows.evidence import Evidence
from lib.flows.flag_incident import FlagIncident
from lib.flows.receive import Receive
from lib.flows.remediate import Remediation
from lib.flows.remediate_message import RemediateMessage
from lib.flows.shared import Shared
from lib.flows.steps import administrator_hands, function_hands
from lib.flows.storm import Storm
from lib.flows.sweep import Sweeping
from lib.flows.sweep_gone import SweepGone
from lib.flows.sweep_page import SweepPage
from lib.flows.sweep_rest import SweepRest
from lib.flows.sweep_start import Starting
from lib.flows.sweep_steps import SweepSteps
from lib.flows.tick import Tick
from lib.model import AppUserPage
from lib.settings import Mode, PolicySettings, WatchSettings
from lib.store.table import Table
from tests.fakes.dynamodb import new_table
from tests.fakes.make import APP, CONNECTOR, OTHER_APP, TENANT, touch_proof
from tests.simulation.clocks import Clocks
from tests.simulation.effects import Effects
from tests.simulation.memory import MemoryDynamoDB
from tests.simulation.outlets import (
    DisturbedDynamoDB,
    SimCheckQueue,
    SimPager,
    SimRemediationQueue,
    SimSweepQueue,
)
from tests.simulation.queues import DeadLetterQueue, Queue
from tests.simulation.vendors import SimGraph, SimLog, SimOkta
from tests.simulation.witness import Rules, Witness
from tests.simulation.world import TOUCHED, World

SECRET = "hook-secret-canary"


class Door:
    """The hook's secret, for receive."""

    def accepts(self, given: str | None) -> bool:
        return given == SECRET


@dataclass(frozen=True)
class Setting:
    """What a deployment chose."""

    mode: Mode
    settle: float
    looks: tuple[float, ...]
    touch: bool
    writes: int
    disables: int

    @classmethod
    def draw(cls, rng: random.Random) -> Setting:
        return cls(
            mode=rng.choice((*[Mode.AUTO] * 4, *[Mode.APPROVE] * 3, Mode.OBSERVE)),
            settle=90.0,
            looks=rng.choice(((60.0,), (60.0,), (60.0, 180.0), ())),
            touch=rng.random() < 0.4,
            writes=rng.choice((1, 2, 50)),
            disables=rng.choice((1, 5)),
        )


class Plant:
    """`calm` parts are for looking at the table without disturbing or being disturbed."""

    def __init__(
        self,
        setting: Setting,
        world: World,
        effects: Effects,
        witness: Witness,
        clocks: Clocks,
        memory: MemoryDynamoDB,
    ) -> None:
        self.setting, self.world, self.effects = setting, world, effects
        self.witness, self.clocks = witness, clocks
        self.peek = new_table(memory)
        self.table = Table(DisturbedDynamoDB(memory, effects), self.peek._name)  # type: ignore[arg-type]
        self.watch = WatchSettings((APP, OTHER_APP), TENANT, setting.settle, setting.looks)
        rules = witness.rules
        self.policy = PolicySettings(
            mode=setting.mode,
            touch_attribute=rules.touch_attribute,
            break_glass=rules.break_glass,
            connector_object_id=CONNECTOR,
            disables_per_hour=rules.disables_per_hour,
            writes_per_hour=rules.writes_per_hour,
            approval_hours=rules.approval_hours,
            tenant_steps_per_hour=2,
        )
        self.checks = Queue("check", 5, clocks.seconds, clocks.peek)
        self.mends = Queue("mend", 3, clocks.seconds, clocks.peek, fifo=True)
        self.sweeps = Queue("sweep", 5, clocks.seconds, clocks.peek)
        self.okta = SimOkta(world, effects, witness)
        self.graph = SimGraph(world, effects, witness)
        self.check_queue = SimCheckQueue(self.checks, effects, setting.settle)
        self.mend_queue = SimRemediationQueue(self.mends, effects)
        self.sweep_queue = SimSweepQueue(self.sweeps, effects)
        self.errands = Errands(self.table, SimPager(effects, witness), self.mend_queue, clocks)
        if setting.touch:
            self.peek.record_touch_proof(touch_proof(APP, TOUCHED))
        self.sweeps_run = False
        self._kept: dict[str, Any] = {}

    def warm(self, name: str, build: Callable[[], Any]) -> Any:
        """An execution environment that is kept until it crashes."""
        return (
            self._kept.setdefault(name, None)
            or self._kept.update({name: build()})
            or (self._kept[name])
        )

    def cold(self, name: str) -> None:
        self._kept.pop(name, None)

    # -- functions --------------------------------------------------------------------------

    def receive(self) -> Receive:
        door: Any = Door()
        return Receive(door, self.check_queue, self.watch.app_ids, self.clocks)

    def check(self) -> CheckBatch:
        evidence = self._evidence()
        both = (self.watch, self.policy, self.okta, self.graph, self.table, self.check_queue)
        check = Check(*both, self.errands, evidence, self.clocks)
        storm = self.storm() if self.sweeps_run else None
        return CheckBatch(
            check, self.okta, self.table, self.check_queue, self.clocks, self._chance, storm
        )

    def remediate(self) -> RemediateMessage:
        hands = function_hands(self.okta, self.graph)
        return RemediateMessage(
            self.remediation(), hands, self.table, self.check_queue, self.clocks, self._chance
        )

    def remediation(self) -> Remediation:
        return Remediation(
            *(self.watch, self.policy, self.okta, self.graph, self.table),
            *(self.check_queue, self.mend_queue, self.errands, self._evidence(), self.clocks),
        )

    def tick(self) -> Tick:
        return Tick(
            *(self.policy, self.table, self.check_queue),
            *(self.errands, self._shared(), self.clocks, self.sweep_queue),
        )

    def starting(self) -> Starting:
        return Starting(self.table, self.sweep_queue, self.watch.app_ids, self.clocks)

    def sweeping(self) -> Sweeping:
        evidence, clocks = self._evidence(), self.clocks
        both = (self.table, self.check_queue, clocks)
        steps = SweepSteps(
            *(self.okta, self.table),
            SweepPage(*(self.watch, self.graph, self.table, evidence, self.check_queue), clocks),
            SweepGone(self.graph, *both),
            SweepRest(*both),
            *(lambda: len(self.checks.messages), SimPager(self.effects, self.witness)),
            *(clocks, one_by_one),
        )
        return Sweeping(steps, self.table, self.sweep_queue, clocks, self._chance)

    def storm(self) -> Storm:
        """Any backlog is a storm: listing two people costs less than reading one by one."""
        return Storm(
            *(self.table, self.starting(), lambda: 50 * len(self.checks.messages)),
            *(lambda: 1.0, self.watch.app_ids, self.clocks),
        )

    def drain(self) -> Drain:
        dead = {
            "check": DeadLetterQueue(self.checks, self.effects),
            "remediate": DeadLetterQueue(self.mends, self.effects),
            "sweep": DeadLetterQueue(self.sweeps, self.effects),
        }
        return Drain(dead, self.table)

    def catch_up(self) -> CatchUp:
        log = SimLog(self.world, self.effects)
        first = timedelta(hours=1)
        return CatchUp(
            *(self.watch.app_ids, log, self.table, self.check_queue),
            *(first, self.clocks, self.clocks.seconds),
        )

    # -- people -----------------------------------------------------------------------------

    def approve(self) -> Approve:
        return Approve(self.policy, self.table, self.mend_queue, self.errands, self.clocks)

    def administrator(self, name: str) -> Any:
        graph = SimGraph(self.world, self.effects, self.witness, name)
        return administrator_hands(name, name, graph, lambda _incident, _step: True)

    def bypass(self, name: str) -> Bypass:
        graph = SimGraph(self.world, self.effects, self.witness, name)
        evidence = Evidence(self.okta, graph, self.table, CONNECTOR, self.clocks)
        incidents = FlagIncident(
            *(self.table, self.policy, TENANT, self.errands, self._shared()),
            *(self.check_queue, name, new_incident_id, self.clocks),
        )
        return Bypass(
            *(self.watch, self.policy, self.okta, graph, self.table, evidence, incidents),
            *(f"run-{self.effects.number}", self.clocks.pass_by, self.clocks),
        )

    def _shared(self) -> Shared:
        return Shared(
            *(self.table, self.errands, TENANT, self.policy.mode, new_incident_id, self.clocks)
        )

    def _evidence(self) -> Evidence:
        return Evidence(self.okta, self.graph, self.table, CONNECTOR, self.clocks)

    def _chance(self) -> float:
        run = self.effects.run
        return run.rng.random() if run else 0.5


def one_by_one(fetch: Callable[[str], AppUserPage], link: str, most: int) -> Iterator[AppUserPage]:
    """No page is fetched ahead: a thread would have effects of its own."""
    for _ in range(most):
        page = fetch(link)
        yield page
        link = page.next
        if not link:
            return


def rules(setting: Setting, world: World, rng: random.Random) -> Rules:
    glass = rng.choice(world.people).object_id if rng.random() < 0.15 else ""
    return Rules(
        break_glass=frozenset({glass} - {""}),
        writes_per_hour=setting.writes,
        disables_per_hour=setting.disables,
        approval_hours=2,
        touch_attribute=TOUCHED if setting.touch else None,
        default_mode=setting.mode.value,
    )
