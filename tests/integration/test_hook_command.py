"""pushproof hook against the running shape: Okta's API over HTTPS, the door, Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from lib.aws import SqsCheckQueue, client
from lib.errors import Unauthorized
from lib.okta_admin import OktaAdmin
from lib.okta_sign_in import READ
from lib.rules.hints import HOOK_EVENTS
from lib.settings import watched_apps
from lib.times import utc_now
from ops import hook_command
from ops.connection import Connection
from ops.hook import HookDesk
from ops.hook_door import Door
from ops.vendors import ADMIN_TOKEN, MANAGE_HOOKS, environment, okta_as_administrator
from sandbox import run
from tests.integration.conftest import GRAPH_APP, Deployed
from tests.integration.doctoring import service_app
from tests.integration.staff import name, okta_id

Run = Callable[..., Result]


@pytest.fixture
def connection(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """As an operator of the sandbox."""
    identity = deployed.sandbox.operators["first.operator"]
    for variable, value in deployed.cloud.environment(identity).items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv(ADMIN_TOKEN, deployed.sandbox.administrator_token)
    found = Connection("sandbox", deployed.cloud.outputs, is_sandbox=True)
    monkeypatch.setattr(hook_command, "connect", lambda *_: found)
    return found


@pytest.fixture
def hook(connection: Connection) -> Run:
    """Runs a command; nothing it prints may hold the secret."""

    def run_it(*arguments: str) -> Result:
        return CliRunner().invoke(hook_command.hook, arguments, catch_exceptions=False)

    return run_it


@pytest.fixture(autouse=True)
def as_it_was(deployed: Deployed) -> Iterator[None]:
    """Other tests rely on one active, verified hook and on the secret it was given."""
    deployed.settle()
    before = deployed.cloud.secret("HookSecret")
    yield
    hooks = deployed.org.hooks
    hooks.filters = True
    deployed.cloud.put_secret("HookSecret", before)
    for each in hooks.all():
        hooks.set_active(each.id, False)
        hooks.delete(each.id)
    deployed.sandbox.register_hook()


def desk(connection: Connection) -> HookDesk:
    env = environment(connection)
    manager = client("secretsmanager")
    # The wait for every execution environment is a setting of time, shown by the unit tests.
    door = Door(connection.output("HookUrl"), manager, connection.output("HookSecretId"), settle=0)
    return HookDesk(
        OktaAdmin(okta_as_administrator(env, MANAGE_HOOKS)),
        door,
        SqsCheckQueue(client("sqs"), env.text("CHECK_QUEUE_URL")),
        watched_apps(env),
        utc_now,
    )


def status(hook: Run) -> dict[str, object]:
    return json.loads(hook("status", "--json").stdout)


def test_the_sandbox_registers_what_the_product_asks_for() -> None:
    assert set(run.HOOK_EVENTS) == set(HOOK_EVENTS)


def test_install_twice_is_one_hook_with_filters(deployed: Deployed, hook: Run) -> None:
    assert hook("status").exit_code == 0
    for _ in range(2):
        done = hook("install")
        assert done.exit_code == 0
        assert "ACTIVE, VERIFIED" in done.output
        assert deployed.cloud.secret("HookSecret") not in done.output
    (only,) = deployed.org.hooks.all()
    assert only.receives
    assert only.secret == deployed.cloud.secret("HookSecret")
    filtered = {each["event"] for each in only.event_filter["eventFilterMap"]}
    assert filtered == {n for n in HOOK_EVENTS if n.startswith("application.")}


def test_from_nothing_to_nothing(deployed: Deployed, hook: Run) -> None:
    asked = hook("remove")
    assert asked.exit_code == 1
    assert len(deployed.org.hooks.all()) == 1, "nothing is removed without an answer"
    assert hook("remove", "--yes").exit_code == 0
    assert deployed.org.hooks.all() == []
    gone = hook("status")
    assert gone.exit_code == 1
    assert "hook install" in gone.output
    assert hook("remove", "--yes").exit_code == 3
    assert hook("verify").exit_code == 3
    assert "Created." in hook("install").output
    assert status(hook)["ready"] is True


def test_without_filters_it_says_so(deployed: Deployed, hook: Run) -> None:
    deployed.org.hooks.filters = False
    done = hook("install")
    assert done.exit_code == 0
    assert "Early Access" in done.output
    assert status(hook)["filtered"] == []


def test_what_was_changed_by_hand_is_seen_and_mended(deployed: Deployed, hook: Run) -> None:
    hooks = deployed.org.hooks
    (only,) = hooks.all()
    body = only.json("")
    body["events"] = {"items": [*HOOK_EVENTS[1:], "user.session.start"], "filter": None}
    hooks.put(only.id, body)
    hooks.set_active(only.id, False)
    seen = hook("status")
    assert seen.exit_code == 1
    assert f"missing: {HOOK_EVENTS[0]}" in seen.output
    assert "additional: user.session.start" in seen.output
    assert "INACTIVE" in seen.output
    assert hook("install").exit_code == 0
    told = status(hook)
    assert (told["ready"], told["missing"]) == (True, [])
    assert told["additional"] == ["user.session.start"], "what somebody added is kept"


def test_an_address_that_does_not_answer_is_one_sentence(deployed: Deployed, hook: Run) -> None:
    (only,) = deployed.org.hooks.all()
    body = only.json("")
    body["channel"]["config"]["authScheme"] = {"key": "Authorization", "value": "not-our-secret"}
    deployed.org.hooks.put(only.id, body)
    refused = hook("verify")
    assert refused.exit_code == 1
    assert "could not verify" in refused.output
    assert "Traceback" not in refused.output
    # install sends the right secret again.
    assert hook("install").exit_code == 0
    assert status(hook)["ready"] is True


def test_a_token_that_may_not_manage_hooks(
    deployed: Deployed, hook: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = status_of(deployed)
    assert hook("status").exit_code == 0
    # An administrator's own token is used where it is set, and none but that.
    monkeypatch.setenv(ADMIN_TOKEN, "not-a-token-of-this-org")
    with pytest.raises(Unauthorized, match="credentials are not accepted"):
        hook("status")
    # The stack's own reads apps and may not see hooks.
    monkeypatch.delenv(ADMIN_TOKEN)
    for command in ("status", "install", "verify"):
        refused = hook(command)
        assert refused.exit_code == 3
        assert "E0000006" in refused.output
        assert ADMIN_TOKEN in refused.output
    assert status_of(deployed) == before


def test_a_service_app_needs_the_scope_and_the_role(
    deployed: Deployed, hook: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ADMIN_TOKEN)
    before = status_of(deployed)
    with service_app(deployed, READ):
        for command in (["status"], ["install"], ["install", "--rotate"], ["verify"], ["remove"]):
            refused = hook(*command, *(["--yes"] if command == ["remove"] else []))
            assert refused.exit_code == 3
            (sentence,) = [line for line in refused.output.splitlines() if "Error" in line]
            assert "was not granted okta.eventHooks.manage and okta.logs.read" in sentence
            assert ADMIN_TOKEN in sentence
    assert status_of(deployed) == before, "nothing was changed"
    scopes = (*READ, "okta.eventHooks.read")
    with service_app(deployed, scopes, roles=("SUPER_ADMIN",)):
        assert hook("status").exit_code == 0
        assert hook("install").exit_code == 3
    scopes = (*scopes, "okta.eventHooks.manage")
    with service_app(deployed, scopes, roles=("READ_ONLY_ADMIN",)):
        assert "E0000006" in hook("install").output
    assert status_of(deployed) == before
    with service_app(deployed, scopes, roles=("SUPER_ADMIN",)):
        assert hook("install").exit_code == 0
        assert status(hook)["ready"] is True


def status_of(deployed: Deployed) -> list[object]:
    return [(each.id, each.receives, each.secret) for each in deployed.org.hooks.all()]


def test_rotation_loses_no_delivery(deployed: Deployed, connection: Connection) -> None:
    """While the channel is unverified Okta delivers nothing and keeps nothing."""
    org, person = deployed.org, 55
    old = deployed.cloud.secret("HookSecret")
    at = desk(connection)
    verify, missed = org.caller.verify, []

    def slowly(hook: object) -> bool:
        """Something is pushed between the change of the channel and its verification."""
        if not missed and not org.hooks.get(hook.id).verified:
            missed.append(hook)
            org.set_app_profile(name(person), GRAPH_APP, {"department": "Moved"})
            assert org.engine.wait_idle(10)
            assert org.delivery.wait_idle(10)
        return bool(verify(hook))

    org.caller.verify = slowly
    try:
        done = at.rotate()
    finally:
        org.caller.verify = verify
    assert missed, "the gap was not opened"
    assert done.state.ready
    new = deployed.cloud.secret("HookSecret")
    assert new != old
    (only,) = org.hooks.all()
    assert only.secret == new
    assert done.caught_up >= 1
    deployed.settle()
    state = deployed.state(deployed.subject(name(person)))
    assert state.covered_to is not None, "the push of the gap was never looked at"
    assert okta_id(person) in state.subject.user_id
    # And the next delivery arrives with the new secret.
    before = len(org.delivery.deliveries)
    org.set_app_profile(name(person), GRAPH_APP, {"department": "Staff"})
    deployed.settle()
    later = org.delivery.deliveries[before:]
    assert later
    assert all(each.delivered for each in later)
