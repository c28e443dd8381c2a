"""The hook's shared secret: two live versions, and no way to make us ask for it all the time."""

from __future__ import annotations

import pytest

from lib.errors import Transient
from lib.hook_secret import REFETCH_SECONDS, HookSecret
from tests.fakes.secrets import FakeSecrets

ONE_LOAD = ["AWSCURRENT", "AWSPREVIOUS"]


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def secrets() -> FakeSecrets:
    return FakeSecrets(AWSCURRENT="new", AWSPREVIOUS="old")


@pytest.fixture
def hook(secrets: FakeSecrets, seconds: Seconds) -> HookSecret:
    found = HookSecret(secrets, "hook", seconds)  # type: ignore[arg-type]
    found.load()
    return found


def test_both_versions_are_accepted_without_another_fetch(
    hook: HookSecret, secrets: FakeSecrets
) -> None:
    assert hook.accepts("new")
    assert hook.accepts("old")
    assert secrets.calls == ONE_LOAD


@pytest.mark.parametrize("given", [None, "", "neither", "New", "new ", "ne", "ü", "\ud800"])
def test_nothing_else_is(hook: HookSecret, given: str | None) -> None:
    assert not hook.accepts(given)


def test_a_missing_previous_version_is_normal(secrets: FakeSecrets, seconds: Seconds) -> None:
    del secrets.versions["AWSPREVIOUS"]
    hook = HookSecret(secrets, "hook", seconds)  # type: ignore[arg-type]
    assert hook.accepts("new")
    assert not hook.accepts("old")


def test_an_empty_version_lets_nobody_in(secrets: FakeSecrets, seconds: Seconds) -> None:
    secrets.versions = {"AWSCURRENT": "", "AWSPREVIOUS": ""}
    hook = HookSecret(secrets, "hook", seconds)  # type: ignore[arg-type]
    with pytest.raises(Transient):
        hook.accepts("x")
    assert not hook.accepts("")


def test_a_value_that_ends_with_a_line_is_the_value(seconds: Seconds) -> None:
    """put-secret-value from a file keeps the line end, which no header can carry."""
    hook = HookSecret(FakeSecrets(AWSCURRENT="new\n"), "hook", seconds)  # type: ignore[arg-type]
    assert hook.accepts("new")
    assert not hook.accepts("new\n")


def test_a_value_of_white_space_lets_nobody_in(seconds: Seconds) -> None:
    hook = HookSecret(FakeSecrets(AWSCURRENT=" \n"), "hook", seconds)  # type: ignore[arg-type]
    with pytest.raises(Transient):
        hook.accepts(" ")


def test_a_rotation_is_noticed_at_the_first_new_secret(
    hook: HookSecret, secrets: FakeSecrets, seconds: Seconds
) -> None:
    secrets.versions = {"AWSCURRENT": "newer", "AWSPREVIOUS": "new"}
    seconds.now += REFETCH_SECONDS
    assert hook.accepts("newer")
    assert hook.accepts("new")
    assert not hook.accepts("old")


def test_strangers_cause_one_fetch_in_thirty_seconds(
    hook: HookSecret, secrets: FakeSecrets, seconds: Seconds
) -> None:
    for _ in range(100):
        assert not hook.accepts("stranger")
    assert secrets.calls == ONE_LOAD
    seconds.now += REFETCH_SECONDS - 0.1
    hook.accepts("stranger")
    assert secrets.calls == ONE_LOAD
    seconds.now += 0.1
    for _ in range(100):
        hook.accepts("stranger")
    assert secrets.calls == ONE_LOAD * 2


@pytest.mark.parametrize("error", ["AccessDeniedException", "InternalServiceError", "unreachable"])
def test_an_outage_keeps_what_is_known(
    hook: HookSecret, secrets: FakeSecrets, seconds: Seconds, error: str
) -> None:
    secrets.error = error
    seconds.now += REFETCH_SECONDS
    assert hook.accepts("new")
    assert hook.accepts("old")


@pytest.mark.parametrize("error", ["AccessDeniedException", "unreachable"])
def test_an_outage_at_the_start_is_our_fault_not_the_callers(
    secrets: FakeSecrets, seconds: Seconds, error: str
) -> None:
    secrets.error = error
    hook = HookSecret(secrets, "hook", seconds)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(Transient) as raised:
            hook.accepts("new")
    assert "hook-id" not in str(raised.value)
    secrets.error = ""
    seconds.now += REFETCH_SECONDS
    assert hook.accepts("new")


def test_a_repr_keeps_the_secret(hook: HookSecret) -> None:
    assert repr(hook) == "HookSecret(2 live)"
