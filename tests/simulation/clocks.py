"""Three clocks on one time: ours, Okta's and Microsoft's. None of them is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 4, 11, 40, 0, tzinfo=UTC)


class Clocks:
    """`now`: seconds of the world since START. Offsets in seconds; ours may jump."""

    def __init__(self, ours: float = 0.0, okta: float = 0.0, graph: float = 0.0) -> None:
        self.now = 0.0
        self.offset, self._okta, self._graph = ours, okta, graph

    def __call__(self) -> datetime:
        """Ours. A millisecond passes, so that what happens in order is dated in order."""
        self.now += 0.001
        return self._at(self.offset)

    def peek(self) -> datetime:
        return self._at(self.offset)

    def okta(self) -> datetime:
        """Okta's time, as events are published by."""
        return self._at(self._okta)

    def okta_date(self) -> datetime:
        """As a Date header: whole seconds."""
        return self.okta().replace(microsecond=0)

    def graph(self) -> datetime:
        return self._at(self._graph)

    def graph_date(self) -> datetime:
        return self.graph().replace(microsecond=0)

    def seconds(self) -> float:
        return self.now

    def pass_by(self, seconds: float) -> None:
        self.now += seconds

    def _at(self, offset: float) -> datetime:
        return START + timedelta(seconds=self.now + offset)
