"""pushproof doctor where everything is right, with a service app; and without any Entra secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from lib.model import TouchProof
from lib.okta_sign_in import READ, TOUCH
from lib.times import utc_now
from ops import doctor_command
from ops.doctor.visit import ROLES
from ops.vendors import ADMIN_TOKEN
from sandbox.aws.sts import WebIdentityIssuer
from sandbox.serve import serve
from tests.integration.conftest import GRAPH_APP, SYNC_APP, Deployed
from tests.integration.doctoring import Doctor, alarm, codes, flag, role, service_app
from tests.integration.staff import name

# Nothing to do about any of it: the filter is an Early Access feature, an hour has to pass.
USUAL = {"hook_unfiltered", "hook_uncompared", "app_attribute_absent"}


@pytest.fixture
def right(deployed: Deployed, doctor: Doctor) -> Iterator[None]:
    """The demonstration's world as its owner would like it to be."""
    for person, app in ((name(50), GRAPH_APP), ("synced.same", SYNC_APP)):
        deployed.org.set_app_profile(person, app, {"department": "Elsewhere"})
    deployed.settle()
    now = utc_now()
    for app in (GRAPH_APP, SYNC_APP):
        proof = TouchProof(app, "department", "00uTest", now, "uuid", 1.0)
        deployed.table.record_touch_proof(proof)
    with ExitStack() as stack:
        stack.enter_context(role(deployed, "connector", "Global Administrator"))
        stack.enter_context(flag(deployed, True, 1))
        stack.enter_context(alarm(deployed, "OK"))
        yield


@pytest.mark.usefixtures("right")
def test_where_everything_is_right_there_is_nothing_to_do(
    deployed: Deployed, doctor: Doctor
) -> None:
    with service_app(deployed):
        result = doctor("--json")
        assert set(codes(result)) <= USUAL
        assert result.exit_code == 0
        seen = codes(result, ok=True)
        assert seen["okta_scope"] == len(READ) + 1
        assert seen["okta_role"] == 2
        assert seen["okta_dpop"] == 1
        assert seen["touch_ready"] == seen["push_seen"] == 2
        people = doctor()
        assert people.exit_code == 0
        assert "warning" not in people.output


MORE = (*READ, TOUCH, "okta.users.manage")


@pytest.mark.usefixtures("right")
@pytest.mark.parametrize(
    ("broken", "gained", "exit_code"),
    [
        (lambda d: service_app(d, READ), {"okta_scope_missing"}, 2),
        (lambda d: service_app(d, MORE), {"okta_scope_writes"}, 2),
        (lambda d: service_app(d, dpop=False), {"okta_dpop_off"}, 1),
        (lambda d: service_app(d, roles=("READ_ONLY_ADMIN",)), {"okta_role_untouching"}, 2),
        (lambda d: service_app(d, roles=("SUPER_ADMIN",)), {"okta_role_broad"}, 1),
        (
            lambda d: service_app(d, roles=()),
            {"okta_role_none", "okta_refused", "app_unread", "push_unread"},
            2,
        ),
    ],
)
def test_a_service_app_that_is_not_right(
    deployed: Deployed,
    doctor: Doctor,
    broken: Callable[[Deployed], object],
    gained: set[str],
    exit_code: int,
) -> None:
    with broken(deployed):  # type: ignore[attr-defined]
        result = doctor("--only", "okta", "--json")
    assert set(codes(result)) - USUAL == gained
    assert result.exit_code == exit_code


@pytest.mark.usefixtures("right")
def test_what_a_service_app_may_not_tell_of_itself_is_unknown(
    deployed: Deployed, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ADMIN_TOKEN)
    with service_app(deployed):
        result = doctor("--only", "okta", "--json")
    unknown = {"hook_unread", "okta_grants_unread", "okta_roles_unread"}
    assert set(codes(result)) - USUAL == unknown
    assert result.exit_code == 3
    # Those that were granted are told all the same: by asking for them.
    assert codes(result, ok=True)["okta_scope"] == len(READ) + 1


# -- federated


ARNS = {name: f"arn:aws:iam::123456789012:role/{name}" for name in ROLES}


@pytest.fixture
def federated(
    deployed: Deployed, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WebIdentityIssuer]:
    """AWS makes tokens for the operator, whom no federated credential names."""
    found = doctor_command.connect(None, None)
    outputs = {**found.outputs, **ARNS, "EntraSignIn": "federated"}
    monkeypatch.setattr(doctor_command, "connect", lambda *_: replace(found, outputs=outputs))
    operator = "arn:aws:iam::123456789012:role/operator"
    issuer = WebIdentityIssuer("https://issuer.example", operator, utc_now)
    served = serve(issuer.flask, None)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", served.url)
    yield issuer
    served.stop()


def test_without_entra_secrets_their_emptiness_is_right(
    federated: WebIdentityIssuer, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS")
    result = doctor("--only", "aws", "--json")
    seen = codes(result, ok=True)
    assert "secret_empty" not in seen
    assert seen["secret_present"] == 2
    # The sandbox's are filled, and nothing needs them.
    assert seen["secret_left"] == 2
    told = {each["code"]: each["seen"] for each in json.loads(result.stdout)["findings"]}
    assert all(arn in told["secrets_federated"] for arn in ARNS.values())


@pytest.mark.parametrize("enabled", [True, False])
def test_what_federated_applications_were_granted_is_unknown_from_here(
    deployed: Deployed, federated: WebIdentityIssuer, doctor: Doctor, enabled: bool
) -> None:
    federated.enabled = enabled
    with flag(deployed, True, 1):
        result = doctor("--only", "entra", "--json")
    seen = codes(result, ok=True)
    assert seen["entra_federated"] == 2
    assert seen["role_unread"] == 2
    assert not {"entra_no_sign_in", "entra_granted", "role_none"} & set(seen)
    # What an administrator's run recorded needs no sign-in by the applications.
    assert seen["flag_on"] == 1
    assert result.exit_code == 3
