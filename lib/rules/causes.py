"""Naming causes from evidence. All that match are kept; the first in precedence leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from lib.incident import PRECEDENCE, Cause, CauseName, Certainty, Drift, Evidence
from lib.model import (
    AppConfiguration,
    Attribute,
    EntraUser,
    Link,
    OktaReading,
    ProfileChange,
    PushLog,
    Standing,
)
from lib.rules.expected import Expectation, MappingState
from lib.rules.matrix import fully_read, protection
from lib.rules.pushlog import (
    FailureKind,
    PushStory,
    deactivation_story,
    parse_reason,
    push_story,
)

CONFIRMED, SUSPECTED = Certainty.CONFIRMED, Certainty.SUSPECTED

# Okta documents no insertion delay for the System Log ("near real-time"); an AppUser's
# lastUpdated and the push event of the same change may be this far apart in either order.
LOG_SLACK = timedelta(seconds=1)

_PUSH_FEATURE = {
    Attribute.MOBILE_PHONE: "PUSH_PROFILE_UPDATES",
    Attribute.OTHER_MAILS: "PUSH_PROFILE_UPDATES",
    Attribute.ACCOUNT_ENABLED: "PUSH_USER_DEACTIVATION",
}


@dataclass(frozen=True)
class BypassFact:
    """bypassDirSyncOverridesEnabled as last known. None: unknown (403 is never read as false)."""

    enabled: bool | None
    at: datetime
    source: str


@dataclass(frozen=True)
class Case:
    """Everything that was read about one drift. A part that could not be read is None."""

    drift: Drift
    expectation: Expectation
    reading: OktaReading
    entra: EntraUser | None
    link: Link | None
    read_at: datetime
    configuration: AppConfiguration | None = None
    standing: Standing | None = None
    connector_roles: frozenset[str] | None = None
    push_log: PushLog | None = None
    bypass: BypassFact | None = None
    changes: tuple[ProfileChange, ...] = ()  # of the Okta profile, lately
    changes_read: bool = True
    excluded_before: tuple[str, ...] = ()  # who may not approve the open incident's plan
    watched: str = ""  # digest of every watched value, for plans that touch

    @property
    def attribute(self) -> Attribute:
        return self.drift.attribute

    @property
    def story(self) -> PushStory | None:
        """Pushes since the AppUser last changed, or deactivations since it was unassigned.

        None where there is no log to tell.
        """
        if self.push_log is None:
            return None
        if self.reading.app_user is None:
            return deactivation_story(self.push_log)
        return push_story(self.push_log, self.reading.app_user.last_updated - LOG_SLACK)


def name_causes(case: Case) -> tuple[Cause, ...]:
    """At least one cause, leading first."""
    found = [*_link(case), *_configuration(case), *_pushes(case), *_entra(case)]
    if not found:
        fact = f"read, and none applies: {_what_was_read(case)}"
        found = [Cause(CauseName.UNEXPLAINED, CONFIRMED, (_seen(case, "all", fact),))]
    return tuple(sorted(found, key=lambda cause: PRECEDENCE.index(cause.name)))


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
        evidence = Evidence("okta GET mappings, AppUser, user", at, fact)
        certainty = CONFIRMED if create_only else SUSPECTED
        yield Cause(CauseName.MAPPING_CREATE_ONLY, certainty, (evidence,))


def _pushes(case: Case) -> Iterator[Cause]:
    story, log = case.story, case.push_log
    if story is None or log is None:
        return
    source = "okta System Log"
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
        yield Cause(CauseName.CONNECTOR_AUTH, CONFIRMED, evidence)
    elif failure.kind is FailureKind.LICENCE:
        yield Cause(CauseName.LICENCE, CONFIRMED, evidence)
    else:
        if failure.kind is FailureKind.REFUSED and _known_ordinary(case):
            yield Cause(CauseName.CONNECTOR_UNDERPRIVILEGED, CONFIRMED, evidence)
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
    yield from _dirsync(case)
    yield from _privileged(case)


def _dirsync(case: Case) -> Iterator[Cause]:
    """The flag covers the mobile number only; otherMails and accountEnabled never."""
    entra, story = case.entra, case.story
    if entra is None or not entra.synced or case.attribute is not Attribute.MOBILE_PHONE:
        return
    if story is None or not story.succeeded or story.last is None:
        return
    flag = case.bypass
    pushed = Evidence("okta System Log", story.last.published, f"push {story.last.uuid} succeeded")
    synced = _seen(case, "graph GET users", "onPremisesSyncEnabled is true")
    if flag is None or flag.enabled is None:
        fact = "bypassDirSyncOverridesEnabled could not be read: unknown, not false"
        unknown = _seen(case, "graph GET onPremisesSynchronization", fact)
        yield Cause(CauseName.DIRSYNC_OVERRIDE, SUSPECTED, (synced, pushed, unknown))
    elif not flag.enabled:
        known = Evidence(flag.source, flag.at, "bypassDirSyncOverridesEnabled is false")
        yield Cause(CauseName.DIRSYNC_OVERRIDE, CONFIRMED, (synced, pushed, known))
    elif flag.at > story.last.published:
        late = "the flag was seen true only after the last push: touch only"
        known = Evidence(flag.source, flag.at, late)
        yield Cause(CauseName.DIRSYNC_OVERRIDE, SUSPECTED, (synced, pushed, known))


def _privileged(case: Case) -> Iterator[Cause]:
    if case.standing is None:
        return
    guarded = protection(case.standing)
    row = guarded.strictest
    if row is None:
        return
    if case.connector_roles is not None and guarded.outranked_by(case.connector_roles):
        return
    callers = " or ".join(row.caller_names)
    evidence = [
        _seen(case, "graph roles", row.because),
        _seen(case, "sensitive actions matrix", f"row '{row.name}': needs {callers}"),
    ]
    if case.connector_roles is None:
        evidence.append(_seen(case, "graph roles", "the connector's own roles are unknown"))
        yield Cause(CauseName.PRIVILEGED_TARGET, SUSPECTED, tuple(evidence))
    else:
        evidence.append(_seen(case, "graph roles", "the connector holds none of these"))
        yield Cause(CauseName.PRIVILEGED_TARGET, CONFIRMED, tuple(evidence))


def _what_was_read(case: Case) -> str:
    parts = {
        "app configuration": case.configuration,
        "push log": case.push_log,
        "roles": case.standing,
        "sync flag": case.bypass,
    }
    return ", ".join(f"{name} {'yes' if part else 'no'}" for name, part in parts.items())
