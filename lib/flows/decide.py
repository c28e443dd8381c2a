"""From a finished look at one drift to the incident's next state. Pure: no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from lib.incident import Cause, Entry, Incident, News, Page, Plan, Severity, Status, StepKind
from lib.rules.attempts import STUCK, failures_after, last_failure
from lib.rules.cause_table import CAUSES
from lib.rules.pages import page
from lib.rules.policy import Approval, Decision, Verdict, gate
from lib.settings import Mode

ACTOR = "check"


@dataclass(frozen=True)
class Circumstances:
    """What a decision depends on beside the plan."""

    mode: Mode
    approvals: tuple[Approval, ...]
    now: datetime
    valid_hours: float


@dataclass(frozen=True)
class Outcome:
    """`run`: the remediation may start now. `leaves`: the incident that no longer lists it."""

    incident: Incident
    entries: tuple[Entry, ...] = ()
    pages: tuple[Page, ...] = ()
    run: bool = False
    leaves: str = ""


def status_for(plan: Plan, steps_done: int, decision: Decision) -> Status:
    """A manual step needs no approval: a person does it, or nobody."""
    step = plan.steps[steps_done] if steps_done < len(plan.steps) else None
    match decision.verdict:
        case Verdict.OBSERVE:
            return Status.OBSERVED
        case Verdict.BLOCKED:
            return Status.WAITING_PERSON
    if step is None or step.kind is StepKind.MANUAL:
        return Status.WAITING_PERSON
    if decision.verdict is Verdict.NEEDS_APPROVAL:
        return Status.WAITING_APPROVAL
    return Status.REMEDIATING if step.kind.automatic else Status.WAITING_PERSON


def opened(
    plan: Plan,
    causes: tuple[Cause, ...],
    severity: Severity,
    read_at: datetime,
    now: Circumstances,
    parent: str = "",
    back: str = "",
) -> Outcome:
    """`parent`: the incident of the shared cause that tells on-call of it. `back`: why this drift
    counts as one that came back, which only people may mend again.
    """
    if back:
        plan = _with_a_person(plan, back)
    decision = _decide(plan, now)
    status = Status.SHARED if parent else status_for(plan, 0, decision)
    incident = Incident(
        id=plan.incident_id,
        subject=plan.subject,
        attribute=plan.attribute,
        status=status,
        severity=severity,
        causes=causes,
        plan=plan,
        opened_at=now.now,
        updated_at=now.now,
        drift_read_at=read_at,
        attempt=1 if status is Status.REMEDIATING else 0,
        failed=back,
        parent=parent,
    )
    told = Entry(now.now, ACTOR, "opened", describe(plan, causes, decision))
    if parent:
        return Outcome(incident, (told, _listed(parent, now.now)))
    detail = f"Mending stopped: {back}. " if back else ""
    news = page(incident, News.OPENED, detail + _what_next(incident, decision))
    return Outcome(incident, (told,), (news,), status is Status.REMEDIATING)


def seen_again(
    known: Incident,
    plan: Plan,
    causes: tuple[Cause, ...],
    severity: Severity,
    read_at: datetime,
    now: Circumstances,
    parent: str = "",
) -> Outcome:
    """The drift of an open incident was still there at a last look.

    Approvals are for one digest, so a changed plan loses them by itself. A mend that was to be
    proved and was not goes to a person: nothing is tried twice by itself.
    """
    unproved = known.status is Status.PROVING
    failures = failures_after(known)
    failed = last_failure("did not land", failures) if unproved else known.failed
    if failed:
        plan = _with_a_person(plan, failed)
    same = plan.digest == known.plan.digest
    done = known.steps_done if same and not unproved else 0
    decision = _decide(plan, now)
    status = Status.SHARED if parent else status_for(plan, done, decision)
    run = status is Status.REMEDIATING
    incident = replace(
        known,
        plan=plan,
        causes=causes,
        severity=severity,
        status=status,
        steps_done=done,
        in_flight=None,
        failed=failed,
        failures=failures,
        drift_read_at=read_at,
        updated_at=now.now,
        attempt=known.attempt + 1 if run else known.attempt,
        approved_until=known.approved_until if same else None,
        maybe_done=_begun(known) and same and not unproved,
        parent=parent,
    )
    entries: list[Entry] = []
    if unproved or not same:
        word = "not proved" if unproved else "plan changed"
        entries.append(Entry(now.now, ACTOR, word, describe(plan, causes, decision)))
    elif status is not known.status and not parent:
        entries.append(Entry(now.now, ACTOR, status.value, decision.reason))
    if parent and parent != known.parent:
        entries.append(_listed(parent, now.now))
    news = _news(known, incident, decision, now)
    asleep = known.snoozed_until is not None and now.now < known.snoozed_until
    quiet = asleep and not unproved and not _worse(known, incident)
    pages = (news,) if news and not quiet else ()
    leaves = known.parent if known.parent != parent else ""
    return Outcome(incident, tuple(entries), pages, run, leaves)


def _news(known: Incident, after: Incident, decision: Decision, now: Circumstances) -> Page | None:
    """What on-call is told of a drift that is still there; None: nothing new."""
    next_ = _what_next(after, decision)
    once = str(known.version)
    if known.status is Status.PROVING:
        detail = f"The values still differ after the last look. {next_}"
        return page(after, News.GAVE_UP, detail, once)
    if after.parent:
        return None  # its list tells
    if known.parent and _waits_anew(known, after):
        # Nobody was paged of it while a list held it: once a day, should it come and go.
        once = f"left-{after.lead.name.value}-{now.now:%Y%m%d}"
        return page(after, News.NEEDS_YOU, next_, once)
    same = after.plan.digest == known.plan.digest
    if not same and _worse(known, after):
        return page(after, News.CHANGED, next_, once)
    if not same and after.status is Status.WAITING_APPROVAL and now.approvals:
        next_ = f"The plan changed, so approvals count anew. {next_}"
        return page(after, News.NEEDS_YOU, next_, once)
    if same and after.attempt == STUCK and known.status is after.status is Status.REMEDIATING:
        detail = f"It was queued {STUCK} times and its next step is not done. It goes on by itself."
        return page(after, News.NEEDS_YOU, detail, once)
    return page(after, News.NEEDS_YOU, next_, once) if _waits_anew(known, after) else None


def _with_a_person(plan: Plan, why: str) -> Plan:
    """From now on nothing of it runs by itself, whatever the mode."""
    policy = replace(
        plan.policy,
        approvals=max(1, plan.policy.approvals),
        reasons=(*plan.policy.reasons, why),
    )
    return replace(plan, policy=policy)


def _listed(parent: str, at: datetime) -> Entry:
    return Entry(at, ACTOR, "shared cause", f"{parent} lists it and tells on-call")


def _waits_anew(before: Incident, after: Incident) -> bool:
    waits = (Status.WAITING_APPROVAL, Status.WAITING_PERSON)
    return after.status in waits and before.status not in waits


def _worse(before: Incident, after: Incident) -> bool:
    return (
        before.lead.name is not after.lead.name
        or before.severity is not after.severity
        or before.plan.values_digest != after.plan.values_digest
    )


def proved(known: Incident, read_at: datetime, now: datetime) -> Outcome:
    """The only way to RESOLVED: a read later than the last drift read and the last step."""
    incident = replace(
        known,
        status=Status.RESOLVED,
        in_flight=None,
        maybe_done=_begun(known),
        parent="",
        updated_at=now,
    )
    told = Entry(now, ACTOR, "proved", f"expected = actual in the read of {read_at.isoformat()}")
    by_us = incident.mended_by_us
    detail = "" if by_us else "The values agree again without a step of ours."
    # Sent only where something was sent that it closes: members of a list page nobody.
    told_of = page(incident, News.MENDED, detail)
    return Outcome(incident, (told,), (told_of,), leaves=known.parent)


def silent(known: Incident, now: datetime) -> Outcome:
    """Okta no longer has an opinion: there is nothing left to mend or to prove."""
    return _closed(known, now, "Okta no longer has an opinion")


def _begun(known: Incident) -> bool:
    """A step whose outcome nobody recorded: it may have happened."""
    return known.maybe_done or known.in_flight is not None


def ruled(known: Incident, now: datetime) -> Outcome:
    """The values are again what a person dismissed."""
    return _closed(known, now, "the values are again those that a person dismissed")


def _closed(known: Incident, now: datetime, why: str) -> Outcome:
    incident = replace(known, status=Status.DISMISSED, in_flight=None, parent="", updated_at=now)
    told_of = page(incident, News.DISMISSED, f"{why[0].upper()}{why[1:]}.")
    told = Entry(now, ACTOR, "dismissed", why)
    return Outcome(incident, (told,), (told_of,), leaves=known.parent)


def describe(plan: Plan, causes: Iterable[Cause], decision: Decision) -> str:
    names = ", ".join(f"{cause.name.value} ({cause.certainty.value})" for cause in causes)
    steps = " → ".join(step.kind.value for step in plan.steps)
    return f"causes: {names}; plan: {steps}; {decision.verdict.value}: {decision.reason}"


def _decide(plan: Plan, now: Circumstances) -> Decision:
    return gate(plan, now.mode, now.approvals, now.now, now.valid_hours)


def _what_next(incident: Incident, decision: Decision) -> str:
    text = CAUSES[incident.lead.name]
    match incident.status:
        case Status.OBSERVED:
            return f"Nothing is done: {decision.reason}. {text.runbook}"
        case Status.WAITING_APPROVAL:
            people = "approval" if decision.needed == 1 else "approvals by different people"
            return f"The plan waits for {decision.needed} {people}."
        case Status.REMEDIATING:
            return "The plan runs by itself."
        case Status.SHARED:
            return f"The cause is shared: {incident.parent} lists everyone it touches."
        case _ if decision.verdict is Verdict.BLOCKED:
            return f"Nothing is done: {decision.reason}."
    step = incident.next_step
    return step.note if step and step.note else text.runbook
