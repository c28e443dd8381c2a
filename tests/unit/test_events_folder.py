"""events/: every sample parses, is listed, belongs to the demo world and keeps secrets out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.world import World, load_world

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "events"
SAMPLES = sorted(FOLDER.glob("*.json"))
NOT_JSON = {"rubbish"}
# These show subjects that are not in the world on purpose.
PREVIEW = "console-preview-fake-ids"
STRANGERS = "batch-with-duplicates-and-strangers"
REQUIRED = {
    "batch-with-duplicates-and-strangers",
    "console-preview-fake-ids",
    "failure-400-on-premises-mastered",
    "failure-403-insufficient-privileges",
    "failure-aadsts50079",
    "failure-licence",
    "membership-removed",
    "null-keys-left-out",
    "push-succeeded-account-enabled",
    "push-succeeded-mobile-phone",
    "push-succeeded-other-mails",
    "rubbish",
    "started-and-success-pair",
    "user-deactivated",
    "verification-request",
}


@pytest.fixture(scope="module")
def world() -> World:
    return load_world(ROOT / "sandbox" / "worlds" / "demo.yaml")


def load(path: Path) -> dict[str, Any]:
    sample: dict[str, Any] = json.loads(path.read_text())
    return sample


def events(path: Path) -> list[dict[str, Any]]:
    body = load(path)["body"]
    found: list[dict[str, Any]] = body["data"]["events"] if isinstance(body, dict) else []
    return found


def targets(path: Path) -> Iterator[dict[str, Any]]:
    for event in events(path):
        yield from event["target"]


def test_nothing_is_missing() -> None:
    assert {path.stem for path in SAMPLES} >= REQUIRED


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_each_is_one_request(path: Path) -> None:
    sample = load(path)
    assert set(sample) == {"method", "headers", "body"}
    assert sample["method"] in {"GET", "POST"}
    assert all(isinstance(value, str) for value in sample["headers"].values())
    assert (sample["body"] is None) == (sample["method"] == "GET")


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_each_delivery_has_the_envelope(path: Path) -> None:
    body = load(path)["body"]
    if path.stem in NOT_JSON:
        with pytest.raises(ValueError, match="Expecting"):
            json.loads(body)
    elif body is not None:
        assert body["eventType"] == "com.okta.event_hook"
        assert events(path)
        for event in events(path):
            assert {"uuid", "eventType", "published", "target"} <= set(event)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_the_ids_belong_to_the_world(path: Path, world: World) -> None:
    logins = {person.okta.id: person.okta.login for person in world.people if person.okta}
    apps = {app.id for app in world.apps}
    strange = 0
    for target in targets(path):
        if target["type"] == "User":
            known = target["id"] in logins
            assert not known or target["alternateId"] == logins[target["id"]]
        elif target["type"] == "AppInstance":
            known = target["id"] in apps
        else:
            known = True
        strange += not known
    if path.stem in {PREVIEW, STRANGERS}:
        assert strange
    else:
        assert strange == 0


def test_the_preview_knows_nobody(world: World) -> None:
    known = {app.id for app in world.apps} | {p.okta.id for p in world.people if p.okta}
    assert not {target["id"] for target in targets(FOLDER / f"{PREVIEW}.json")} & known


def test_the_batch_has_duplicates() -> None:
    uuids = [event["uuid"] for event in events(FOLDER / f"{STRANGERS}.json")]
    assert len(set(uuids)) < len(uuids)


def test_events_elsewhere_are_all_different() -> None:
    uuids = [e["uuid"] for path in SAMPLES for e in events(path) if path.stem != STRANGERS]
    assert len(set(uuids)) == len(uuids)


def test_the_one_without_null_keys() -> None:
    assert "null" not in (FOLDER / "null-keys-left-out.json").read_text()


def test_reasons_are_as_long_as_okta_allows_or_whole() -> None:
    for path in SAMPLES:
        for event in events(path):
            reason = event.get("outcome", {}).get("reason")
            whole = reason and re.search(
                r" url=https://graph\.microsoft\.com/v1\.0/users/\S+$", reason
            )
            assert not reason or whole or len(reason) == 255


def test_the_readme_lists_exactly_these() -> None:
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", (FOLDER / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == [path.stem for path in SAMPLES]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_no_secret_and_nothing_real(path: Path, world: World) -> None:
    text = path.read_text()
    assert "authorization" not in {name.lower() for name in load(path)["headers"]}
    for token in world.okta_tokens:
        assert token.token not in text
    for identity in world.identities:
        if identity.secret:
            assert identity.secret not in text
    for address in re.findall(r"[\w.+-]+@([\w.-]+)", text):
        assert address in {"corp.example", "example.com", "okta.com"}
    assert not re.search(r"\+\d[\d ]{6,}", text)
