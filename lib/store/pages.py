"""Pages beside their incident: what is still to be sent, and how the others were told."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from lib.errors import Conflict
from lib.incident import Entry, Page
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.items import Items
from lib.times import from_text, to_text


@dataclass(frozen=True)
class Told:
    """One piece of news. `done`: nothing is left to send, because it was published or because
    `instead` stands for it. `listed`: it is still in the index of what is due.
    """

    page: Page
    done: bool
    instead: str
    listed: bool

    @property
    def published(self) -> bool:
        return self.done and not self.instead


class Pages(Items):
    def told(self, incident_id: str) -> list[Told]:
        """All news of an incident in the order in which they became news. What opens an alert comes
        before what closes it.
        """
        rows = self._query(
            "pk = :p AND begins_with(sk, :s)",
            {":p": keys.incident(incident_id)["pk"], ":s": "PAGE#"},
        )
        found = [_told(row) for row in rows]
        return sorted(found, key=lambda t: (_moment(t.page), t.page.news.resolves, t.page.key))

    def unsent_pages(self, incident_id: str) -> list[Page]:
        return [told.page for told in self.told(incident_id) if not told.done]

    def page_sent(self, page: Page, at: datetime) -> None:
        self._call(
            self._client.update_item,
            TableName=self._name,
            Key=_key(page),
            UpdateExpression="SET sent_at = :t REMOVE due_pk, due_sk",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":t": to_text(at)},
        )

    def page_grouped(self, page: Page, instead: str, entry: Entry) -> None:
        """Done without being published; the timeline says so. Said twice it counts once."""
        done = {
            "TableName": self._name,
            "Key": _key(page),
            "UpdateExpression": "SET sent_at = :t, grouped_in = :g REMOVE due_pk, due_sk",
            "ConditionExpression": "attribute_exists(pk) AND attribute_not_exists(sent_at)",
            "ExpressionAttributeValues": {":t": to_text(entry.at), ":g": instead},
        }
        try:
            self._transact([{"Update": done}, self._put(entry_item(page.incident_id, entry))])
        except Conflict:
            if not self._get(_key(page)) or page in self.unsent_pages(page.incident_id):
                raise

    def page_unlisted(self, page: Page) -> None:
        """News told long ago was remembered again: it is not due."""
        self._call(
            self._client.update_item,
            TableName=self._name,
            Key=_key(page),
            UpdateExpression="REMOVE due_pk, due_sk",
            ConditionExpression="attribute_exists(sent_at)",
        )


def entry_item(incident_id: str, entry: Entry) -> dict[str, Any]:
    # The nonce keeps two entries of one millisecond apart.
    part = f"ENTRY#{to_text(entry.at)}#{secrets.token_hex(3)}"
    return {**keys.incident(incident_id, part), "body": encode(entry)}


def _key(page: Page) -> dict[str, str]:
    return keys.incident(page.incident_id, f"PAGE#{page.key}")


def _told(row: Mapping[str, Any]) -> Told:
    page = decode(Page, str(row["body"]))
    if "told_at" in row:
        page = replace(page, at=from_text(str(row["told_at"])))
    return Told(page, "sent_at" in row, str(row.get("grouped_in", "")), "due_pk" in row)


def _moment(page: Page) -> str:
    return to_text(page.at) if page.at else ""
