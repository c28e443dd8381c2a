"""From events to hints: whatever Okta leaves out, nothing is lost and nothing crashes."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.model import Subject
from lib.rules.hints import HOOK_EVENTS, LOG_ONLY_EVENTS, Hint, read_events
from tests.fakes.make import APP, LOGIN, OTHER_APP, USER

APPS = (APP, OTHER_APP)
PUSH = "application.provision.user.push_profile"
AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def target(kind: str, identifier: object, name: object = LOGIN) -> dict[str, object]:
    return {"id": identifier, "type": kind, "alternateId": name, "displayName": "User, User"}


def event(*targets: object, **changes: Any) -> dict[str, Any]:
    known = {
        "uuid": "uuid-1",
        "published": "2026-01-02T03:04:05.678Z",
        "eventType": PUSH,
        "target": list(targets),
    }
    return known | changes


TRIPLE = (target("AppUser", "0ua1"), target("AppInstance", APP, "label"), target("User", USER))


def test_a_full_event_is_one_hint() -> None:
    found = read_events([event(*TRIPLE)], APPS)
    assert found.hints == (Hint(Subject(APP, USER), AT, ("uuid-1",)),)
    assert (found.nameless, found.unwatched, found.strangers, found.malformed) == ((), 0, 0, ())


def test_targets_come_in_any_order() -> None:
    assert read_events([event(*TRIPLE[::-1])], APPS) == read_events([event(*TRIPLE)], APPS)


@pytest.mark.parametrize("kind", [*HOOK_EVENTS, *LOG_ONLY_EVENTS])
def test_every_watched_type_counts(kind: str) -> None:
    assert len(read_events([event(*TRIPLE, eventType=kind)], APPS).hints) == 1


@pytest.mark.parametrize("kind", ["user.session.start", "", None, 7, [], {}])
def test_other_types_are_counted_and_left(kind: object) -> None:
    found = read_events([event(*TRIPLE, eventType=kind)], APPS)
    assert (found.hints, found.unwatched) == ((), 1)


def test_null_keys_may_be_left_out() -> None:
    bare = {
        "uuid": "u",
        "eventType": PUSH,
        "target": [{"id": USER, "type": "User"}, {"id": APP, "type": "AppInstance"}],
    }
    assert read_events([bare], APPS).hints == (Hint(Subject(APP, USER), None, ("u",)),)


def test_without_an_app_every_watched_app_is_a_guess() -> None:
    found = read_events([event(target("User", USER), eventType="user.lifecycle.deactivate")], APPS)
    assert {hint.subject for hint in found.hints} == {Subject(app, USER) for app in APPS}
    assert all(hint.guessed for hint in found.hints)


@pytest.mark.parametrize("order", [1, -1])
def test_a_named_app_is_not_forgotten_for_a_guess(order: int) -> None:
    events = [event(*TRIPLE), event(target("User", USER), eventType="user.lifecycle.deactivate")]
    found = read_events(events[::order], (APP,))
    assert [hint.guessed for hint in found.hints] == [False]


def test_without_a_user_the_app_user_is_named() -> None:
    found = read_events([event(TRIPLE[0], TRIPLE[1])], APPS)
    assert found.hints == ()
    assert [(n.app_id, n.app_user_name, n.published) for n in found.nameless] == [(APP, LOGIN, AT)]


def test_nameless_events_are_joined_and_never_move_back() -> None:
    early = event(TRIPLE[0], TRIPLE[1], uuid="early", published="2026-01-01T00:00:00.000Z")
    late = event(TRIPLE[0], TRIPLE[1], uuid="late")
    for events in ([early, late], [late, early]):
        (joined,) = read_events(events, APPS).nameless
        assert joined.published == AT
        assert set(joined.uuids) == {"early", "late"}


@pytest.mark.parametrize(
    "name", [None, "unknown", 7, "", "x" * 101, "\ud800", "a\nb", "a\x00", "😀" * 51]
)
def test_an_app_user_without_a_usable_name_is_malformed(name: object) -> None:
    found = read_events([event(target("AppUser", "0ua1", name), TRIPLE[1])], APPS)
    assert (found.hints, found.nameless, found.malformed) == ((), (), ("uuid-1",))
    assert found.unnamed == ("uuid-1",)


def test_another_app_is_a_stranger() -> None:
    stranger = event(target("AppInstance", "0oaSTRANGERSTRANGER1"), target("User", USER))
    found = read_events([stranger], APPS)
    assert (found.hints, found.strangers) == ((), 1)


@pytest.mark.parametrize("strange", [None, {}, "x", [None], [7], [{"type": "User"}], [[]]])
def test_strange_targets_are_malformed_and_named(strange: object) -> None:
    found = read_events([event(target=strange)], APPS)
    assert (found.hints, found.malformed) == ((), ("uuid-1",))


@pytest.mark.parametrize("identifier", ["", "a b", "../x", "x" * 65, 7, None, "ü", "a@b"])
def test_ids_that_can_not_be_ids_are_left_out(identifier: object) -> None:
    found = read_events([event(target("User", identifier), TRIPLE[1])], APPS)
    assert (found.hints, found.malformed) == ((), ("uuid-1",))


def test_fake_ids_of_the_console_preview_are_harmless() -> None:
    preview = event(target("User", "00u_fake"), target("AppInstance", "0oa_fake"))
    found = read_events([preview], APPS)
    assert (found.hints, found.strangers) == ((), 1)


@pytest.mark.parametrize("rubbish", [None, 7, "x", [], True])
def test_an_event_that_is_no_object_is_malformed(rubbish: object) -> None:
    assert read_events([rubbish, event(*TRIPLE)], APPS).malformed == ("?",)


@pytest.mark.parametrize("published", [None, 7, "", "yesterday", "2026-01-02T03:04:05", "9999999"])
def test_an_unknown_time_is_never_a_time(published: object) -> None:
    (hint,) = read_events([event(*TRIPLE, published=published)], APPS).hints
    assert hint.published is None


def test_an_uuid_that_is_none_is_not_repeated() -> None:
    (hint,) = read_events([event(*TRIPLE, uuid="x y\n")], APPS).hints
    assert hint.uuids == ("?",)


def test_a_hundred_events_of_one_subject_are_one_hint() -> None:
    found = read_events([event(*TRIPLE, uuid=f"u{n}") for n in range(100)], APPS)
    assert len(found.hints) == 1
    assert len(found.hints[0].uuids) == 3


MOMENTS = st.none() | st.integers(0, 10**6).map(lambda s: AT + timedelta(milliseconds=s))


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(APPS), MOMENTS), max_size=12),
    st.randoms(use_true_random=False),
)
def test_coalescing_loses_nobody_and_never_moves_back(
    rows: list[tuple[str, str, datetime | None]], shuffle: random.Random
) -> None:
    def read(given: list[tuple[str, str, datetime | None]]) -> dict[Subject, datetime | None]:
        events = [
            event(
                target("User", user),
                target("AppInstance", app),
                published=moment.isoformat() if moment else None,
            )
            for user, app, moment in given
        ]
        return {hint.subject: hint.published for hint in read_events(events, APPS).hints}

    found = read(rows)
    assert set(found) == {Subject(app, user) for user, app, _ in rows}
    for user, app, moment in rows:
        latest = found[Subject(app, user)]
        assert latest is None or (moment is not None and moment <= latest)
    mixed = list(rows)
    shuffle.shuffle(mixed)
    assert read(mixed) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    st.lists(
        JSON
        | st.fixed_dictionaries(
            {"eventType": st.just(PUSH) | JSON},
            optional={
                "target": st.lists(
                    st.fixed_dictionaries(
                        {}, optional={"type": JSON, "id": JSON, "alternateId": JSON}
                    )
                ),
                "published": JSON,
                "uuid": JSON,
            },
        ),
        max_size=6,
    )
)
def test_nothing_crashes_and_everything_is_accounted_for(events: list[object]) -> None:
    found = read_events(events, APPS)
    told = len(found.hints) + len(found.nameless) + found.unwatched + found.strangers
    assert told + len(found.malformed) >= (1 if events else 0)


# -- deprovisioning: the one type whose targets have kinds of their own ---------------------------

DEPROVISION = "application.provision.user.deprovision"


def deprovision(*targets: dict[str, object]) -> dict[str, Any]:
    return event(*targets, eventType=DEPROVISION)


@pytest.mark.parametrize("name", [LOGIN, None, "unknown"])
def test_a_deprovision_names_app_and_user_in_its_own_words(name: object) -> None:
    identifier = "0ua1" if name == LOGIN else LOGIN
    typed = (target("app_instance_id", APP, "label"), target("app_username", identifier, name))
    (found,) = read_events([deprovision(*typed)], APPS).nameless
    assert (found.app_id, found.app_user_name) == (APP, LOGIN)


def test_a_deprovision_in_the_usual_words_is_a_hint() -> None:
    (found,) = read_events([deprovision(*TRIPLE)], APPS).hints
    assert found.subject == Subject(APP, USER)


@pytest.mark.parametrize(
    "targets",
    [
        (),
        (target("app_username", LOGIN),),
        (target("app_instance_id", "0oaSTRANGERSTRANGER1"), target("app_username", LOGIN)),
        (target("User", USER),),
    ],
)
def test_a_deprovision_of_another_app_asks_nobody_and_parks_nothing(
    targets: tuple[dict[str, object], ...],
) -> None:
    """An org deprovisions people from dozens of apps."""
    found = read_events([deprovision(*targets)], APPS)
    assert (found.strangers, found.hints, found.nameless, found.unnamed) == (1, (), (), ())
