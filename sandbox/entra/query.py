"""The OData query options that the modelled paths understand; anything else is refused."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from sandbox.entra.errors import GraphError, bad_request, not_modelled, unsupported_query

_T = TypeVar("_T")
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[A-Za-z0-9_./:+\-]+|[(),])")
MOST_VALUES = 15


@dataclass(frozen=True)
class Clause:
    """`name operator values`: `id in ('a','b')`, `accountEnabled eq true`.

    Text values come without quotes; true, false and null as Python's; times stay text.
    """

    name: str
    operator: str
    values: tuple[object, ...]


@dataclass(frozen=True)
class Filter:
    """Clauses joined by one word, `and` or `or`."""

    clauses: tuple[Clause, ...]
    any_of: bool = False


def parse_filter(text: str) -> Filter:
    """GraphError (400) for what does not parse, and for more than 15 values or or-clauses."""
    tokens = _Tokens(text)
    clauses = [_clause(tokens)]
    joins: set[str] = set()
    while not tokens.finished:
        joins.add(tokens.word("and", "or"))
        clauses.append(_clause(tokens))
    if len(joins) > 1:
        raise not_modelled("a filter that mixes and with or")
    any_of = joins == {"or"}
    width = len(clauses) if any_of else max(len(clause.values) for clause in clauses)
    if width > MOST_VALUES:
        raise unsupported_query(
            "Too many child clauses specified in search filter expression containing 'OR' "
            f"operators: {width}. Max allowed: {MOST_VALUES}."
        )
    return Filter(tuple(clauses), any_of)


class _Tokens:
    def __init__(self, text: str) -> None:
        self._found: list[str] = []
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _invalid()
            self._found.append(match.group(1))
            position = match.end()

    @property
    def finished(self) -> bool:
        return not self._found

    def next(self) -> str:
        if not self._found:
            raise _invalid()
        return self._found.pop(0)

    def word(self, *allowed: str) -> str:
        token = self.next()
        if token not in allowed:
            raise _invalid()
        return token


def _clause(tokens: _Tokens) -> Clause:
    name = tokens.next()
    if tokens_open := name in {"startswith"} or name.endswith("/any"):
        return _call(name, tokens) if tokens_open else Clause(name, "", ())
    operator = tokens.word("eq", "in", "ge", "le", "ne")
    if operator != "in":
        return Clause(name, operator, (_literal(tokens.next()),))
    tokens.word("(")
    values = [_literal(tokens.next())]
    while tokens.word(",", ")") == ",":
        values.append(_literal(tokens.next()))
    return Clause(name, operator, tuple(values))


def _call(name: str, tokens: _Tokens) -> Clause:
    """`startswith(property,'text')` and `collection/any(t:t/property eq 'text')`."""
    tokens.word("(")
    if name == "startswith":
        prop = tokens.next()
        tokens.word(",")
        clause = Clause(prop, "startswith", (_literal(tokens.next()),))
    else:
        variable, _, rest = tokens.next().partition(":")
        if not rest.startswith(f"{variable}/"):
            raise _invalid()
        operator = tokens.word("eq")
        path = f"{name.removesuffix('/any')}/{rest.removeprefix(f'{variable}/')}"
        clause = Clause(path, operator, (_literal(tokens.next()),))
    tokens.word(")")
    return clause


def _literal(token: str) -> object:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token in {"(", ")", ","}:
        raise _invalid()
    return {"true": True, "false": False, "null": None}.get(token, token)


def _invalid() -> GraphError:
    return bad_request("Invalid filter clause")


def select(options: Mapping[str, str], known: Collection[str]) -> tuple[str, ...] | None:
    """The properties of $select; None without it. GraphError (400) for one nobody knows."""
    text = options.get("$select")
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in known:
            raise GraphError(
                400,
                "BadRequest",
                "Parsing OData Select and Expand failed: Could not find a property named "
                f"'{name}' on type 'microsoft.graph.directoryObject'.",
            )
    return names


def refuse_unknown(options: Mapping[str, str], *known: str) -> None:
    """A query option that would be ignored here could be obeyed by Graph."""
    for name in options:
        if name.startswith("$") and name not in known:
            raise not_modelled(f"the query option {name} here")


@dataclass(frozen=True)
class Page:
    """One page of a collection. `next_query` is the query string of the next one."""

    items: Sequence[object]
    next_query: str | None


def page(
    options: Mapping[str, str], items: Sequence[_T], shape: Callable[[_T], object], most: int = 999
) -> Page:
    """Cuts by $top (1 to `most`, default 100) after the place that $skiptoken names."""
    top = options.get("$top", "100")
    if not top.isdecimal() or not 1 <= int(top) <= most:
        raise bad_request(
            f"Invalid page size specified: '{top}'. Must be between 1 and {most} inclusive."
        )
    start = _start(options)
    end = start + int(top)
    shaped = [shape(item) for item in items[start:end]]
    if end >= len(items):
        return Page(shaped, None)
    token = base64.urlsafe_b64encode(f"from {end}".encode()).decode()
    return Page(shaped, urlencode({**options, "$skiptoken": token}, safe="$,"))


def _start(options: Mapping[str, str]) -> int:
    token = options.get("$skiptoken")
    if token is None:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(" ")
    except ValueError:
        word, number = "", ""
    if word != "from" or not number.isdecimal():
        raise bad_request("Invalid $skiptoken.")
    return int(number)
