"""Whom the incident of a shared cause concerns: they do not decide about it.

Its own plan names nobody, so that members may come and go; each member's plan says who its target
is and who changed the value.
"""

from __future__ import annotations

from lib.incident import Incident, StepKind
from lib.rules.policy import Approval, is_excluded
from lib.store.table import Table

# How many members are read: five requests. A longer list takes a second person.
READ = 500


def concerned(table: Table, incident: Incident) -> frozenset[str]:
    """Who may not decide, as far as the first READ members tell."""
    people = set(incident.plan.policy.excluded)
    if incident.everyone:
        listed = table.members(incident.id, READ)
        for member in table.incidents(list({each.incident_id for each in listed})).values():
            people.update(member.plan.policy.excluded)
    return frozenset(people)


def people_needed(table: Table, incident: Incident) -> int:
    """Beside what the plan asks for: two where not every member is read."""
    flag = any(step.kind is StepKind.BYPASS_ENABLE for step in incident.plan.steps)
    if not incident.everyone or not flag:
        return 0
    return 2 if table.member_count(incident) > READ else 0


def approvals(table: Table, incident: Incident) -> list[Approval]:
    """Those by somebody whom it does not concern by now: members join after an approval, too."""
    given = table.approvals(incident.id)
    if not given or not incident.everyone:
        return given
    people = concerned(table, incident)
    return [each for each in given if not is_excluded(each.person, people)]
