"""What Microsoft's audit log tells of one attribute: what the push did to it, and who came after.

Entries come late and their latency is documented nowhere, so a missing entry alone proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from lib.incident import Certainty, Evidence
from lib.model import Attribute, AuditEntry, AuditLog, PushEvent, Value
from lib.rules.case import AUDIT, Case
from lib.rules.compare import Comparison, compare
from lib.rules.connector import AFTER, Known, of_push
from lib.times import to_text

# Without a licence the log is kept for seven days: before that, silence says nothing.
RETENTION = timedelta(days=7)
_EMPTY: tuple[Value, ...] = (None, (), "")


@dataclass(frozen=True)
class Trace:
    """`pushed`: the connector's successful entries of the push. `later`: the newest successful
    write of the attribute after them, whoever made it.
    """

    log: AuditLog
    push: PushEvent
    attribute: Attribute
    pushed: tuple[AuditEntry, ...]
    later: AuditEntry | None

    @property
    def landed(self) -> bool:
        """The push wrote the attribute, whatever became of it."""
        return any(self.attribute in (each.names or ()) for each in self.pushed)

    @property
    def left_out(self) -> bool:
        """The push succeeded at Microsoft, and says that it changed other things only."""
        return bool(self.pushed) and all(
            each.names is not None and self.attribute not in each.names for each in self.pushed
        )

    @property
    def untouched_since(self) -> bool:
        """Nobody wrote the attribute from the push to the read, as far as the log tells."""
        began = min((each.at for each in self.pushed), default=self.push.published)
        since = [each for each in self.log.entries if each.succeeded and each.at >= began]
        return (
            self.log.complete
            and self.log.taken_at - self.push.published <= RETENTION
            and all(e.names is not None and self.attribute not in e.names for e in since)
        )


def trace(case: Case) -> Trace | None:
    """None unless a push succeeded and the audit log was read."""
    story, log = case.story, case.audit
    if log is None or story is None or not story.succeeded or story.last is None:
        return None
    push = story.last
    pushed = tuple(each for each in of_push(log, push) if case.connector.did(each.actor))
    # With the connector's own entry at hand both times are Microsoft's.
    since = max((e.at for e in pushed), default=None) or push.published + AFTER
    after = [
        each
        for each in log.entries
        if each.succeeded and each.at > since and case.attribute in (each.names or ())
    ]
    newest = max(after, key=lambda each: each.at, default=None)
    return Trace(log, push, case.attribute, pushed, newest)


def changed_since(case: Case, seen: Trace) -> tuple[Certainty, tuple[Evidence, ...]] | None:
    """Did another actor than the connector write the attribute after the push?

    Only the newest write counts, and never one that wrote what is expected: it explains nothing.
    Confirmed when it wrote what Entra holds now and the connector is known.
    """
    entry, connector = seen.later, case.connector
    if entry is None or connector.did(entry.actor):
        return None
    if connector.principal_id is None and entry.by_sync:
        return None  # Okta itself may be the sync
    told = case.attribute in entry.written
    wrote = entry.written.get(case.attribute)
    if told and _same(case.attribute, case.drift.expected, wrote):
        return None
    is_there = told and _same(case.attribute, wrote, case.drift.actual)
    facts = [f"{entry.actor} wrote {case.attribute} after the push"]
    if told and not is_there:
        facts.append("and it was changed once more since")
    if not told:
        facts.append("what it wrote could not be read")
    if connector.principal_id is None:
        facts.append("the connector is unknown, so it may have been Okta")
    sure = is_there and connector.how is not Known.UNKNOWN
    evidence = [_said(seen, entry, "; ".join(facts))]
    if seen.landed:
        evidence.append(_of_push(seen, f"the connector wrote {case.attribute} with the push"))
    return Certainty.CONFIRMED if sure else Certainty.SUSPECTED, tuple(evidence)


def silent_success(case: Case, seen: Trace) -> Evidence | None:
    """What the connector's own entry adds to a cause: it supports one and never makes one.

    A success without the attribute means that the push changed nothing only if the values differed
    then: nobody wrote the attribute since, so Entra held then what it holds now, and the AppUser
    is what was pushed.
    """
    if seen.landed:
        return _of_push(
            seen, f"the connector's entry of the push says that it wrote {case.attribute}"
        )
    if not seen.left_out:
        return None
    fact = f"the connector's update with the push succeeded without {case.attribute}"
    if seen.untouched_since:
        proved = "nobody wrote it since, so the values differed then: accepted and not applied"
        return _of_push(seen, f"{fact}; {proved}")
    why = "whether the values differed then is not known, so that alone proves nothing"
    return _of_push(seen, f"{fact}; {why}")


def is_entry(seen: Evidence) -> bool:
    """Does it tell of an entry, rather than of what could not be read?"""
    return seen.source == AUDIT and seen.fact.startswith("at ")


def _of_push(seen: Trace, fact: str) -> Evidence:
    return _said(seen, max(seen.pushed, key=lambda each: each.at), fact)


def _said(seen: Trace, entry: AuditEntry, fact: str) -> Evidence:
    ids = [
        f"{name} {value}"
        for name, value in (
            ("correlation-id", entry.correlation_id),
            ("request-id", seen.log.request_id),
            ("client-request-id", seen.log.client_request_id),
        )
        if value
    ]
    text = "; ".join([f"at {to_text(entry.at)} {fact}", *ids])
    return Evidence(AUDIT, seen.log.taken_at, text)


def _same(attribute: Attribute, one: Value, other: Value) -> bool:
    """Two empty values are the same; another format of one number is, too."""
    if one in _EMPTY or other in _EMPTY:
        return one in _EMPTY and other in _EMPTY
    return compare(attribute, one, other) in (Comparison.EQUAL, Comparison.FORMAT)
