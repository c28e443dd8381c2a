"""What one handler imports: its own modules, followed to the end, and the packages they name.

    python tools/closure.py handlers/receive.py                 lists the files
    python tools/closure.py handlers/receive.py --copy DIR      copies them, keeping their paths

Imports are read from the source, never run: the build machine has neither the function's
processor nor its Python version. Imports under `if TYPE_CHECKING:` do not count, imports inside
functions do. A data file ships with the module that has its stem (`matrix.py`, `matrix.json`).
"""

from __future__ import annotations

import argparse
import ast
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Closure:
    """`files` are relative to the root; `packages` are top-level names that are not our own."""

    files: frozenset[Path]
    packages: frozenset[str]


def closure(root: Path, start: Path) -> Closure:
    """Follow the imports of `start` (relative to `root`) through every module below `root`."""
    waiting, seen, packages = [start], set[Path](), set[str]()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        waiting.extend(_enclosing_packages(root, file))
        for name in _imported(root / file, _package_of(file)):
            ours = _module_file(root, name)
            if ours is not None:
                waiting.append(ours)
            elif (top := name.split(".")[0]) not in sys.stdlib_module_names and not (
                root / top / "__init__.py"
            ).exists():
                packages.add(top)
    data = {extra.relative_to(root) for file in seen for extra in _data_beside(root / file)}
    return Closure(frozenset(seen | data), frozenset(packages))


def copy(root: Path, files: frozenset[Path], target: Path) -> None:
    for file in sorted(files):
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / file, target / file)


def _module_file(root: Path, name: str) -> Path | None:
    """`lib.store.table` -> lib/store/table.py, or the package's __init__.py; None if not ours."""
    base = Path(*name.split("."))
    for candidate in (base.with_suffix(".py"), base / "__init__.py"):
        if (root / candidate).is_file():
            return candidate
    return None


def _package_of(file: Path) -> str:
    return ".".join(file.parent.parts)


def _enclosing_packages(root: Path, file: Path) -> Iterator[Path]:
    for folder in file.parents:
        if folder != Path() and (root / folder / "__init__.py").is_file():
            yield folder / "__init__.py"


def _data_beside(file: Path) -> Iterator[Path]:
    for extra in file.parent.glob(f"{file.stem}.*"):
        if extra.suffix not in (".py", ".pyc", ".pyi"):
            yield extra


def _imported(file: Path, package: str) -> Iterator[str]:
    """Every dotted name that importing `file` may load, including `from a import b` as a.b."""
    for node in _nodes(ast.parse(file.read_text(encoding="utf-8"), str(file))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parents, base] if base else parents)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _nodes(tree: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for other in child.orelse:
                yield other
                yield from _nodes(other)
            continue
        yield child
        yield from _nodes(child)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return bool(name == "TYPE_CHECKING")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="List or copy the modules one handler imports.")
    parser.add_argument("handler", type=Path)
    parser.add_argument("--copy", type=Path, metavar="DIR")
    given = parser.parse_args(arguments)
    root = Path.cwd()
    if not (root / given.handler).is_file():
        print(f"There is no {given.handler} below {root}.", file=sys.stderr)  # noqa: T201
        return 2
    found = closure(root, given.handler)
    if given.copy:
        copy(root, found.files, given.copy)
    else:
        print("\n".join(str(file) for file in sorted(found.files)))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
