"""Reads a YAML document strictly: every wrong value becomes one sentence naming its field."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TypeVar

import yaml

_T = TypeVar("_T")
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class WorldError(Exception):
    """A world file that makes no sense; the text is one sentence naming the field."""


class _Loader(yaml.SafeLoader):
    """Refuses a key written twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                line = key_node.start_mark.line + 1
                raise WorldError(f'line {line}: "{key}" is given twice')
            seen.add(key if isinstance(key, str) else repr(key))
        found: dict[object, object] = super().construct_mapping(node, deep)
        return found


def parse(text: str) -> object:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader with one more rule
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise WorldError(f"line {line}: this is not YAML: {error.problem}") from error
    except yaml.YAMLError as error:
        raise WorldError(f"this is not YAML: {type(error).__name__}") from error


class Field:
    """One place in the document: its value and its path, e.g. `people[3].entra.roles[0]`."""

    def __init__(self, value: object, path: str) -> None:
        self.value = value
        self.path = path

    def wrong(self, why: str) -> WorldError:
        return WorldError(f"{self.path or 'the world'}: {why}")

    @property
    def absent(self) -> bool:
        return self.value is None

    def mapping(self, *known: str) -> Mapping[str, Field]:
        """The entries; with `known`, those and no others, absent ones as a field without value."""
        if not isinstance(self.value, dict):
            raise self.wrong("must be a mapping of names to values")
        for key in self.value:
            if not isinstance(key, str):
                raise self.wrong(f"the key {key!r} must be text")
            if known and key not in known:
                raise self.wrong(f'"{key}" is not a key here; use {", ".join(known)}')
        prefix = f"{self.path}." if self.path else ""
        names: Iterable[str] = known or self.value
        return {name: Field(self.value.get(name), f"{prefix}{name}") for name in names}

    def items(self) -> list[Field]:
        """The entries of a list; an absent list is empty."""
        if self.absent:
            return []
        if not isinstance(self.value, list):
            raise self.wrong("must be a list")
        return [Field(value, f"{self.path}[{index}]") for index, value in enumerate(self.value)]

    def each(self, read: Callable[[Field], _T]) -> tuple[_T, ...]:
        return tuple(read(item) for item in self.items())

    def text(self, default: str | None = None) -> str:
        if self.absent and default is not None:
            return default
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong("must be text; put quotes around numbers")
        return self.value

    def optional_text(self) -> str | None:
        return None if self.absent else self.text()

    def flag(self, default: bool | None = None) -> bool:
        if self.absent and default is not None:
            return default
        if not isinstance(self.value, bool):
            raise self.wrong("must be true or false")
        return self.value

    def optional_flag(self) -> bool | None:
        return None if self.absent else self.flag()

    def seconds(self, default: float) -> float:
        if self.absent:
            return default
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong("must be a number of seconds")
        if not 0 <= self.value < 86_400:
            raise self.wrong("must be from 0 to below 86400 seconds")
        return float(self.value)

    def whole(self, at_least: int) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.wrong("must be a whole number")
        if self.value < at_least:
            raise self.wrong(f"must be at least {at_least}")
        return self.value

    def choice(self, allowed: Collection[str], default: str | None = None) -> str:
        value = self.text(default)
        if value not in allowed:
            raise self.wrong(f'"{value}" is not one of {", ".join(allowed)}')
        return value

    def guid(self) -> str:
        value = self.text().lower()
        if not _GUID.fullmatch(value):
            raise self.wrong(f'"{value}" is not a GUID')
        return value

    def json(self) -> dict[str, object]:
        """A profile: names to text, numbers, flags, null or lists of text."""
        if self.absent:
            return {}
        found: dict[str, object] = {}
        for name, entry in self.mapping().items():
            if isinstance(entry.value, list):
                found[name] = list(entry.each(Field.text))
            elif entry.value is None or isinstance(entry.value, str | int | float | bool):
                found[name] = entry.value
            else:
                raise entry.wrong("must be text, a number, true, false, null or a list of text")
        return found
