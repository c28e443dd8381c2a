"""How the tests are shared out when several processes run them."""

from __future__ import annotations

from pathlib import Path

import pytest

# One running sandbox, or one browser, serves all tests of these folders.
_TOGETHER = ("browser", "integration", "kills")
_HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        path = item.path.relative_to(_HERE)
        folder = path.parts[0]
        group = folder if folder in _TOGETHER else str(path)
        item.add_marker(pytest.mark.xdist_group(group))
