"""Whom the app users' names of events belong to, asked of Okta as check asks, a few at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from lib.errors import PushproofError, Transient
from lib.model import Subject
from lib.okta import Okta
from lib.okta_sign_in import READ
from lib.rate import Budget
from lib.rules.hints import NamelessHint
from lib.settings import Environment
from lib.wiring.common import okta_http
from ops.connection import Connection

# Of app and app user's name: whose it is, None for nobody's. Raises PushproofError and botocore's.
Find = Callable[[str, str], Subject | None]
Key = tuple[str, str]
# Each costs a request of Okta's scarce buckets, which check needs as well.
MOST_A_LOOK = 5
# Seconds until Okta is asked again when it did not answer.
PAUSE = 15.0


class Names:
    """`found`: subjects by name. `nobody`: names that Okta knows of nobody, or may not be asked."""

    def __init__(
        self,
        nameless: Sequence[NamelessHint],
        find: Find,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hints: dict[Key, NamelessHint] = {}
        for each in nameless:
            self._hints.setdefault(key_of(each), each)
        self._open = list(self._hints)
        self._find, self._seconds = find, seconds
        self._not_before = 0.0
        self.found: dict[Key, Subject] = {}
        self.nobody: dict[Key, str] = {}

    @property
    def unresolved(self) -> bool:
        """Okta did not tell of somebody, yet or at all."""
        return bool(self._open or self.nobody)

    def ask(self) -> list[tuple[NamelessHint, Subject]]:
        """The next few; answers those that were found now."""
        news: list[tuple[NamelessHint, Subject]] = []
        if self._seconds() < self._not_before:
            return news
        for key in self._open[:MOST_A_LOOK]:
            try:
                subject = self._find(*key)
            except Transient:
                self._not_before = self._seconds() + PAUSE
                break
            except (PushproofError, ClientError, BotoCoreError):
                self.nobody[key] = "names an app user, and Okta may not be asked whose"
            else:
                if subject is None:
                    self.nobody[key] = "names an app user whom Okta does not know"
                else:
                    self.found[key] = subject
                    news.append((self._hints[key], subject))
            self._open.remove(key)
        return news


def key_of(nameless: NamelessHint) -> Key:
    return nameless.app_id, nameless.app_user_name


def asks_okta(connection: Connection) -> Find:
    """With what the operator may read; nothing is asked before the first name."""
    known: list[Okta] = []

    def find(app_id: str, app_user_name: str) -> Subject | None:
        if not known:
            env = Environment(connection.settings())
            known.append(Okta(okta_http(env, READ).behind(Budget())))
        return known[0].find_subject(app_id, app_user_name)

    return find
