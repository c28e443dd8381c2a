"""Frozen dataclasses to JSON text and back, by their type hints."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Hashable
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar

from lib.times import from_text, to_text

T = TypeVar("T")


def encode(value: Any) -> str:
    return json.dumps(_plain(value), separators=(",", ":"))


def decode(kind: type[T], text: str) -> T:
    """Raises TypeError, KeyError or ValueError when the text is not a `kind`."""
    return typing.cast(T, _build(kind, json.loads(text)))


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, tuple | list | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(_plain(name)): _plain(item) for name, item in value.items()}
    return value


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    """Looked up once: it takes most of the time of reading an incident."""
    return typing.get_type_hints(kind)


def _build(kind: Any, data: Any) -> Any:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _build_union(typing.get_args(kind), data)
    if origin is tuple:
        inner = typing.get_args(kind)[0]
        return tuple(_build(inner, item) for item in data)
    if origin is dict:
        key, inner = typing.get_args(kind)
        return {_build(key, name): _build(inner, item) for name, item in data.items()}
    if dataclasses.is_dataclass(kind):
        hints = _hints(typing.cast(Hashable, kind))
        # A field written by a newer version is ignored; one missing takes its default.
        given = {n: _build(hints[n], data[n]) for n in hints if n in data}
        return typing.cast(Any, kind)(**given)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(data)
    if kind is datetime:
        return from_text(data)
    if not isinstance(data, kind):
        raise TypeError(f"{kind.__name__} expected")
    return data


def _build_union(kinds: tuple[Any, ...], data: Any) -> Any:
    if data is None:
        return None
    for kind in kinds:
        is_tuple = typing.get_origin(kind) is tuple
        if kind is type(None) or isinstance(data, list) is not is_tuple:
            continue
        if kind is bool or kind is str:
            if isinstance(data, kind):
                return data
            continue
        return _build(kind, data)
    raise TypeError("no member of the union fits")
