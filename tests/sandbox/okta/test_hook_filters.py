"""Event hook filters: what passes, what is refused, and that they may be switched off."""

from __future__ import annotations

import pytest

from sandbox.okta.errors import OktaError
from sandbox.okta.hook_filters import passes, read_filter

TYPE, OTHER = "application.user_membership.add", "user.account.update_profile"
APP = {"type": "AppInstance", "id": "0oaMine"}
FORM = "event.target.?[{}].size()>0"


def filtered_by(expression: str):
    entries = [{"event": TYPE, "condition": {"expression": expression}}]
    return read_filter({"eventFilterMap": entries}, (TYPE, OTHER))


def let_through(condition: str, *targets: dict[str, str], event_type: str = TYPE) -> bool:
    event = {"eventType": event_type, "target": list(targets)}
    return passes(filtered_by(FORM.format(condition)), event)


@pytest.mark.parametrize(
    ("condition", "passing"),
    [
        ("type eq 'AppInstance' && id eq '0oaMine'", True),
        ("type eq 'AppInstance' && id eq '0oaOther'", False),
        ("type eq 'AppInstance' && (id eq '0oaOther' || id eq '0oaMine')", True),
        ("type eq 'AppInstance' && id ne '0oaMine'", False),
        ("type eq 'User' || id eq '0oaMine'", True),
    ],
)
def test_conditions_on_a_target(condition: str, passing: bool) -> None:
    assert let_through(condition, APP) is passing


def test_both_parts_must_hold_for_the_same_target() -> None:
    split = ({"type": "AppInstance", "id": "0oaOther"}, {"type": "User", "id": "0oaMine"})
    assert not let_through("type eq 'AppInstance' && id eq '0oaMine'", *split)


def test_types_without_a_condition_and_events_without_targets() -> None:
    assert let_through("id eq 'x'", event_type=OTHER)
    assert not passes(filtered_by(FORM.format("id eq 'x'")), {"eventType": TYPE, "target": None})
    assert read_filter(None, (TYPE,)) == {}


@pytest.mark.parametrize(
    "condition",
    ["", "type", "type eq", "type eq AppInstance", "type is 'x'", "name eq 'x'", "(id eq 'x'",
     "id eq 'x')", "id eq 'x' &&", "id eq 'x' id eq 'y'", "id = 'x'"],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(condition: str) -> None:
    with pytest.raises(OktaError) as refused:
        filtered_by(FORM.format(condition))
    assert refused.value.status == 400


@pytest.mark.parametrize("expression", ["true", "event.target.?[id eq 'x']", "size()>0"])
def test_it_must_be_a_boolean_over_targets(expression: str) -> None:
    with pytest.raises(OktaError):
        filtered_by(expression)


def test_a_condition_for_a_type_the_hook_does_not_list_is_refused() -> None:
    entry = {"event": "user.session.start", "condition": {"expression": FORM.format("id eq 'x'")}}
    with pytest.raises(OktaError):
        read_filter({"eventFilterMap": [entry]}, (TYPE,))
    with pytest.raises(OktaError):
        read_filter({"eventFilterMap": None}, (TYPE,))
