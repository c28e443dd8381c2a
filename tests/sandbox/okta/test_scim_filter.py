"""The filter expressions of the System Log, without a server."""

from __future__ import annotations

import pytest

from sandbox.okta.scim_filter import FilterError, parse_filter

PUSH: dict[str, object] = {
    "eventType": "application.provision.user.push_profile",
    "outcome": {"result": "FAILURE", "reason": 'said "no"'},
    "actor": {"id": "sys", "detailEntry": None},
    "target": [
        {"id": "0uaOne", "type": "AppUser"},
        {"id": "0oaTwo", "type": "AppInstance"},
        {"id": "00uThree", "type": "User"},
    ],
    "transaction": {"detail": {}},
}


@pytest.mark.parametrize(
    "expression",
    [
        'eventType eq "application.provision.user.push_profile"',
        'eventType sw "application." and target.id eq "00uThree" and target.id eq "0oaTwo"',
        'eventType eq "other" or (outcome.result eq "FAILURE" and target.type eq "User")',
        'not (eventType eq "other")',
        "actor.id pr and not (actor.detailEntry pr)",
        'outcome.reason co "\\"no\\""',
        '  ( eventType ew "push_profile" )  ',
    ],
)
def test_matches(expression: str) -> None:
    assert parse_filter(expression)(PUSH)


@pytest.mark.parametrize(
    "expression",
    [
        'eventType eq "application.provision.user.push"',
        'target.id eq "00uThree" and target.id eq "0oaOther"',
        'eventType eq "other" or outcome.result eq "SUCCESS"',
        'eventType eq "other" and outcome.result eq "SUCCESS" or outcome.result eq "ALLOW"',
        'target.missing eq "x"',
        "target.missing pr",
    ],
)
def test_does_not_match(expression: str) -> None:
    assert not parse_filter(expression)(PUSH)


def test_and_binds_stronger_than_or() -> None:
    expression = 'outcome.result eq "FAILURE" or eventType eq "a" and eventType eq "b"'
    assert parse_filter(expression)(PUSH)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "eventType",
        "eventType eq",
        "eventType eq unquoted",
        'eventType is "x"',
        '(eventType eq "x"',
        'eventType eq "x")',
        'eventType eq "x" and',
        'eventType eq "x" eventType eq "y"',
        'not eventType eq "x"',
        '"x" eq eventType',
        'target[type eq "User"]',
        'published gt "2026-01-01T00:00:00.000Z"',
        'changeDetails.from eq "x"',
        'eventType eq "unclosed',
    ],
)
def test_refuses(expression: str) -> None:
    with pytest.raises(FilterError):
        parse_filter(expression)


def test_an_endpoint_can_name_its_attributes() -> None:
    allowed = frozenset({"name"})
    assert parse_filter('name eq "office365"', allowed)({"name": "office365"})
    with pytest.raises(FilterError):
        parse_filter('label eq "office365"', allowed)
