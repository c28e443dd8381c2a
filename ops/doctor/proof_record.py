"""That a touch was proved, as a fact in the table: FACT#touch_proof, one item for each app.

The functions read it before they plan a touch.
"""

from __future__ import annotations

from typing import Any

from lib.model import TouchProof
from lib.store.table import Table

__all__ = ["KEY", "ProofRecord", "TouchProof"]

KEY = "FACT#touch_proof"


class ProofRecord:
    """`client` is DynamoDB's, of the resource kind that takes plain Python values."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._table = Table(client, table_name)

    def read(self, app_id: str) -> TouchProof | None:
        """None: never proved, or kept in a form that is not known. Raises Transient."""
        return self._table.touch_proof(app_id)

    def write(self, proof: TouchProof) -> None:
        """The latest proof counts. Raises Transient."""
        self._table.record_touch_proof(proof)
