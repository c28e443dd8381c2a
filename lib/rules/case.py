"""Everything that was read about one drift: what causes are named and plans are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lib.incident import Cause, Drift
from lib.model import (
    AppConfiguration,
    Attribute,
    AuditLog,
    EntraUser,
    Link,
    OktaReading,
    ProfileChange,
    PushLog,
    Standing,
    TouchProof,
)
from lib.rules.connector import UNKNOWN, Connector
from lib.rules.expected import Expectation
from lib.rules.pushlog import PushStory, deactivation_story, push_story

# Okta documents no insertion delay for the System Log ("near real-time"); an AppUser's
# lastUpdated and the push event of the same change may be this far apart in either order.
LOG_SLACK = timedelta(seconds=1)

# The calls that evidence is read by; also the keys of `Case.unread`.
SYSTEM_LOG = "okta System Log"
APP_PUSHES = "okta System Log, pushes of the app"
OKTA_APP = "okta GET apps, schemas, mappings"
ROLES = "graph GET roles, groups, owned objects"
FLAG = "graph GET onPremisesSynchronization"
AUDIT = "graph GET directoryAudits"


@dataclass(frozen=True)
class BypassFact:
    """bypassDirSyncOverridesEnabled as last known. None: unknown (403 is never read as false)."""

    enabled: bool | None
    at: datetime
    source: str


@dataclass(frozen=True)
class Case:
    """A part that could not be read is None, and `unread` says why by the call's name."""

    drift: Drift
    expectation: Expectation
    reading: OktaReading
    entra: EntraUser | None
    link: Link | None
    read_at: datetime
    configuration: AppConfiguration | None = None
    standing: Standing | None = None
    connector: Connector = UNKNOWN
    push_log: PushLog | None = None
    pushed_since: datetime | None = None  # the app pushed anybody, after this user's failed push
    bypass: BypassFact | None = None
    audit: AuditLog | None = None
    unread: Mapping[str, str] = field(default_factory=dict)
    touch_proof: TouchProof | None = None
    changes: tuple[ProfileChange, ...] = ()  # of the Okta user and its assignments, lately
    changes_read: bool = True
    excluded_before: tuple[str, ...] = ()  # who may not approve the open incident's plan
    named_before: tuple[Cause, ...] = ()  # the open incident's causes
    watched: str = ""  # digest of every watched value, for plans that touch

    @property
    def attribute(self) -> Attribute:
        return self.drift.attribute

    @property
    def story(self) -> PushStory | None:
        return story_of(self.reading, self.push_log)


def story_of(reading: OktaReading, log: PushLog | None) -> PushStory | None:
    """Pushes since the AppUser last changed, or deactivations since it was unassigned.

    None where there is no log to tell.
    """
    if log is None:
        return None
    if reading.app_user is None:
        return deactivation_story(log)
    return push_story(log, reading.app_user.last_updated - LOG_SLACK)
