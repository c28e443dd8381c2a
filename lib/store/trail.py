"""The audit trail: who decided what. IAM lets only approve write it, and nobody delete."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.items import Items
from lib.times import to_text


@dataclass(frozen=True)
class AuditRecord:
    """One decision, or one attempt that was refused. Kept for good.

    `person` is who the signature names, `caller` the whole ARN. `outcome` is one word, `detail` our
    own sentence; `why` is the person's and may hold a name. `digest` is of the plan they saw.
    """

    at: datetime
    person: str
    caller: str
    action: str
    outcome: str
    detail: str = ""
    incident: str = ""
    digest: str = ""
    why: str = ""
    request_id: str = ""
    source_ip: str = ""


class Trail(Items):
    def audit(self, since: datetime, until: datetime) -> list[AuditRecord]:
        """The newest first."""
        first, last = to_text(since), to_text(until)
        rows = [
            row
            for month in _months(since, until)
            for row in self._query(
                "pk = :p AND sk BETWEEN :a AND :b",
                # "~" sorts behind every nonce of the last millisecond.
                {":p": keys.audit_month(month), ":a": first, ":b": f"{last}~"},
            )
        ]
        return [decode(AuditRecord, str(row["body"])) for row in reversed(rows)]

    def _audit_put(self, record: AuditRecord) -> dict[str, Any]:
        """Never over another record."""
        key = keys.audit(to_text(record.at), secrets.token_hex(6))
        return self._put({**key, "body": encode(record)}, "attribute_not_exists(pk)")


def _months(since: datetime, until: datetime) -> Iterator[str]:
    """2026-01, 2026-02 … of UTC, as partitions are."""
    first, last = since.astimezone(UTC), until.astimezone(UTC)
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield f"{number // 12:04}-{number % 12 + 1:02}"
