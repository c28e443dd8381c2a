"""What a batch of check messages comes to: one task per subject, and how a task can end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lib.errors import Permanent
from lib.messages import CheckMessage
from lib.model import Subject
from lib.rules.hints import later


@dataclass(frozen=True)
class Task:
    """One subject to check, merged over all messages of a batch that name it.

    `published` is the latest hint's (None: unknown, so it counts as the latest); `hinted` is
    False when only a look asked for it.
    """

    published: datetime | None
    hinted: bool
    look: bool
    first_seen: datetime | None
    guessed: bool = False


# Refused credentials are a person's to mend; work waits this long (seconds) between tries.
LOCKED_OUT = 300.0


@dataclass(frozen=True)
class Retry:
    """Try this subject again; `after` in seconds when a vendor named a time."""

    reason: str
    after: float | None = None


# None: done.
Result = Retry | Permanent | None


def merge(messages: Sequence[CheckMessage]) -> dict[Subject, Task]:
    tasks: dict[Subject, Task] = {}
    for message in messages:
        for hint in message.hints:
            known = tasks.get(hint.subject)
            # A sweep hands over looks that answer a hint as well.
            hinted = not message.look or hint.published is not None
            new = Task(hint.published, hinted, message.look, message.first_seen, hint.guessed)
            tasks[hint.subject] = _join(known, new) if known else new
    return tasks


def _join(one: Task, other: Task) -> Task:
    hinted = [task for task in (one, other) if task.hinted]
    published = later(hinted[0].published, hinted[-1].published) if hinted else None
    seen = [task.first_seen for task in (one, other) if task.first_seen]
    look = one.look or other.look
    guessed = one.guessed and other.guessed
    return Task(published, bool(hinted), look, min(seen, default=None), guessed)
