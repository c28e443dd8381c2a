"""Single entries of Okta's System Log, to be sent again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from lib.flows.catch_up import EXPRESSION, RETENTION
from lib.http import Http
from lib.okta_log import latest
from lib.rules.hints import is_id
from lib.settings import Environment
from lib.times import Clock, utc_now
from ops.connection import Connection, Misuse, Trouble
from ops.replay.log_range import LOGS
from ops.vendors import okta_as_administrator

# One request takes one id: the bucket holds 60 a minute (the vendor's rate limits), and a filter
# of very many does not fit an address. More is what --since is for.
MOST_IDS = 20


def log_of(connection: Connection) -> Http:
    return okta_as_administrator(Environment(connection.settings()), LOGS)


def by_id(log: Http, uuids: Sequence[str], clock: Clock = utc_now) -> list[object]:
    """In the order asked for. Raises Misuse, Trouble naming those Okta does not have any more, and
    what lib/http.py raises.
    """
    strange = [uuid for uuid in uuids if not is_id(uuid)]
    if strange or len(uuids) > MOST_IDS:
        raise Misuse(f"An entry of the log is named by its uuid, at most {MOST_IDS} at a time.")
    asked = " or ".join(f'uuid eq "{uuid}"' for uuid in uuids)
    entries = latest(log, clock() - RETENTION, asked)
    found = {entry.get("uuid"): entry for entry in entries if isinstance(entry, dict)}
    missing = [uuid for uuid in uuids if uuid not in found]
    if missing:
        raise Trouble(
            f"Okta's log does not hold {', '.join(missing)} "
            f"(it goes back {RETENTION.days} days, and shows an event with some delay)."
        )
    return [found[uuid] for uuid in uuids]


def recent(log: Http, clock: Clock = utc_now, back: timedelta = timedelta(days=7)) -> list[object]:
    """The newest hundred watched entries, the newest first."""
    return latest(log, clock() - back, EXPRESSION)
