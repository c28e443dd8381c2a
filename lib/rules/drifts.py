"""Expected against actual for one subject: which watched attributes differ?"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from lib.incident import Drift, in_order
from lib.model import Attribute, EntraUser
from lib.rules.compare import Comparison, compare
from lib.rules.expected import Expectation


@dataclass(frozen=True)
class Verdict:
    """`without_opinion`: attributes Okta does not (or no longer) speak about."""

    drifts: tuple[Drift, ...]
    format_notes: tuple[Attribute, ...] = ()
    without_opinion: tuple[Attribute, ...] = ()


def judge(expected: tuple[Expectation, ...], user: EntraUser | None) -> Verdict:
    if user is None:
        return _absent(expected)
    drifts, notes, silent = [], [], []
    for expectation in expected:
        attribute = expectation.attribute
        actual = user.value(attribute)
        match compare(attribute, expectation.value, actual):
            case Comparison.DIFFERENT:
                drifts.append(Drift(attribute, expectation.value, actual, expectation.stale))
            case Comparison.FORMAT:
                notes.append(attribute)
            case Comparison.NO_OPINION:
                silent.append(attribute)
            case Comparison.EQUAL:
                pass
    return Verdict(tuple(drifts), tuple(notes), tuple(silent))


def watched_digest(expected: tuple[Expectation, ...], user: EntraUser | None) -> str:
    """All watched values on all sides. A touch re-pushes every one of them, so it is void when
    any changed since its plan was made.
    """
    rows = []
    for e in expected:
        actual = user.value(e.attribute) if user else None
        held = (e.value, e.on_app_user, e.on_user, actual)
        rows.append([e.attribute, *(in_order(value) for value in held)])
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _absent(expected: tuple[Expectation, ...]) -> Verdict:
    """No Entra user satisfies "disabled"; where an account is expected, that alone is said."""
    drifts: list[Drift] = []
    silent: list[Attribute] = []
    for expectation in expected:
        if expectation.attribute is not Attribute.ACCOUNT_ENABLED:
            silent.append(expectation.attribute)
        elif expectation.value is True:
            drifts.append(Drift(Attribute.ACCOUNT_ENABLED, True, None))
        elif expectation.value is None:
            silent.append(expectation.attribute)
    return Verdict(tuple(drifts), (), tuple(silent))
