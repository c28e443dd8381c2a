"""Queues and the topic: what was sent, and a switch that makes sending fail."""

from __future__ import annotations

from collections.abc import Sequence

from lib.errors import Transient
from lib.incident import Page
from lib.messages import CheckMessage, RemediationMessage
from lib.sweep_message import SweepMessage


class FakeQueue:
    """The check queue, for senders of one and of many. `down`: nothing is taken."""

    def __init__(self) -> None:
        self.sent: list[tuple[CheckMessage, float | None]] = []
        self.down = False

    def send(self, message: CheckMessage, delay: float | None = None) -> None:
        self._up()
        self.sent.append((message, delay))

    def send_all(self, messages: Sequence[CheckMessage]) -> None:
        self._up()
        self.sent.extend((message, None) for message in messages)

    def take(self) -> list[tuple[CheckMessage, float | None]]:
        taken, self.sent = self.sent, []
        return taken

    def _up(self) -> None:
        if self.down:
            raise Transient("the queue is down")


class FakeRemediationQueue:
    def __init__(self) -> None:
        self.sent: list[RemediationMessage] = []
        self.down = False

    def send(self, message: RemediationMessage) -> None:
        if self.down:
            raise Transient("the queue is down")
        self.sent.append(message)


class FakeSweepQueue:
    def __init__(self) -> None:
        self.sent: list[tuple[SweepMessage, float]] = []
        self.down = False

    def send(self, message: SweepMessage, delay: float = 0) -> None:
        if self.down:
            raise Transient("the queue is down")
        self.sent.append((message, delay))


class FakePager:
    def __init__(self) -> None:
        self.pages: list[Page] = []
        self.down = False

    def page(self, page: Page) -> None:
        if self.down:
            raise Transient("the topic is down")
        self.pages.append(page)

    @property
    def news(self) -> list[str]:
        return [page.news.value for page in self.pages if not page.group]

    @property
    def groups(self) -> list[Page]:
        """Those that stand for many."""
        return [page for page in self.pages if page.group]
