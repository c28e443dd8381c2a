"""The browser of the tests: the machine's own Chromium, told to speak to nobody by itself."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Playwright

# "required": where it is missing that is a failure, as the gate wants it.
WANTED = "PUSHPROOF_BROWSER"
PATH = "PUSHPROOF_CHROMIUM"
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Text is drawn the same whatever the screen.
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
)
# No name leads anywhere, whatever the machine's network says.
NOWHERE = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"


def chromium_path() -> str:
    """Skips the test, or fails it, where there is none."""
    found = os.environ.get(PATH) or shutil.which("chromium")
    if found:
        return found
    missing = f"There is no chromium here: install it, or name one in {PATH}."
    if os.environ.get(WANTED) == "required":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


@contextmanager
def chromium_at(playwright: Playwright, path: str, names: str = NOWHERE) -> Iterator[Browser]:
    """`names`: where host names lead, as Chromium's --host-resolver-rules has it."""
    browser = playwright.chromium.launch(
        executable_path=path,
        # Its sandbox does not run as root, and all that it shows is ours.
        chromium_sandbox=os.geteuid() != 0,
        args=[*ARGUMENTS, f"--host-resolver-rules={names}"],
    )
    try:
        yield browser
    finally:
        browser.close()
