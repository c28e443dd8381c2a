"""How each kind of step is done. Every function does exactly one vendor write."""

from __future__ import annotations

from collections.abc import Callable

from lib.errors import NotDone, Permanent, Refused, Transient, Unauthorized
from lib.flows.runs import Act, Hands, LeftWrong, Scene
from lib.flows.tasks import LOCKED_OUT
from lib.incident import Incident, Step, StepKind
from lib.model import Receipt
from lib.ports import GraphPort, OktaPort


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
    name: str, object_id: str, graph: GraphPort, confirm: Callable[[Incident, Step], bool]
) -> Hands:
    """What a signed-in administrator may do to one user, who is another; `graph` acts as them,
    `confirm` asks them.

    The tenant's flag has a flow of its own (lib/flows/bypass.py).
    """
    return Hands(name, {StepKind.PRIVILEGED_WRITE: _write_by(graph, object_id)}, confirm)


def is_same(one: str, other: str) -> bool:
    """Object ids are the same in either letter case."""
    return one.casefold() == other.casefold()


def _write_by(graph: GraphPort, writer: str = "") -> Act:
    """`writer`: the object id of the person who acts."""

    def write(incident: Incident, step: Step, scene: Scene) -> Receipt:
        plan = incident.plan
        if plan.link is not None and is_same(plan.link.object_id, writer):
            raise Permanent("whom the plan is about does not write it")
        if scene.entra is None or plan.link is None or not plan.link.pinned:
            raise Permanent("nothing is written without a pinned link to an existing user")
        if step.after != plan.expected:
            # Okta's value was read again and compared with the plan's, not with the step's.
            raise Permanent("the step would write another value than Okta's")
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
    try:
        after = okta.read_subject(incident.subject).app_user
    except (Refused, Permanent, NotDone) as error:
        # This speaks of the read; the touch was done.
        wait = LOCKED_OUT if isinstance(error, Unauthorized) else None
        wait = error.retry_after if isinstance(error, NotDone) else wait
        raise Transient(f"touched, and not read back: {error}", wait) from None
    if after is None or after.scope != app_user.scope:
        raise LeftWrong(409, "scope_changed", "the assignment's scope changed with the touch")
    return receipt
