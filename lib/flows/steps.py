"""How each kind of step is done. Every function does exactly one vendor write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from lib.errors import Permanent, Refused, Transient
from lib.flows.runs import Act, Hands, Scene
from lib.incident import Incident, Step, StepKind
from lib.model import Receipt
from lib.ports import GraphPort, OktaPort
from lib.rules.causes import BypassFact
from lib.store.table import Table
from lib.times import Clock

# A preview older than this no longer tells whom the flag would overwrite.
PREVIEW_AGE = timedelta(hours=1)
# Reads after writes may be stale; seconds between attempts to read the flag back.
READ_BACK = (1.0, 2.0, 4.0, 8.0)


def function_hands(okta: OktaPort, graph: GraphPort) -> Hands:
    """What the remediate function may do: narrow writes and touches."""
    return Hands(
        "remediate",
        {
            StepKind.GRAPH_WRITE: _write_by(graph),
            StepKind.OKTA_TOUCH: lambda incident, step, scene: _touch(okta, incident, step, scene),
        },
        only_queued=True,
    )


def administrator_hands(
    name: str,
    graph: GraphPort,
    table: Table,
    clock: Clock,
    sleep: Callable[[float], None],
    confirm: Callable[[Incident, Step], bool],
) -> Hands:
    """What a signed-in administrator may do; `graph` acts as them, `confirm` asks them."""

    return Hands(
        name,
        {
            StepKind.PRIVILEGED_WRITE: _write_by(graph),
            StepKind.BYPASS_ENABLE: lambda _incident, _step, _scene: _enable(
                graph, table, clock, sleep
            ),
        },
        confirm,
    )


def _write_by(graph: GraphPort) -> Act:
    def write(incident: Incident, step: Step, scene: Scene) -> Receipt:
        plan = incident.plan
        if scene.entra is None or plan.link is None or not plan.link.pinned:
            raise Permanent("nothing is written without a pinned link to an existing user")
        if scene.entra.value(plan.attribute) == step.after:
            # A crash came between this write and its outcome: it happened.
            return Receipt(scene.reading.taken_at, 204)
        return graph.patch_user(plan.link.object_id, {plan.attribute: step.after})

    return write


def _touch(okta: OktaPort, incident: Incident, step: Step, scene: Scene) -> Receipt:
    """Okta re-pushes the whole profile after this, so scope must not move with it."""
    app_user = scene.reading.app_user
    if app_user is None or not isinstance(step.after, str):
        raise Permanent("there is no app assignment to touch")
    if app_user.profile.get(step.target) == step.after:
        return Receipt(app_user.last_updated, 200)
    current = app_user.profile.get(step.target)
    if current != step.before:
        raise Refused(409, "touch_attribute_changed", "the touch attribute holds another value")
    receipt = okta.touch(incident.subject, step.target, step.after)
    after = okta.read_subject(incident.subject).app_user
    if after is None or after.scope != app_user.scope:
        raise Refused(409, "scope_changed", "the assignment's scope changed with the touch")
    return receipt


def _enable(
    graph: GraphPort, table: Table, clock: Clock, sleep: Callable[[float], None]
) -> Receipt:
    """The article's GET, PATCH, GET; the answer is recorded with its date for the functions."""
    preview = table.preview()
    if preview is None or clock() - preview[0] > PREVIEW_AGE:
        raise Permanent("the preview is missing or older than an hour: run the preview again")
    before = graph.directory_sync()
    receipt = Receipt(clock(), 204)
    if not before.bypass_enabled:
        receipt = graph.set_bypass(before.id, True)
    for wait in READ_BACK:
        if graph.directory_sync().bypass_enabled:
            table.record_bypass(BypassFact(True, clock(), "an administrator's GET after PATCH"))
            return receipt
        sleep(wait)
    raise Transient("the flag still reads false after the PATCH", retry_after=60)
