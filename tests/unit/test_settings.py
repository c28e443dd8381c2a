"""Settings: read once, and what makes no sense is one sentence naming the variable."""

from __future__ import annotations

import pytest

from lib.errors import SettingError
from lib.settings import Environment, Mode, PolicySettings, WatchSettings, watched_apps
from tests.fakes.make import APP, CONNECTOR, OBJECT, OTHER_APP, TENANT

WATCH = {"OKTA_APP_IDS": f"{APP}, {OTHER_APP}", "ENTRA_TENANT_ID": TENANT}


def env(**variables: str) -> Environment:
    return Environment({f"PUSHPROOF_{name}": value for name, value in variables.items()})


def test_defaults_are_safe() -> None:
    policy = PolicySettings.load(env())
    assert policy.mode is Mode.APPROVE
    assert policy.touch_attribute is None
    assert (policy.disables_per_hour, policy.writes_per_hour, policy.approval_hours) == (5, 50, 24)
    watch = WatchSettings.load(env(**WATCH))
    assert (watch.app_ids, watch.settle) == ((APP, OTHER_APP), 90)
    assert watch.look_delays == (60, 180, 600)


def test_given_values_are_taken() -> None:
    policy = PolicySettings.load(
        env(
            MODE="observe",
            TOUCH_ATTRIBUTE="department",
            BREAK_GLASS=f"{OBJECT.upper()}, {CONNECTOR}",
            CONNECTOR_OBJECT_ID=CONNECTOR,
            WRITES_PER_HOUR="0",
            APPROVAL_HOURS="0.5",
        )
    )
    assert policy.mode is Mode.OBSERVE
    assert policy.break_glass == {OBJECT.lower(), CONNECTOR.lower()}
    assert (policy.writes_per_hour, policy.approval_hours) == (0, 0.5)
    assert WatchSettings.load(env(**WATCH, LOOK_DELAYS="none")).look_delays == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODE", "everything"),
        ("MODE", "AUTO "[::-1]),
        ("DISABLES_PER_HOUR", "-1"),
        ("TENANT_STEPS_PER_HOUR", "-1"),
        ("DISABLES_PER_HOUR", "many"),
        ("WRITES_PER_HOUR", "nan"),
        ("APPROVAL_HOURS", "inf"),
        ("BREAK_GLASS", "glass@corp.example"),
        ("BREAK_GLASS", f"{OBJECT};{CONNECTOR}"),
        ("CONNECTOR_OBJECT_ID", "svc@corp.example"),
    ],
)
def test_policy_that_makes_no_sense(name: str, value: str) -> None:
    refuses(name, lambda: PolicySettings.load(env(**{name: value})))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OKTA_APP_IDS", ""),
        ("OKTA_APP_IDS", " , "),
        ("OKTA_APP_IDS", APP[:-1]),
        ("OKTA_APP_IDS", "00u" + APP[3:]),
        ("OKTA_APP_IDS", f"{APP};{OTHER_APP}"),
        ("ENTRA_TENANT_ID", ""),
        ("SETTLE_SECONDS", "-1"),
        ("SETTLE_SECONDS", "soon"),
        ("LOOK_DELAYS", "60;180"),
        ("LOOK_DELAYS", "60,-1"),
        ("LOOK_DELAYS", "60,nan"),
        ("LOOK_DELAYS", "60,inf"),
    ],
)
def test_watching_that_makes_no_sense(name: str, value: str) -> None:
    refuses(name, lambda: WatchSettings.load(env(**WATCH | {name: value})))


@pytest.mark.parametrize(
    "address",
    [
        "http://corp.example",
        "corp.example",
        "https://",
        "https://user@corp.example",
        "https://corp.example/?a=b",
        "https://corp.example/#a",
        "https://[corp.example",
        "https://corp.example:port",
        "https://corp.example:99999",
    ],
)
def test_addresses_that_make_no_sense(address: str) -> None:
    refuses("OKTA_ORG_URL", lambda: env(OKTA_ORG_URL=address).https("OKTA_ORG_URL"))


def refuses(name: str, load: object) -> None:
    with pytest.raises(SettingError) as refused:
        load()  # type: ignore[operator]
    sentence = str(refused.value)
    assert sentence.startswith(f"PUSHPROOF_{name} ")
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_an_address_loses_its_last_slash() -> None:
    assert env(A="https://corp.example:8443/root/").https("A") == "https://corp.example:8443/root"
    assert env().https("A", "https://default.example") == "https://default.example"


def test_a_missing_variable_is_named() -> None:
    refuses("TABLE", lambda: env().text("TABLE"))
    refuses("OKTA_APP_IDS", lambda: watched_apps(env()))
