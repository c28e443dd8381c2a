"""What the sandbox reads from a template, and the parameters it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.aws.local import ROOT
from sandbox.aws.parameters import ParameterError
from sandbox.aws.shapes import RouteShape, Shape
from sandbox.aws.template import MADE_BY_CLOUDFORMATION, resolve
from tests.sandbox.aws.conftest import SMALL

GUID = "00000000-0000-4000-8000-000000000000"
NEEDED = {
    "OktaOrgUrl": "https://127.0.0.1:1",
    "OktaAppIds": "0oa00000000000000000",
    "EntraTenantId": GUID,
    "EntraReaderClientId": GUID,
    "EntraWriterClientId": GUID,
}


@pytest.fixture(scope="module")
def product() -> Shape:
    return resolve(ROOT / "template.yaml", NEEDED | {"CheckBatchWindowSeconds": "2"})


def test_sources_are_the_templates(product: Shape) -> None:
    check, remediate, sweep = sorted(product.sources, key=lambda source: source.function)
    assert (check.queue, check.batch_size, check.window, check.partial, check.concurrency) == (
        *("CheckQueue", 10, 2.0, True, 2),
    )
    assert (remediate.queue, remediate.batch_size, remediate.window) == ("RemediationQueue", 1, 0)
    assert (sweep.queue, sweep.batch_size, sweep.partial) == ("SweepQueue", 1, True)


def test_routes_are_the_templates(product: Shape) -> None:
    assert set(product.routes) == {
        RouteShape("GET", "/okta/events", "ReceiveFunction", iam=False),
        RouteShape("POST", "/okta/events", "ReceiveFunction", iam=False),
        RouteShape("POST", "/approve", "ApproveFunction", iam=True),
    }


def test_functions_are_the_templates(product: Shape) -> None:
    receive = product.functions["ReceiveFunction"]
    assert (receive.handler, receive.timeout, receive.memory) == (
        *("handlers.receive.handler", 5.0, 1024),
    )
    assert "PUSHPROOF_HOOK_SECRET_ID" in receive.variables


def test_only_what_moto_makes_is_deployed(product: Shape) -> None:
    kinds = {body["Type"] for body in product.stack["Resources"].values()}
    assert kinds <= MADE_BY_CLOUDFORMATION
    assert set(product.secrets) <= set(product.stack["Parameters"])
    # Its value would be a role or policy that nobody made.
    assert "OperatorPolicyArn" not in product.stack["Outputs"]
    assert product.stack["Outputs"]["HookUrl"] == {
        "Value": {"Fn::Sub": "https://gateway.invalid/okta/events"}
    }


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"Greeting": "Hello!"}, "Greeting must be a lower-case word."),
        ({"Delay": "901"}, "Delay must be between 0 and 900."),
        ({"Delay": "-1"}, "Delay must be between 0 and 900."),
        ({"Delay": "soon"}, "Delay must be between 0 and 900."),
        ({"Choice": "three"}, "Choice is not an allowed value."),
        ({"Gretting": "hello"}, "Gretting is not a parameter of the template."),
    ],
)
def test_a_parameter_that_makes_no_sense_is_one_sentence(
    given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ParameterError) as refused:
        resolve(SMALL / "template.yaml", given)
    assert str(refused.value) == sentence


@pytest.mark.parametrize("name", NEEDED)
def test_what_has_no_default_must_be_given(name: str) -> None:
    with pytest.raises(ParameterError, match=f"{name} has no value"):
        resolve(ROOT / "template.yaml", {k: v for k, v in NEEDED.items() if k != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OktaOrgUrl", "http://corp.okta.com"),
        ("OktaOrgUrl", "https://corp.okta.com/api"),
        ("OktaAppIds", "0oa1"),
        ("OktaAppIds", "0oa00000000000000000,"),
        ("EntraTenantId", "corp.example"),
        ("Mode", "careless"),
        ("SettleSeconds", "901"),
        ("LookDelays", "60;180"),
        ("BreakGlass", "somebody@corp.example"),
        ("LogRetentionDays", "2"),
        ("GraphRoot", "https://graph.microsoft.com/?a=b"),
    ],
)
def test_the_products_parameters_are_held_to_their_rules(name: str, value: str) -> None:
    with pytest.raises(ParameterError, match=name):
        resolve(ROOT / "template.yaml", NEEDED | {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LookDelays", "none"),
        ("LookDelays", "0.5,1,2"),
        ("GraphRoot", "https://127.0.0.1:4443/graph"),
        ("OktaAppIds", "0oa00000000000000000,0oa00000000000000001"),
        ("TouchAttribute", "pushproof_touch"),
        ("SettleSeconds", "0"),
    ],
)
def test_the_products_parameters_take_what_makes_sense(name: str, value: str) -> None:
    assert resolve(ROOT / "template.yaml", NEEDED | {name: value}).parameters[name] == value


def test_an_integration_of_unknown_shape_is_not_guessed(tmp_path: Path) -> None:
    """A mapping to an imported queue is nothing the sandbox could poll."""
    text = (SMALL / "template.yaml").read_text()
    broken = text.replace("Queue: !GetAtt Delayed.Arn", "Queue: arn:aws:sqs:us-east-1:1:other")
    assert broken != text
    (tmp_path / "template.yaml").write_text(broken)
    with pytest.raises(ValueError, match="reference to one resource"):
        resolve(tmp_path / "template.yaml", {})
