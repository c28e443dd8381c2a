"""What travels through the sweep queue: which step of which sweep is next. It holds no state."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from lib.errors import Permanent

VERSION = 1
# Whoever may publish to the queue is not always us.
_ID = re.compile(r"sw-[0-9a-f]{10}")
MOST = 1_000_000_000


@dataclass(frozen=True)
class SweepMessage:
    sweep_id: str
    step: int
    attempt: int = 0

    def text(self) -> str:
        fields = {"v": VERSION, "sweep": self.sweep_id, "step": self.step, "attempt": self.attempt}
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> SweepMessage:
        """Raises Permanent for anything that is not one of our messages."""
        try:
            body = json.loads(text)
            if body["v"] != VERSION:
                raise Permanent("the sweep message is of another version")
            sweep_id, step, attempt = body["sweep"], int(body["step"]), int(body["attempt"])
            if not _ID.fullmatch(sweep_id) or not 0 <= step < MOST or not 0 <= attempt < MOST:
                raise Permanent("the message names no sweep")
            return cls(sweep_id, step, attempt)
        except (KeyError, TypeError, ValueError, RecursionError, OverflowError):
            raise Permanent("the message is not one of a sweep's") from None
