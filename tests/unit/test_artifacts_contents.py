"""The checks of test_artifacts.py can fail: small artifacts, made by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.artifact_contents import distributions, needed, unneeded

ROOT = Path(__file__).resolve().parents[2]


def install(artifact: Path, name: str, top_level: str, *requires: str) -> None:
    (artifact / top_level).mkdir(parents=True)
    info = artifact / f"{name}-1.0.dist-info"
    info.mkdir()
    lines = [f"Name: {name}", *(f"Requires-Dist: {text}" for text in requires), "", "Described"]
    (info / "METADATA").write_text("\n".join(lines))
    (info / "RECORD").write_text(f"{top_level}/__init__.py,,\n{name}-1.0.dist-info/METADATA,,\n")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    install(
        tmp_path, "PyClient", "client", "transport>=1", "tokens[signed]", "old; python_version<'3'"
    )
    install(tmp_path, "transport", "transport")
    install(tmp_path, "tokens", "tokens", "crypto; extra == 'signed'", "docs; extra == 'docs'")
    install(tmp_path, "crypto", "crypto")
    (tmp_path / "lib").mkdir()
    return tmp_path


def test_requirements_are_followed_with_their_extras(artifact: Path) -> None:
    installed = distributions(artifact)
    assert needed(["client"], installed) == {"pyclient", "transport", "tokens", "crypto"}
    assert needed(["tokens"], installed) == {"tokens"}
    assert needed(["boto3"], installed) == set()


def test_everything_needed_is_accepted(artifact: Path) -> None:
    assert unneeded(artifact, ["client"]) == set()


def test_a_package_nobody_imports_is_found(artifact: Path) -> None:
    install(artifact, "moto", "moto", "transport")
    assert unneeded(artifact, ["client"]) == {"moto", "moto-1.0.dist-info"}


def test_a_stray_file_is_found(artifact: Path) -> None:
    (artifact / "notes.txt").touch()
    (artifact / "tests").mkdir()
    assert unneeded(artifact, ["client"]) == {"notes.txt", "tests"}


def test_a_dependency_is_unneeded_when_its_parent_is_not_imported(artifact: Path) -> None:
    left = unneeded(artifact, ["transport"])
    assert {"client", "tokens", "crypto"} <= left
    assert "transport" not in left


@pytest.mark.parametrize("name", ["receive", "lambda"])
def test_pins_do_not_depend_on_the_building_python(name: str) -> None:
    """pip evaluates markers for the Python it runs on, which is not the Lambda's."""
    pins = (ROOT / "requirements" / f"{name}.txt").read_text()
    assert "python_version" not in pins
    assert "python_full_version" not in pins
