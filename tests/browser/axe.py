"""What the accessibility engine axe finds serious on a page."""

from __future__ import annotations

from functools import cache

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SERIOUS = ("serious", "critical")


@cache
def _engine() -> Axe:
    return Axe()


def serious(page: Page) -> list[str]:
    found = _engine().run(page).response["violations"]
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
        for rule in found
        if rule["impact"] in SERIOUS
        for node in rule["nodes"]
    ]
