from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.aws.identities import Identity, operator
from sandbox.aws.local import LocalCloud

SMALL = Path(__file__).parent / "small"


@pytest.fixture(scope="session")
def somebody() -> Identity:
    return operator("first.operator")


@pytest.fixture(scope="module")
def cloud(somebody: Identity) -> Iterator[LocalCloud]:
    """The small stack; Delay is 2 seconds so that a delay can be told from none."""
    barred = operator("barred.operator", allowed=False)
    with LocalCloud(
        {"Delay": "2"},
        identities=[somebody, barred],
        template=SMALL / "template.yaml",
        code=SMALL,
    ) as running:
        yield running
