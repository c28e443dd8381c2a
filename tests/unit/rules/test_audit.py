"""What audit entries prove, and above all what they do not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.incident import Cause, CauseName, Certainty
from lib.model import Attribute, AuditActor, AuditEntry, AuditLog
from lib.rules.case import Case
from lib.rules.causes import name_causes
from lib.rules.connector import UNKNOWN, ConnectorFact, Known, agreed, learn
from tests.fakes.cases import synced
from tests.fakes.clock import START
from tests.fakes.make import (
    APP,
    CONNECTOR,
    OBJECT,
    OLD_PHONE,
    OTHER_OBJECT,
    PHONE,
    audit_entry,
    audit_log,
    case,
    entra_user,
    leaver,
    push,
    push_log,
    role,
    standing,
)

CONFIRMED, SUSPECTED = Certainty.CONFIRMED, Certainty.SUSPECTED
MOBILE, ENABLED = Attribute.MOBILE_PHONE, Attribute.ACCOUNT_ENABLED
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
COLLEAGUE = AuditActor(OTHER_OBJECT)
PUSHED = audit_entry(MOBILE, at=START - SECOND)
WITHOUT = audit_entry(Attribute.OTHER_MAILS, at=START - SECOND)


def by_colleague(at: timedelta = MINUTE, **changes: Any) -> AuditEntry:
    fields = {"written": {MOBILE: OLD_PHONE}} | changes
    return audit_entry(MOBILE, at=START + at, by=COLLEAGUE, **fields)


def of(*entries: AuditEntry, **changes: Any) -> Case:
    return case(audit=changes.pop("audit", audit_log(*entries)), **changes)


def changed(found: Case) -> Cause | None:
    named = {cause.name: cause for cause in name_causes(found)}
    return named.get(CauseName.CHANGED_AFTER_PUSH)


def told(cause: Cause | None) -> str:
    assert cause is not None
    return " | ".join(seen.fact for seen in cause.evidence)


@pytest.mark.parametrize(
    ("found", "certainty", "says"),
    [
        (of(PUSHED, by_colleague()), CONFIRMED, f"user {OTHER_OBJECT} wrote mobilePhone"),
        (of(by_colleague()), CONFIRMED, "correlation-id corr-1; request-id audit-request"),
        (of(by_colleague(written={})), SUSPECTED, "what it wrote could not be read"),
        (of(by_colleague(written={MOBILE: "+1"})), SUSPECTED, "changed once more since"),
        (of(by_colleague(), connector=UNKNOWN), SUSPECTED, "the connector is unknown"),
        # With the connector's own entry both times are Microsoft's: a second is enough.
        (of(PUSHED, by_colleague(timedelta(0))), CONFIRMED, "after the push"),
        (of(by_colleague(by_sync=True)), CONFIRMED, "after the push"),
    ],
    ids=["whole", "no entry of ours", "value untold", "again", "unknown", "at once", "a sync"],
)
def test_somebody_else_wrote_it_later(found: Case, certainty: Certainty, says: str) -> None:
    cause = changed(found)
    assert says in told(cause)
    assert cause
    assert cause.certainty is certainty
    assert OLD_PHONE not in told(cause)


@pytest.mark.parametrize(
    "found",
    [
        of(PUSHED),
        of(PUSHED, by_colleague(-MINUTE)),
        of(by_colleague(timedelta(seconds=4))),
        of(by_colleague(succeeded=False)),
        of(by_colleague(written={MOBILE: PHONE})),
        of(by_colleague(written={MOBILE: "001 555 0100"})),
        of(by_colleague(names=frozenset({Attribute.OTHER_MAILS}), written={})),
        of(by_colleague(names=None, written={})),
        of(by_colleague(), audit_entry(MOBILE, at=START + 2 * MINUTE)),
        of(by_colleague(by_sync=True), connector=UNKNOWN),
        of(by_colleague(), push_log=push_log(push("FAILURE"))),
        of(by_colleague(), push_log=push_log()),
        of(by_colleague(), push_log=None),
        of(audit=None),
    ],
    ids=[
        "only us",
        "before the push",
        "as good as with the push",
        "refused",
        "what is expected",
        "what is expected in another form",
        "another attribute",
        "no names",
        "the connector came later still",
        "a sync that may be Okta's",
        "the push failed",
        "never pushed",
        "no log",
        "no audit",
    ],
)
def test_what_is_no_change_by_somebody_else(found: Case) -> None:
    assert changed(found) is None


def test_a_leaver_whom_somebody_enabled_again() -> None:
    off = push(event_type="application.provision.user.deactivate", uuid="off")
    base = leaver()
    assert base.push_log
    log = replace(base.push_log, events=(*base.push_log.events, off))
    entry = audit_entry(ENABLED, at=START + MINUTE, by=COLLEAGUE, written={ENABLED: True})
    assert changed(replace(base, push_log=log, audit=audit_log(entry)))
    assert not changed(
        replace(base, push_log=log, audit=audit_log(replace(entry, written={ENABLED: False})))
    )


@pytest.mark.parametrize(
    "found",
    [
        lambda audit: case(standing=standing(role()), audit=audit),
        lambda audit: synced(False, audit=audit),
    ],
    ids=["privileged", "override"],
)
class TestSupport:
    """The connector's success without the attribute, for the two silent causes."""

    def test_it_proves_a_silent_success_when_nobody_wrote_since(self, found: Any) -> None:
        (cause,) = name_causes(found(audit_log(WITHOUT)))
        assert cause.certainty is CONFIRMED
        assert "so the values differed then: accepted and not applied" in told(cause)

    @pytest.mark.parametrize(
        "audit",
        [
            audit_log(WITHOUT, complete=False),
            audit_log(WITHOUT, audit_entry(at=START + MINUTE, by=COLLEAGUE, names=None)),
            audit_log(WITHOUT, by_colleague(written={})),
            audit_log(WITHOUT, taken_at=START + timedelta(days=8)),
        ],
        ids=["not read to its end", "names unsaid", "somebody wrote it", "kept for seven days"],
    )
    def test_it_proves_nothing_otherwise(self, found: Any, audit: AuditLog) -> None:
        named = {cause.name: cause for cause in name_causes(found(audit))}
        silent = [c for n, c in named.items() if n is not CauseName.CHANGED_AFTER_PUSH]
        assert "so that alone proves nothing" in told(silent[0])

    def test_an_entry_that_names_nothing_adds_nothing(self, found: Any) -> None:
        quiet = replace(WITHOUT, names=None)
        assert "the connector's update" not in told(name_causes(found(audit_log(quiet)))[0])

    def test_a_push_that_wrote_it_speaks_against(self, found: Any) -> None:
        (cause,) = name_causes(found(audit_log(PUSHED)))
        assert cause.certainty is SUSPECTED
        assert "says that it wrote mobilePhone" in told(cause)

    def test_a_push_that_landed_and_was_replaced_is_neither(self, found: Any) -> None:
        (cause,) = name_causes(found(audit_log(PUSHED, by_colleague())))
        assert cause.name is CauseName.CHANGED_AFTER_PUSH


def test_a_success_without_the_attribute_is_no_cause_by_itself() -> None:
    (cause,) = name_causes(of(WITHOUT))
    assert cause.name is CauseName.UNEXPLAINED


@given(st.text(min_size=4), st.sampled_from(Attribute))
def test_no_value_of_an_entry_reaches_evidence(value: str, attribute: Attribute) -> None:
    secret = f"«{value}»"
    entry = audit_entry(attribute, at=START + MINUTE, by=COLLEAGUE, written={attribute: secret})
    for cause in name_causes(case(attribute, audit=audit_log(entry), entra=entra_user())):
        assert secret not in repr(cause)


# -- learning the connector ----------------------------------------------------------------------


def learned(*entries: AuditEntry, **changes: Any) -> ConnectorFact | None:
    return learn(audit_log(*entries, **changes), push(), OBJECT, APP, START)


def test_the_only_actor_with_the_push_is_the_connector() -> None:
    fact = learned(WITHOUT, audit_entry(at=START - 20 * SECOND))
    assert fact == ConnectorFact(APP, CONNECTOR, True, START, "push-success", "corr-1")


@pytest.mark.parametrize(
    "entries",
    [
        (),
        (audit_entry(at=START - 31 * SECOND),),
        (audit_entry(at=START + 6 * SECOND),),
        (audit_entry(succeeded=False),),
        (audit_entry(), audit_entry(by=COLLEAGUE)),
        (audit_entry(by=AuditActor(None, "app")),),
        (audit_entry(by=AuditActor(OBJECT)),),
    ],
    ids=["nobody", "earlier", "later", "refused", "two", "no object id", "the target itself"],
)
def test_who_is_not_the_connector(entries: tuple[AuditEntry, ...]) -> None:
    assert learned(*entries) is None


def test_a_log_not_read_to_its_end_teaches_nothing() -> None:
    assert learned(audit_entry(), complete=False) is None


def test_what_two_pushes_disagree_about_is_unknown_from_then_on() -> None:
    first = ConnectorFact(APP, CONNECTOR, True, START, "one")
    same = replace(first, push_uuid="two", learned_at=START + MINUTE)
    other = replace(same, principal_id=OTHER_OBJECT, application=False)
    assert agreed(None, None) is None
    assert agreed(None, first) == first
    assert agreed(first, None) == agreed(first, same) == first
    # The same push, read again, can not contradict itself.
    assert agreed(first, replace(other, push_uuid="one")) == first
    disputed = agreed(first, other)
    assert disputed
    assert disputed.principal_id == ""
    assert agreed(disputed, replace(same, push_uuid="three")) == disputed


def test_unknown_is_never_a_no() -> None:
    assert UNKNOWN.how is Known.UNKNOWN
    assert UNKNOWN.global_administrator is None
    assert not UNKNOWN.did(AuditActor(None))
