"""That a touch was proved, as a fact in the table: FACT#touch_proof, one item for each app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.aws import called
from lib.store.codec import decode, encode

KEY = "FACT#touch_proof"


@dataclass(frozen=True)
class TouchProof:
    """On a test user, touching `attribute` made Okta push and changed nothing else.

    `push_uuid` is the System Log entry of the push; `seconds` from the touch to that entry.
    """

    app_id: str
    attribute: str
    user_id: str
    proved_at: datetime
    push_uuid: str
    seconds: float


class ProofRecord:
    """`client` is DynamoDB's, of the resource kind that takes plain Python values."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._client, self._table = client, table_name

    def read(self, app_id: str) -> TouchProof | None:
        """None: never proved, or kept in a form that is not known. Raises Transient."""
        answer = called(
            self._client.get_item,
            TableName=self._table,
            Key={"pk": KEY, "sk": app_id},
            ConsistentRead=True,
        )
        item = answer.get("Item")
        if not item:
            return None
        try:
            return decode(TouchProof, str(item["body"]))
        except (KeyError, TypeError, ValueError):
            return None

    def write(self, proof: TouchProof) -> None:
        """The latest proof counts. Raises Transient."""
        item = {"pk": KEY, "sk": proof.app_id, "body": encode(proof)}
        called(self._client.put_item, TableName=self._table, Item=item)
