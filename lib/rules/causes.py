"""Naming causes from evidence. All that match are kept; the first in precedence leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lib.incident import PRECEDENCE, Cause, CauseName, Certainty, Evidence
from lib.model import Attribute
from lib.rules.audit import Trace, changed_since, is_entry, silent_success, trace
from lib.rules.case import (
    APP_PUSHES,
    AUDIT,
    FLAG,
    OKTA_APP,
    ROLES,
    SYSTEM_LOG,
    BypassFact,
    Case,
)
from lib.rules.compare import Comparison, compare
from lib.rules.expected import MappingState
from lib.rules.matrix import fully_read, protection
from lib.rules.pushlog import FailureKind, parse_reason

__all__ = ["BypassFact", "Case", "name_causes"]

CONFIRMED, SUSPECTED = Certainty.CONFIRMED, Certainty.SUSPECTED

_PUSH_FEATURE = {
    Attribute.MOBILE_PHONE: "PUSH_PROFILE_UPDATES",
    Attribute.OTHER_MAILS: "PUSH_PROFILE_UPDATES",
    Attribute.ACCOUNT_ENABLED: "PUSH_USER_DEACTIVATION",
}


def name_causes(case: Case) -> tuple[Cause, ...]:
    """At least one cause, leading first. The leading one also says what could not be told."""
    found = [*_link(case), *_configuration(case), *_pushes(case), *_entra(case)]
    if not found:
        found = list(_connector_without_role(case))
    if not found:
        fact = f"read, and none applies: {_what_was_read(case)}"
        seen = (_seen(case, "all", fact), *_push_seen(case), _connector(case))
        found = [Cause(CauseName.UNEXPLAINED, CONFIRMED, seen)]
    found.sort(key=lambda cause: PRECEDENCE.index(cause.name))
    lead = found[0]
    return (replace(lead, evidence=(*lead.evidence, *_left_open(case))), *found[1:])


def _seen(case: Case, source: str, fact: str) -> Evidence:
    return Evidence(source, case.read_at, fact)


def _link(case: Case) -> Iterator[Cause]:
    if case.entra is None:
        fact = "Okta's external id and the stored link name no Entra user"
        yield Cause(CauseName.NOT_LINKED, CONFIRMED, (_seen(case, "graph GET users", fact),))
    elif case.link is None or not case.link.pinned:
        fact = "the Entra user was found by user principal name only"
        yield Cause(CauseName.NOT_LINKED, CONFIRMED, (_seen(case, "graph GET users", fact),))


def _configuration(case: Case) -> Iterator[Cause]:
    if case.configuration is None:
        return
    at = case.configuration.read_at
    feature = _PUSH_FEATURE[case.attribute]
    if feature not in case.configuration.features:
        evidence = Evidence("okta GET apps", at, f"features do not include {feature}")
        yield Cause(CauseName.PROVISIONING_OFF, CONFIRMED, (evidence,))
    if case.expectation.mapping is MappingState.MISSING:
        evidence = Evidence("okta GET mappings", at, f"no mapping for {case.attribute}")
        yield Cause(CauseName.MAPPING_MISSING, CONFIRMED, (evidence,))
    if case.expectation.stale:
        create_only = case.expectation.mapping is MappingState.CREATE_ONLY
        fact = "the Okta user's value is not the AppUser's; pushStatus is " + (
            "DONT_PUSH (create only)" if create_only else "PUSH: an override or not yet applied"
        )
        pushed = compare(case.attribute, case.expectation.on_app_user, case.drift.actual)
        which = "the AppUser's" if pushed is not Comparison.DIFFERENT else "neither"
        evidence = Evidence(
            "okta GET mappings, AppUser, user; graph GET users", at, f"{fact}; Entra holds {which}"
        )
        certainty = CONFIRMED if create_only else SUSPECTED
        yield Cause(CauseName.MAPPING_CREATE_ONLY, certainty, (evidence,))


def _pushes(case: Case) -> Iterator[Cause]:
    story, log = case.story, case.push_log
    if story is None or log is None:
        return
    source = SYSTEM_LOG
    leaver = case.reading.app_user is None
    if story.never and (case.attribute is not Attribute.ACCOUNT_ENABLED or leaver):
        what = (
            "deactivation since the user was unassigned"
            if leaver
            else "push since the AppUser changed"
        )
        fact = f"no completed {what}; {len(log.events)} events read, to the end"
        yield Cause(CauseName.NOT_PUSHED, CONFIRMED, (Evidence(source, log.taken_at, fact),))
    if not story.failed or story.last is None:
        return
    failure = parse_reason(story.last.reason)
    ids = [
        f"{name} {value}"
        for name, value in (
            ("request-id", failure.request_id),
            ("client-request-id", failure.client_request_id),
        )
        if value
    ]
    fact = "; ".join([f"event {story.last.uuid}: {failure.describe()}", *ids])
    evidence = (Evidence(source, story.last.published, fact),)
    if failure.kind is FailureKind.CONNECTOR_AUTH:
        since = case.pushed_since
        if since is None or since <= story.last.published:
            yield Cause(CauseName.CONNECTOR_AUTH, CONFIRMED, evidence)
        else:
            fact = "the app has pushed somebody with success since: it can sign in again"
            mended = (*evidence, Evidence(APP_PUSHES, since, fact))
            yield Cause(CauseName.CONNECTOR_AUTH, SUSPECTED, mended)
    elif failure.kind is FailureKind.LICENCE:
        yield Cause(CauseName.LICENCE, CONFIRMED, evidence)
    else:
        if failure.kind is FailureKind.REFUSED and _known_ordinary(case):
            seen = (*evidence, _ordinary(case), _connector(case))
            yield Cause(CauseName.CONNECTOR_UNDERPRIVILEGED, CONFIRMED, seen)
        yield Cause(CauseName.PUSH_FAILED, CONFIRMED, evidence)


def _known_ordinary(case: Case) -> bool:
    return (
        case.standing is not None
        and fully_read(case.standing)
        and not protection(case.standing).privileged
        and case.entra is not None
        and case.entra.restricted is False
    )


def _entra(case: Case) -> Iterator[Cause]:
    if case.entra is None:
        return
    if case.entra.restricted:
        evidence = _seen(case, "graph GET users", "isManagementRestricted is true")
        yield Cause(CauseName.RESTRICTED_MANAGEMENT, CONFIRMED, (evidence,))
    seen = trace(case)
    changed = changed_since(case, seen) if seen else None
    if changed:
        certainty, evidence_of_it = changed
        told = (*_push_seen(case), *evidence_of_it, _connector(case))
        yield Cause(CauseName.CHANGED_AFTER_PUSH, certainty, told)
    else:
        yield from _named_before(case)
    if changed and seen and seen.landed and changed[0] is CONFIRMED:
        return  # what the push wrote was there until somebody replaced it
    for cause in (*_dirsync(case), *_privileged(case)):
        yield _with_audit(case, cause, seen)


def _named_before(case: Case) -> Iterator[Cause]:
    """Somebody else's change stays known while the log can not be asked again: else a plan would
    lose the approval it needs because a budget was spent."""
    push = _push_seen(case)
    if case.audit is not None or not push:
        return
    for cause in case.named_before:
        if cause.name is not CauseName.CHANGED_AFTER_PUSH:
            continue
        then = [seen for seen in cause.evidence if is_entry(seen)]
        if then and any(seen.fact == push[0].fact for seen in cause.evidence):
            yield replace(cause, evidence=(*push, *then, _connector(case)))


def _with_audit(case: Case, cause: Cause, seen: Trace | None) -> Cause:
    """The connector's own entry supports these two, or speaks against them."""
    told = silent_success(case, seen) if seen else None
    if seen is None or told is None:
        return cause
    certainty = SUSPECTED if seen.landed else cause.certainty
    return replace(cause, certainty=certainty, evidence=(*cause.evidence, told))


def _dirsync(case: Case) -> Iterator[Cause]:
    """The flag covers the mobile number only; otherMails and accountEnabled never."""
    entra, story = case.entra, case.story
    if entra is None or not entra.synced or case.attribute is not Attribute.MOBILE_PHONE:
        return
    if story is None or not story.succeeded or story.last is None:
        return
    flag = case.bypass
    seen = (_seen(case, "graph GET users", "onPremisesSyncEnabled is true"), *_push_seen(case))
    if flag is None or flag.enabled is None:
        fact = "bypassDirSyncOverridesEnabled could not be read: unknown, not false"
        why = case.unread.get(FLAG)
        unknown = _seen(case, FLAG, f"{fact}; {why}" if why else fact)
        yield Cause(CauseName.DIRSYNC_OVERRIDE, SUSPECTED, (*seen, unknown))
    elif not flag.enabled:
        known = Evidence(flag.source, flag.at, "bypassDirSyncOverridesEnabled is false")
        yield Cause(CauseName.DIRSYNC_OVERRIDE, CONFIRMED, (*seen, known))
    elif flag.at > story.last.published:
        late = "the flag was seen true only after the last push: touch only"
        known = Evidence(flag.source, flag.at, late)
        yield Cause(CauseName.DIRSYNC_OVERRIDE, SUSPECTED, (*seen, known))


def _privileged(case: Case) -> Iterator[Cause]:
    if case.standing is None:
        return
    guarded = protection(case.standing)
    row = guarded.strictest
    if row is None:
        return
    roles = case.connector.roles
    if roles is not None and guarded.outranked_by(roles):
        return
    callers = " or ".join(row.caller_names)
    evidence = [
        _seen(case, ROLES, row.because),
        _seen(case, "sensitive actions matrix", f"row '{row.name}': needs {callers}"),
        _connector(case),
    ]
    if roles is None:
        evidence.append(_seen(case, ROLES, "the connector's own roles are unknown"))
        yield Cause(CauseName.PRIVILEGED_TARGET, SUSPECTED, tuple(evidence))
    else:
        evidence.append(_seen(case, ROLES, "the connector holds none of these"))
        yield Cause(CauseName.PRIVILEGED_TARGET, CONFIRMED, tuple(evidence))


def _connector_without_role(case: Case) -> Iterator[Cause]:
    """The app's admin lacks Global Administrator, and nothing else explains a silent push.

    Lacking it is no cause by itself: by Microsoft's table lesser roles may write ordinary users
    too, an application writes them by its permissions, the sync by a right of its own, and a target
    that the connector does not outrank is another cause. So it is asked last: after a push that
    succeeded, at a cloud-mastered ordinary target, of a signed-in account, and only when none of
    its roles may write this target. It stays suspected: roles are not all its rights.
    """
    story, connector = case.story, case.connector
    if story is None or not story.succeeded or not _known_ordinary(case) or case.standing is None:
        return
    if case.entra is None or case.entra.synced:
        return
    if connector.roles is None or connector.application is not False:
        return
    if protection(case.standing).callers & connector.roles:
        return
    seen = trace(case)
    if seen and seen.landed:
        return
    told = silent_success(case, seen) if seen else None
    evidence = (*_push_seen(case), _ordinary(case), _connector(case), *([told] if told else []))
    yield Cause(CauseName.CONNECTOR_UNDERPRIVILEGED, SUSPECTED, evidence)


def _push_seen(case: Case) -> tuple[Evidence, ...]:
    story = case.story
    if story is None or story.last is None or not story.succeeded:
        return ()
    fact = f"push {story.last.uuid} succeeded"
    return (Evidence(SYSTEM_LOG, story.last.published, fact),)


def _ordinary(case: Case) -> Evidence:
    fact = "the target holds no role, is in no role-assignable group and in no restricted unit"
    return _seen(case, f"{ROLES}, users", fact)


def _connector(case: Case) -> Evidence:
    at = case.connector.at or case.read_at
    return Evidence(ROLES, at, case.connector.describe())


def _left_open(case: Case) -> Iterator[Evidence]:
    """What was not read, or read and not evaluated: nobody shall take it for a no."""
    mapping, at = case.expectation.mapping, case.read_at
    if mapping is MappingState.EXPRESSION:
        fact = f"the mapping of {case.attribute} is an expression: not evaluated"
        yield Evidence(OKTA_APP, case.configuration.read_at if case.configuration else at, fact)
    if case.push_log is not None and not case.push_log.complete:
        fact = "not read to its end, or an entry was not understood: what is missing proves nothing"
        yield Evidence(SYSTEM_LOG, case.push_log.taken_at, fact)
    if case.standing is not None and not fully_read(case.standing):
        yield Evidence(ROLES, at, "a part was refused: whether the target is privileged is unknown")
    if case.audit is not None and not case.audit.complete:
        fact = "not read to its end, or an entry was not understood: what is missing proves nothing"
        yield Evidence(AUDIT, case.audit.taken_at, fact)
    for source, why in case.unread.items():
        if source != FLAG:
            yield Evidence(source, at, why)


def _what_was_read(case: Case) -> str:
    parts = {
        "app configuration": case.configuration,
        "push log": case.push_log,
        "roles": case.standing,
        "sync flag": case.bypass,
        "audit log": case.audit,
    }
    return ", ".join(f"{name} {'yes' if part else 'no'}" for name, part in parts.items())
