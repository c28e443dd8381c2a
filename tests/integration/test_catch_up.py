"""The hook is dead, and the System Log brings what it did not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from lib.model import Attribute
from tests.integration.conftest import Deployed

MAILS, ENABLED = Attribute.OTHER_MAILS, Attribute.ACCOUNT_ENABLED


def catch_up(deployed: Deployed) -> None:
    answer = deployed.cloud.invoke("CatchUpFunction", {})
    assert answer.error is None, answer.message


@pytest.fixture
def dead_hook(deployed: Deployed) -> Iterator[None]:
    """What came before is read first, so that only what happens now is new."""
    deployed.settle()
    catch_up(deployed)
    deployed.settle()
    okta = deployed.sandbox._okta
    hooks = [hook.id for hook in deployed.org.hooks.all()]
    for hook in hooks:
        okta("POST", f"/api/v1/eventHooks/{hook}/lifecycle/deactivate")
    yield
    for hook in hooks:
        okta("POST", f"/api/v1/eventHooks/{hook}/lifecycle/activate")


@pytest.mark.usefixtures("dead_hook")
def test_a_drift_behind_a_dead_hook_is_found(deployed: Deployed) -> None:
    subject = deployed.subject("staff.46")
    deployed.org.suppress_push("staff.46", "never pushed")
    deployed.org.set_user_profile("staff.46", {"otherMails": ["staff.46.new@example.net"]})
    deployed.settle()
    assert not deployed.state(subject).open
    catch_up(deployed)
    assert deployed.incident("staff.46", MAILS).subject == subject


@pytest.mark.usefixtures("dead_hook")
def test_what_was_read_costs_nothing_again(deployed: Deployed) -> None:
    deployed.org.set_user_profile("staff.47", {"otherMails": ["staff.47.new@example.net"]})
    deployed.settle()
    catch_up(deployed)
    deployed.settle()
    assert deployed.state(deployed.subject("staff.47")).covered_to is not None
    okta, graph = Counter(deployed.org.calls), sum(deployed.tenant.calls.values())
    catch_up(deployed)
    deployed.settle()
    spent = Counter(deployed.org.calls) - okta
    assert spent == {"GET /api/v1/logs": 1}
    assert sum(deployed.tenant.calls.values()) == graph
