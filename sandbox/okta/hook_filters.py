"""Event hook filters: which events of a listed type a hook really gets. An Early Access feature.

Source: the vendor's page on event hook filters: fields of a target element, `eq` and `ne`, joined
by && and ||; the expression has to be a Boolean. Only the form over targets is modelled:
event.target.?[type eq 'AppInstance' && id eq '0oa…'].size()>0
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sandbox.okta import errors

FIELDS = frozenset({"id", "type", "alternateId", "displayName"})
_FORM = re.compile(r"\s*event\.target\.\?\[(.*)\]\.size\(\)\s*>\s*0\s*", re.DOTALL)
_TOKEN = re.compile(r"\s*(?:(&&|\|\||\(|\))|'([^']*)'|(\w+))")

Test = Callable[[Mapping[str, object]], bool]


def read_filter(event_filter: object, event_types: tuple[str, ...]) -> dict[str, Test]:
    """Event type -> test of one target element. OktaError E0000001 for what makes no sense."""
    if event_filter is None:
        return {}
    entries = event_filter.get("eventFilterMap") if isinstance(event_filter, Mapping) else None
    if not isinstance(entries, list):
        raise _refused("an eventFilterMap is needed")
    found = {}
    for entry in entries:
        given = entry if isinstance(entry, Mapping) else {}
        name, condition = given.get("event"), given.get("condition")
        expression = condition.get("expression") if isinstance(condition, Mapping) else None
        if not isinstance(name, str) or name not in event_types:
            raise _refused(f"{name} is not an event of this hook")
        form = _FORM.fullmatch(expression) if isinstance(expression, str) else None
        if form is None:
            raise _refused("the expression is not valid")
        found[name] = _Reader(form[1]).read()
    return found


def passes(tests: Mapping[str, Test], event: Mapping[str, object]) -> bool:
    """An event type without a condition always passes."""
    test = tests.get(str(event.get("eventType")))
    targets = event.get("target")
    return test is None or any(
        test(each) for each in (targets if isinstance(targets, list) else [])
    )


class _Reader:
    """Recursive descent: || binds weaker than &&."""

    def __init__(self, text: str) -> None:
        self._tokens = self._split(text)
        self._at = 0

    def read(self) -> Test:
        found = self._any()
        if self._at != len(self._tokens):
            raise _refused("the expression is not valid")
        return found

    def _any(self) -> Test:
        parts = [self._all()]
        while self._take("||"):
            parts.append(self._all())
        return lambda target: any(part(target) for part in parts)

    def _all(self) -> Test:
        parts = [self._one()]
        while self._take("&&"):
            parts.append(self._one())
        return lambda target: all(part(target) for part in parts)

    def _one(self) -> Test:
        if self._take("("):
            inner = self._any()
            if not self._take(")"):
                raise _refused("the expression is not valid")
            return inner
        three = self._tokens[self._at : self._at + 3]
        self._at += 3
        kinds = [kind for kind, _ in three]
        if kinds != ["word", "word", "text"]:
            raise _refused("the expression is not valid")
        (_, name), (_, operator), (_, value) = three
        if name not in FIELDS or operator not in {"eq", "ne"}:
            raise _refused(f"{name} {operator} is not supported")
        return lambda target: (target.get(name) == value) == (operator == "eq")

    def _take(self, symbol: str) -> bool:
        here = self._at < len(self._tokens) and self._tokens[self._at] == ("symbol", symbol)
        self._at += here
        return here

    @staticmethod
    def _split(text: str) -> list[tuple[str, str]]:
        found, at = [], 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise _refused("the expression is not valid")
            for kind, value in zip(("symbol", "text", "word"), match.groups(), strict=True):
                if value is not None:
                    found.append((kind, value))
            at = match.end()
        return found


def _refused(why: str) -> errors.OktaError:
    return errors.validation("filter", f"filter: {why}")
