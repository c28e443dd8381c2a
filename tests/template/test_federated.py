"""Signing in to Entra without a secret: who may ask AWS for a token, and for whom."""

from __future__ import annotations

from typing import Any

import pytest

from lib.clouds import CLOUDS
from tests.template.policies import named, of_type, statements


def chosen(value: Any, cloud: str) -> Any:
    """Resolves the `!If`s on the cloud's conditions."""
    while isinstance(value, dict) and "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        value = (
            yes
            if {"EntraIsGlobal": "global", "EntraIsInChina": "china"}[condition] == cloud
            else no
        )
    return value


def test_only_who_reads_entra_may_and_only_when_asked_for(template: dict[str, Any]) -> None:
    policy = template["Resources"]["FederatedSignIn"]
    assert policy["Condition"] == "EntraIsFederated"
    assert template["Conditions"]["EntraIsFederated"] == {
        "Fn::Equals": [{"Ref": "EntraSignIn"}, "federated"]
    }
    assert template["Parameters"]["EntraSignIn"]["Default"] == "secret"
    assert {named(role) for role in policy["Properties"]["Roles"]} == {
        "CheckRole",
        "RemediateRole",
        "SweepRole",
    }
    assert list(of_type(template, "AWS::IAM::Policy")) == ["FederatedSignIn"]
    for name in (*of_type(template, "AWS::IAM::Role"), "OperatorPolicy"):
        assert "sts:" not in str(statements(template, name)), name


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_token_is_made_for_entra_alone_short_and_with_its_algorithm(
    template: dict[str, Any], cloud: str
) -> None:
    policy = template["Resources"]["FederatedSignIn"]["Properties"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:GetWebIdentityToken"
    condition = dict(statement["Condition"])
    audience = condition.pop("ForAllValues:StringEquals")["sts:IdentityTokenAudience"]
    assert chosen(audience, cloud) == CLOUDS[cloud].audience
    assert condition == {
        "Null": {"sts:IdentityTokenAudience": "false"},
        "StringEquals": {"sts:SigningAlgorithm": "RS256"},
        "NumericLessThanEquals": {"sts:DurationSeconds": 300},
    }


def test_the_parameter_takes_the_clouds_the_code_knows(template: dict[str, Any]) -> None:
    assert template["Parameters"]["EntraCloud"]["AllowedValues"] == list(CLOUDS)
