"""Whom the tenant flag would overwrite: every synced user whose number differs from Okta's.

A lower bound: otherMobile can not be read through Graph, and a synced user whom no watched app
is linked to is not compared. The flag has no undo, so the snapshot is kept as evidence.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from lib.flows.evidence import Evidence
from lib.model import AppUser, Attribute, EntraUser
from lib.ports import GraphPort, OktaPort
from lib.rules.compare import Comparison, compare
from lib.rules.expected import as_value, attribute_name
from lib.rules.flag import Summary
from lib.store.codec import decode, encode
from lib.store.table import Table
from lib.times import Clock

# About 130 bytes a row keep a part far below DynamoDB's 400 KB.
ROWS = 1000


@dataclass(frozen=True)
class Overwrite:
    """One user whose cloud number would be replaced. `after` None: emptied."""

    object_id: str
    user_id: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Preview:
    taken_at: datetime
    synced: int  # synced users seen in Entra
    compared: int  # of these, those a watched app is linked to
    overwrites: tuple[Overwrite, ...]

    @property
    def others(self) -> int:
        """Synced users no watched app is linked to: another source would overwrite them."""
        return self.synced - self.compared

    @property
    def digest(self) -> str:
        """SHA-256 over whom it would overwrite with what, and over how many others there are.

        Derived from the values: never shown in alerts.
        """
        rows = sorted(
            [row.object_id, row.user_id, row.before or "", row.after or ""]
            for row in self.overwrites
        )
        return hashlib.sha256(json.dumps([rows, self.others]).encode()).hexdigest()


def take(
    okta: OktaPort,
    graph: GraphPort,
    evidence: Evidence,
    app_ids: Iterable[str],
    clock: Clock,
) -> Preview:
    by_link: dict[str, tuple[AppUser, str | None]] = {}
    for app_id in app_ids:
        configuration = evidence.configuration(app_id)
        name = attribute_name(Attribute.MOBILE_PHONE, configuration) if configuration else None
        for app_user in okta.app_users(app_id):
            if app_user.external_id and name:
                number = as_value(Attribute.MOBILE_PHONE, app_user.profile.get(name))
                value = number if isinstance(number, str) else None
                by_link[app_user.external_id] = (app_user, value)
    synced = compared = 0
    overwrites = []
    for user in graph.synced_users():
        synced += 1
        found = _linked(user, by_link)
        if found is None:
            continue
        compared += 1
        app_user, number = found
        if _would_change(number, user.mobile_phone):
            overwrites.append(
                Overwrite(user.object_id, app_user.user_id, user.mobile_phone, number)
            )
    return Preview(clock(), synced, compared, tuple(overwrites))


def record(table: Table, preview: Preview) -> None:
    """All of it, for a while: Graph can not put a synced number back."""
    rows = preview.overwrites
    parts = [encode(rows[start : start + ROWS]) for start in range(0, len(rows), ROWS)]
    table.record_preview(encode(summary(preview)), parts, preview.taken_at)


def keep(table: Table, preview: Preview) -> None:
    """The flag is about to be set: this one stays as evidence, others expire."""
    table.keep_preview(encode(summary(preview)), _parts(preview), preview.taken_at)


def let_expire(table: Table, preview: Preview) -> None:
    """The flag was not set after all."""
    table.let_preview_expire(_parts(preview), preview.taken_at)


def _parts(preview: Preview) -> int:
    return len(range(0, len(preview.overwrites), ROWS))


def summary(preview: Preview) -> Summary:
    return Summary(
        preview.taken_at,
        preview.synced,
        preview.compared,
        len(preview.overwrites),
        preview.digest,
    )


def recorded(table: Table) -> Summary | None:
    """The last one; None where there is none, or it is kept in a form that is not known."""
    kept = table.preview()
    try:
        return decode(Summary, kept[1]) if kept else None
    except (KeyError, TypeError, ValueError):
        return None


def _linked(
    user: EntraUser, by_link: dict[str, tuple[AppUser, str | None]]
) -> tuple[AppUser, str | None] | None:
    return by_link.get(user.object_id) or by_link.get(user.immutable_id or "")


def _would_change(source: str | None, cloud: str | None) -> bool:
    """The sync also overwrites with an empty number, unlike our own writes."""
    if not source:
        return bool(cloud)
    return compare(Attribute.MOBILE_PHONE, source, cloud) is not Comparison.EQUAL
