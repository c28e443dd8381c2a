"""tools/closure.py: imports are followed as Python would, and no further."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.closure import closure, main


def write(root: Path, **files: str) -> None:
    """Double underscores separate folders: lib__store__table is lib/store/table.py."""
    for name, text in files.items():
        path = root / (name.replace("__", "/").replace("/init", "/__init__") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(
        tmp_path,
        handlers__init="",
        handlers__one="from lib.flow import run\nimport json\n",
        lib__init="",
        lib__flow=(
            "from __future__ import annotations\n"
            "from typing import TYPE_CHECKING\n"
            "from lib import errors\n"
            "import requests.adapters\n"
            "if TYPE_CHECKING:\n    from lib.unused import Kind\n    from stubs import Client\n"
            "else:\n    import lib.otherwise\n"
            "def run():\n    from lib.store.table import Table\n    import msal\n"
        ),
        lib__errors="",
        lib__unused="import flask",
        lib__otherwise="",
        lib__untouched="import flask",
        lib__store__init="from .keys import key",
        lib__store__keys="",
        lib__store__table="from . import keys\nfrom ..errors import Error\n",
        lib__store__other="",
    )
    return tmp_path


def names(root: Path) -> set[str]:
    return {str(file) for file in closure(root, Path("handlers/one.py")).files}


def test_what_is_imported_is_followed_to_the_end(root: Path) -> None:
    assert names(root) == {
        "handlers/__init__.py",
        "handlers/one.py",
        "lib/__init__.py",
        "lib/flow.py",
        "lib/errors.py",
        "lib/otherwise.py",
        "lib/store/__init__.py",
        "lib/store/keys.py",
        "lib/store/table.py",
    }


def test_packages_are_top_level_names_of_others(root: Path) -> None:
    assert closure(root, Path("handlers/one.py")).packages == {"requests", "msal"}


def test_circles_end(root: Path) -> None:
    write(root, lib__errors="import lib.flow")
    assert "lib/errors.py" in names(root)


def test_a_data_file_goes_with_its_module(root: Path) -> None:
    (root / "lib" / "errors.json").touch()
    (root / "lib" / "untouched.json").touch()
    assert "lib/errors.json" in names(root)
    assert "lib/untouched.json" not in names(root)


def test_copying_keeps_paths_and_nothing_else(
    root: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    target = tmp_path_factory.mktemp("artifact")
    assert main(["handlers/one.py", "--copy", str(target)]) == 0
    copied = {str(file.relative_to(target)) for file in target.rglob("*") if file.is_file()}
    assert copied == names(root)


def test_a_missing_handler_is_said(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(root)
    assert main(["handlers/none.py"]) == 2
    assert "There is no handlers/none.py" in capsys.readouterr().err
