"""What the flows need of the outside world, so that they run against fakes and the real thing.

lib/okta.py, lib/graph.py, lib/store/table.py and lib/aws.py are the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from lib.errors import Permanent, Refused, Transient
from lib.incident import Page
from lib.messages import CheckMessage, RemediationMessage
from lib.model import (
    AppConfiguration,
    AppUser,
    AppUserPage,
    Attribute,
    AuditLog,
    DirectorySync,
    EntraUser,
    OktaReading,
    ProfileChange,
    PushLog,
    Receipt,
    Standing,
    Subject,
    UserKey,
    Value,
)
from lib.sweep_message import SweepMessage


class OktaPort(Protocol):
    def read_subject(self, subject: Subject, other_apps: Sequence[str] = ()) -> OktaReading: ...
    def read_subjects(
        self, subjects: Sequence[Subject], watched_apps: Sequence[str]
    ) -> dict[Subject, OktaReading | Transient | Permanent | Refused]: ...
    def configuration(self, app_id: str) -> AppConfiguration: ...
    def push_log(self, subject: Subject, since: datetime, *, max_pages: int = 5) -> PushLog: ...
    def profile_changes(
        self, user_id: str, since: datetime, app_ids: Sequence[str]
    ) -> tuple[ProfileChange, ...]: ...
    def pushed_since(self, app_id: str, since: datetime) -> datetime | None: ...
    def app_users(self, app_id: str) -> Iterator[AppUser]: ...
    def app_user_page(self, app_id: str, link: str = "") -> AppUserPage: ...
    def calls_a_minute(self) -> float | None: ...
    def touch(self, subject: Subject, attribute: str, value: str) -> Receipt: ...
    def find_subject(self, app_id: str, app_user_name: str) -> Subject | None: ...


class GraphPort(Protocol):
    def read_users(
        self, keys: Sequence[UserKey]
    ) -> dict[UserKey, EntraUser | Transient | Refused | None]: ...
    def read_user(self, object_id: str) -> EntraUser | None: ...
    def standing(self, object_id: str) -> Standing: ...
    def audit_log(self, object_id: str, since: datetime) -> AuditLog: ...
    def directory_sync(self) -> DirectorySync: ...
    def set_bypass(self, directory_sync_id: str, enabled: bool) -> Receipt: ...
    def patch_user(self, object_id: str, changes: Mapping[Attribute, Value]) -> Receipt: ...
    def synced_users(self) -> Iterator[EntraUser]: ...
    def signed_in_user(self) -> str: ...


class CheckQueue(Protocol):
    def send(self, message: CheckMessage, delay: float | None = None) -> None:
        """`delay` in seconds; None is the queue's own (the settle time). 900 is the most."""


class RemediationQueue(Protocol):
    def send(self, message: RemediationMessage) -> None: ...


class Configurations(Protocol):
    """lib/flows/evidence.py is the real one."""

    def configuration(self, app_id: str) -> AppConfiguration | None:
        """None when Okta refuses it."""


class SweepQueue(Protocol):
    def send(self, message: SweepMessage, delay: float = 0) -> None:
        """`delay` in seconds; 900 is the most."""


class Backlog(Protocol):
    def __call__(self) -> int:
        """Messages of the check queue that wait or are delayed, about. Raises Transient."""


class Pager(Protocol):
    def page(self, page: Page) -> None: ...
