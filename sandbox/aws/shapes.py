"""The parts of a resolved template that the sandbox stands for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FunctionShape:
    """One Lambda function: limits, and for each variable the stack output that holds its value."""

    name: str
    handler: str
    timeout: float  # seconds
    memory: int  # MB
    variables: Mapping[str, str]
    reserved_concurrency: int | None


@dataclass(frozen=True)
class SourceShape:
    """One event source mapping. `queue` is a logical id, `window` is in seconds."""

    function: str
    queue: str
    batch_size: int
    window: float
    partial: bool
    concurrency: int


@dataclass(frozen=True)
class ScheduleShape:
    """One rule that runs a function; `every` is in seconds."""

    function: str
    every: float


@dataclass(frozen=True)
class RouteShape:
    method: str
    path: str
    function: str
    iam: bool


@dataclass(frozen=True)
class Shape:
    """A resolved template. `stack` is what moto deploys; `secrets`: properties by logical id."""

    stack: dict[str, Any]
    parameters: dict[str, str]
    functions: Mapping[str, FunctionShape]
    sources: tuple[SourceShape, ...]
    schedules: tuple[ScheduleShape, ...]
    routes: tuple[RouteShape, ...]
    secrets: Mapping[str, Mapping[str, Any]]
