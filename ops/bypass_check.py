"""pushproof bypass check: the article's ordinary checks, walked and recorded with date and person.

What was read counts before what a person says: a word is taken only for what can not be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from lib.graph import Graph
from lib.okta import Okta
from lib.okta_admin import OktaAdmin
from lib.rules.flag import OrdinaryCheck, OrdinaryChecks, Summary
from lib.store.table import Table
from ops.doctor.ordinary import Ordinary, examine

CONNECTOR_UNKNOWN = "connector_unknown"
PUSH_SEEN, PUSH_NONE = "push_seen", "push_none"


def walk(
    okta: Okta,
    admin: OktaAdmin,
    graph: Graph,
    table: Table,
    app_ids: Sequence[str],
    configured: str | None,
    now: datetime,
) -> list[Ordinary]:
    """One for each app. `configured`: the connector's object id; else what pushes told counts."""
    found: list[Ordinary] = []
    for app in app_ids:
        fact = None if configured else table.connector_fact(app)
        learned = fact.principal_id if fact and fact.principal_id else None
        found += examine(okta, admin, graph, (app,), configured or learned, now)
    return found


def judged(
    apps: Sequence[Ordinary],
    preview: Summary,
    person: str,
    now: datetime,
    *,
    connector_is_global_admin: bool = False,
    others: int | None = None,
) -> OrdinaryChecks:
    """`others`: how many unlinked users the person says may be overwritten by another source."""
    checks = [
        *_of_apps(apps, connector_is_global_admin),
        *_of_source(preview, others),
    ]
    return OrdinaryChecks(now, person, tuple(dict.fromkeys(checks)), preview.others)


def _of_apps(apps: Sequence[Ordinary], said: bool) -> Iterator[OrdinaryCheck]:
    concerned = [app for app in apps if app.concerned]
    if not concerned:
        seen = "no watched app has mobilePhone in its schema"
        yield OrdinaryCheck("app_attribute_absent", seen, passed=False)
    pushed = any(each.code == PUSH_SEEN for app in concerned for each in app.findings)
    for app in concerned:
        for each in app.findings:
            if each.code != CONNECTOR_UNKNOWN:
                # One app's push shows the System Log to be right; another may have been quiet.
                quiet = each.code == PUSH_NONE and pushed
                passed = quiet or each not in app.in_the_way
                remedy = "" if passed else each.remedy
                yield OrdinaryCheck(each.code, each.seen, passed, remedy=remedy)
            elif said:
                seen = "Okta's connector holds Global Administrator, as a person said"
                yield OrdinaryCheck(each.code, seen, passed=True, said=True)
            else:
                remedy = "Look at the app's admin account; then --connector-is-global-admin."
                yield OrdinaryCheck(each.code, each.seen, passed=False, remedy=remedy)


def _of_source(preview: Summary, others: int | None) -> Iterator[OrdinaryCheck]:
    """Is Okta the sync source? Whom it does not know, another source would overwrite."""
    if not preview.compared:
        seen = f"none of {preview.synced} synced users is linked to a watched Okta app"
        yield OrdinaryCheck("source_not_okta", seen, passed=False)
        return
    if not preview.others:
        seen = f"all {preview.synced} synced users are linked to a watched Okta app"
        yield OrdinaryCheck("source_is_okta", seen, passed=True)
        return
    seen = f"{preview.others} of {preview.synced} synced users are linked to no watched Okta app"
    if others == preview.others:
        seen += "; another source may overwrite them, as a person said"
        yield OrdinaryCheck("source_others", seen, passed=True, said=True)
        return
    remedy = (
        "Another source would overwrite their numbers. Find out which and whether it may; then "
        f"--others {preview.others}."
    )
    yield OrdinaryCheck("source_others", seen, passed=False, remedy=remedy)
