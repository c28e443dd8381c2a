"""Causes that touch more than one user: one incident lists everyone they touch.

Such an incident belongs to a pseudo-subject whose user id begins with EVERYONE and names the cause,
so that "at most one open incident" holds for it as it does for a user. The drifts it lists are its
members: incidents of their own (own values, own proof) that wait for it and page nobody.
"""

from __future__ import annotations

from lib.incident import (
    EVERYONE,
    Cause,
    CauseName,
    Certainty,
    Drift,
    Plan,
    Policy,
    Step,
    StepKind,
)
from lib.model import Subject
from lib.rules.cause_table import CAUSES, Reach
from lib.rules.causes import BypassFact

# Where a suspicion is about one user only: it makes nobody else's incident.
_ONLY_CONFIRMED = frozenset(
    {
        CauseName.MAPPING_CREATE_ONLY,
        CauseName.CONNECTOR_AUTH,
        CauseName.CONNECTOR_UNDERPRIVILEGED,
    }
)
# One mapping is one attribute's; the other shared causes touch every attribute alike.
_PER_ATTRIBUTE = frozenset({CauseName.MAPPING_MISSING, CauseName.MAPPING_CREATE_ONLY})


def shared_subject(
    lead: Cause, drift: Drift, subject: Subject, tenant_id: str, bypass: BypassFact | None
) -> Subject | None:
    """Whose incident lists this drift. None: the drift stands by itself.

    A leaver's account always stands by itself: each is urgent. So does a mapping that may be one
    assignment's override only, a connector that is only suspected, and a synced number once the
    flag is known to be on (the cause is then this user's missing push).
    """
    reach = CAUSES[lead.name].reach
    if reach is Reach.USER or drift.expected is False:
        return None
    if lead.name is CauseName.DIRSYNC_OVERRIDE and bypass is not None and bypass.enabled:
        return None
    if lead.name in _ONLY_CONFIRMED and lead.certainty is not Certainty.CONFIRMED:
        return None
    of = f"{EVERYONE}{lead.name.value}"
    if lead.name in _PER_ATTRIBUTE:
        of += f":{drift.attribute.value}"
    return Subject(tenant_id if reach is Reach.TENANT else subject.app_id, of)


def flag_subject(tenant_id: str) -> Subject:
    """Where the incident of the tenant flag is kept."""
    return Subject(tenant_id, f"{EVERYONE}{CauseName.DIRSYNC_OVERRIDE.value}")


def shared_plan(
    incident_id: str,
    whose: Subject,
    drift: Drift,
    lead: Cause,
    tenant_id: str,
    bypass: BypassFact | None,
    preview: str = "",
) -> Plan:
    """The one cure for all. It holds no user's value, so that members may come and go.

    `preview` is the digest of whom the flag would overwrite: an approval is for exactly that.
    """
    policy = Policy(0, ())
    if lead.name is CauseName.DIRSYNC_OVERRIDE:
        known = None if bypass is None else bypass.enabled
        note = "Tenant-wide. Preview first: every differing cloud-set number is overwritten."
        step = Step(StepKind.BYPASS_ENABLE, "bypassDirSyncOverridesEnabled", known, True, note)
        policy = Policy(1, ("tenant-wide and without undo",))
    else:
        step = Step(StepKind.MANUAL, lead.name.value, None, None, CAUSES[lead.name].runbook)
    return Plan(
        incident_id=incident_id,
        tenant_id=tenant_id,
        subject=whose,
        link=None,
        attribute=drift.attribute,
        expected=None,
        actual=None,
        cause=lead.name,
        steps=(step,),
        policy=policy,
        watched=preview,
    )
