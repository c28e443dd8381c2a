"""What lies in a Lambda artifact, and what of it nothing asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

OURS = frozenset({"handlers", "lib"})
# The Python runtime brings these.
RUNTIME = frozenset({"boto3", "botocore"})
# What markers are evaluated for: the Lambda, not the machine that builds.
LAMBDA = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
}


@dataclass(frozen=True)
class Distribution:
    """One installed package: the importable names it owns and what it requires."""

    name: str
    top_level: frozenset[str]
    requires: tuple[Requirement, ...]


def distributions(artifact: Path) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    for info in artifact.glob("*.dist-info"):
        metadata = (info / "METADATA").read_text(encoding="utf-8").splitlines()
        headers = metadata[: metadata.index("")] if "" in metadata else metadata
        requires = [line.split(": ", 1)[1] for line in headers if line.startswith("Requires-Dist:")]
        files = (info / "RECORD").read_text(encoding="utf-8").splitlines()
        name = canonicalize_name(info.name.split("-")[0])
        found[name] = Distribution(
            name,
            frozenset(_top_level(line.split(",")[0]) for line in files) - {""},
            tuple(Requirement(text) for text in requires),
        )
    return found


def _top_level(path: str) -> str:
    """`jwt/api.py` -> jwt, `six.py` -> six, `_x.cpython-313-….so` -> _x; others own no name."""
    first = path.split("/", maxsplit=1)[0]
    if first.endswith(".dist-info") or first in ("..", "bin"):
        return ""
    return re.split(r"[.]", first)[0]


def needed(packages: Iterable[str], installed: dict[str, Distribution]) -> set[str]:
    """Names of the distributions that own `packages`, and all they require in turn."""
    owners = {top: name for name, d in installed.items() for top in d.top_level}
    waiting = [(owners[package], frozenset[str]()) for package in packages if package in owners]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = item = waiting.pop()
        if item in seen or name not in installed:
            continue
        seen.add(item)
        for requirement in installed[name].requires:
            if _applies(requirement, extras):
                waiting.append((canonicalize_name(requirement.name), frozenset(requirement.extras)))
    return {name for name, _ in seen}


def _applies(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(
        marker.evaluate({**LAMBDA, "extra": extra}) for extra in (extras or {""})
    )


def unneeded(artifact: Path, packages: Iterable[str]) -> set[str]:
    """Top-level entries of the artifact that neither we nor a needed distribution own."""
    installed = distributions(artifact)
    wanted = needed(packages, installed)
    owned = {top for name in wanted for top in installed[name].top_level} | OURS
    infos = {f"{info.name}" for info in artifact.glob("*.dist-info") if _name(info) in wanted}
    return {
        entry.name
        for entry in artifact.iterdir()
        if entry.name not in infos and entry.name.split(".")[0] not in owned
    }


def _name(info: Path) -> str:
    return canonicalize_name(info.name.split("-")[0])


def size(artifact: Path) -> int:
    """Bytes, unpacked."""
    return sum(file.stat().st_size for file in artifact.rglob("*") if file.is_file())
