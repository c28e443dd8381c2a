"""Builds the artifacts as `sam build` does and looks at what would be shipped.

Needs the SAM CLI and the package index, so `make check` runs it and `make test` does not.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from tests.unit.artifact_contents import OURS, RUNTIME, distributions, size, unneeded
from tools.closure import closure

pytestmark = pytest.mark.artifacts

ROOT = Path(__file__).resolve().parents[2]
SOURCES = (
    *("template.yaml", "samplconfig.toml", "Makefile", "build.mk"),
    *("requirements", "tools", "lib", "handlers"),
)
HANDLERS = ("receive", "check", "remediate", "approve", "catch_up")
# Measured 4.5 and 22 MB; a package more is well above the slack.
SMALL, LARGE = 5_500_000, 25_000_000
CEILINGS = {"receive": SMALL, "approve": SMALL}
NEVER = ("tests", "sandbox", "ops", "tools", "bench", "docs", "events", "flask", "moto", "boto3")
AARCH64 = 183  # e_machine of an ELF header


def sam() -> Path | None:
    local = ROOT / ".venv-sam" / "bin" / "sam"
    found = str(local) if local.exists() else shutil.which("sam")
    return Path(found) if found else None


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy that holds nothing but what a build may need."""
    command = sam()
    if command is None:
        pytest.skip("the SAM CLI is not installed; make check installs it")
    copy = tmp_path_factory.mktemp("build")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    python = command.parent / "python"
    environment = os.environ | {"SAM_CLI_TELEMETRY": "0"}
    if python.exists():
        environment["BUILD_PYTHON"] = str(python)
    done = subprocess.run(
        [command, "build", "--config-file", "samplconfig.toml"],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return copy / ".aws-sam" / "build"


def artifact(built: Path, handler: str) -> Path:
    return built / f"{handler.title().replace('_', '')}Function"


@pytest.mark.parametrize("handler", HANDLERS)
def test_our_own_modules_are_those_the_handler_imports(built: Path, handler: str) -> None:
    folder = artifact(built, handler)
    shipped = {
        file.relative_to(folder)
        for name in OURS
        for file in (folder / name).rglob("*")
        if file.is_file()
    }
    assert shipped == closure(ROOT, Path("handlers") / f"{handler}.py").files


@pytest.mark.parametrize("handler", HANDLERS)
def test_no_package_is_shipped_that_nothing_imports(built: Path, handler: str) -> None:
    wanted = closure(ROOT, Path("handlers") / f"{handler}.py").packages
    assert unneeded(artifact(built, handler), wanted) == set()


@pytest.mark.parametrize("handler", HANDLERS)
def test_every_imported_package_is_shipped_or_comes_with_the_runtime(
    built: Path, handler: str
) -> None:
    wanted = closure(ROOT, Path("handlers") / f"{handler}.py").packages
    installed = distributions(artifact(built, handler)).values()
    shipped = {top for distribution in installed for top in distribution.top_level}
    assert wanted <= shipped | RUNTIME


@pytest.mark.parametrize("handler", HANDLERS)
def test_nothing_of_development_is_shipped(built: Path, handler: str) -> None:
    assert not [name for name in NEVER if (artifact(built, handler) / name).exists()]
    assert not list(artifact(built, handler).rglob("__pycache__"))


@pytest.mark.parametrize("handler", ["receive", "approve"])
@pytest.mark.parametrize("package", ["requests", "msal", "jwt", "cryptography", "pydantic"])
def test_receive_and_approve_ship_no_vendor_client(built: Path, handler: str, package: str) -> None:
    assert not (artifact(built, handler) / package).exists()


@pytest.mark.parametrize("handler", HANDLERS)
def test_size(built: Path, handler: str) -> None:
    assert size(artifact(built, handler)) <= CEILINGS.get(handler, LARGE)


@pytest.mark.parametrize("handler", ["check", "remediate", "catch_up"])
def test_compiled_modules_are_for_the_lambda(built: Path, handler: str) -> None:
    compiled = list(artifact(built, handler).rglob("*.so"))
    assert compiled
    for file in compiled:
        header = file.read_bytes()[:20]
        assert header[:4] == b"\x7fELF"
        assert struct.unpack_from("<H", header, 18) == (AARCH64,), file.name
        assert "cpython-313-aarch64" in file.name or ".abi3." in file.name
