"""Which Entra user is a subject's: ids pin, a name only reads."""

from __future__ import annotations

import pytest

from lib.model import EntraUser, KeyKind, Link, LinkSource, OktaReading, UserKey
from lib.rules.links import lookup_keys, resolve
from tests.fakes.make import LOGIN, OBJECT, OTHER_OBJECT, app_user, entra_user, okta_user, reading

STORED = Link(OTHER_OBJECT, LinkSource.EXTERNAL_ID)
BY_ID, BY_IMMUTABLE, BY_NAME = KeyKind


@pytest.mark.parametrize(
    ("given", "stored", "key"),
    [
        (reading(), STORED, UserKey(BY_ID, OBJECT)),
        (
            reading(app_user=app_user(external_id="bm90IGEgZ3VpZA==")),
            STORED,
            UserKey(BY_IMMUTABLE, "bm90IGEgZ3VpZA=="),
        ),
        (reading(app_user=None), STORED, UserKey(BY_ID, OTHER_OBJECT)),
        (reading(app_user=app_user(external_id=None)), STORED, UserKey(BY_ID, OTHER_OBJECT)),
        (
            reading(app_user=app_user(external_id=None, user_name="app.name@corp.example")),
            None,
            UserKey(BY_NAME, "app.name@corp.example"),
        ),
        (reading(app_user=None), None, UserKey(BY_NAME, LOGIN)),
    ],
)
def test_how_graph_is_asked(given: OktaReading, stored: Link | None, key: UserKey) -> None:
    assert lookup_keys(given, stored) == (key,)


def test_nothing_known_is_nothing_asked() -> None:
    assert lookup_keys(reading(app_user=None, user=None), None) == ()
    nameless = reading(app_user=None, user=okta_user(login=""))
    assert lookup_keys(nameless, None) == ()
    assert resolve((), {}, STORED) == (None, None)


@pytest.mark.parametrize(
    ("kind", "value", "source", "pinned"),
    [
        (BY_ID, OBJECT, LinkSource.EXTERNAL_ID, True),
        (BY_IMMUTABLE, "aW1tdXRhYmxl", LinkSource.IMMUTABLE_ID, True),
        (BY_NAME, LOGIN, LinkSource.USER_PRINCIPAL_NAME, False),
    ],
)
def test_what_a_match_is_worth(kind: KeyKind, value: str, source: LinkSource, pinned: bool) -> None:
    key, user = UserKey(kind, value), entra_user()
    link, found = resolve((key,), {key: user}, None)
    assert link == Link(OBJECT, source)
    assert link.pinned is pinned
    assert found == user


def test_an_absent_user_keeps_a_link_by_id_only() -> None:
    absent: dict[UserKey, EntraUser | None] = {
        UserKey(BY_ID, OBJECT): None,
        UserKey(BY_IMMUTABLE, "x"): None,
        UserKey(BY_NAME, LOGIN): None,
    }
    by_id, by_immutable, by_name = absent
    assert resolve((by_id,), absent, None) == (Link(OBJECT, LinkSource.EXTERNAL_ID), None)
    # An index may lag: the stored link is then asked by id.
    assert resolve((by_immutable,), absent, STORED) == (STORED, None)
    assert resolve((by_immutable,), absent, None) == (None, None)
    assert resolve((by_name,), absent, None) == (None, None)


def test_a_stored_link_keeps_its_source() -> None:
    """A name that was once enough to read does not become a pin by being remembered."""
    key = UserKey(BY_ID, OBJECT)
    weak = Link(OBJECT, LinkSource.USER_PRINCIPAL_NAME)
    link, _ = resolve((key,), {key: entra_user()}, weak)
    assert link == weak
