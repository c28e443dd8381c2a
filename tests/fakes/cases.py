"""Cases that many tests of causes begin with."""

from __future__ import annotations

from datetime import timedelta

from lib.model import Attribute
from lib.rules.causes import BypassFact, Case
from lib.rules.expected import Expectation, MappingState
from tests.fakes.clock import START
from tests.fakes.make import OLD_PHONE, PHONE, case, entra_user, push, push_log

HOUR = timedelta(hours=1)
DENIED = (
    'httpStatusCode=403 errorCode=Authorization_RequestDenied errorMessage="Insufficient" '
    "request-id=r-1 method=PATCH url=https://g.example/v1.0/users/1"
)


def failed(reason: str | None, **changes: object) -> Case:
    log = push_log(push("FAILURE", reason=reason))
    return case(**{"push_log": log} | changes)  # type: ignore[arg-type]


def stale(mapping: MappingState) -> Expectation:
    return Expectation(Attribute.MOBILE_PHONE, PHONE, mapping, OLD_PHONE, PHONE)


def synced(flag: bool | None, seen_at: timedelta = -HOUR, **changes: object) -> Case:
    fact = BypassFact(flag, START + seen_at, "graph GET onPremisesSynchronization")
    entra = entra_user(synced=True, mobile_phone=OLD_PHONE, other_mails=("x@y.example",))
    return case(**{"entra": entra, "bypass": fact} | changes)  # type: ignore[arg-type]
