"""How much is tried: a fixed budget in CI, always the same bodies; as many new ones as wanted with
`make fuzz BODIES=…`.
"""

from __future__ import annotations

import os
from collections import Counter

from hypothesis import HealthCheck, settings

WANTED = os.environ.get("BODIES", "")
BODIES = int(WANTED or 2000)
# What was tried in this run, by what it was thrown at.
TRIED: Counter[str] = Counter()


def budget(share: float) -> settings:
    return settings(
        max_examples=max(1, int(BODIES * share)),
        derandomize=not WANTED,
        deadline=None,
        database=None,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )
