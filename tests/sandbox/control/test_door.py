"""The control opens to its token only, and says in one sentence what is wrong with a request."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.control.app import MOST_BYTES, Control
from tests.sandbox.control.conftest import GRAPH_APP, Here

PATHS = (
    "/okta/profile",
    "/okta/lose-push",
    "/okta/deactivate",
    "/okta/assign",
    "/okta/unassign",
    "/entra/user",
    "/entra/flag",
    "/entra/role",
    "/break",
    "/mend",
)
PERSON = "ordinary.user"


def test_these_are_all_changes_there_are(here: Here) -> None:
    rules = here.control.flask.url_map.iter_rules()
    assert {rule.rule for rule in rules if "POST" in (rule.methods or ())} == set(PATHS)


@pytest.mark.parametrize("path", ["/world", *PATHS, "/nowhere"])
def test_nothing_without_the_token_of_this_start(here: Here, path: str) -> None:
    other = Control(here.world, here.org, here.tenant).token
    client = here.control.flask.test_client()
    for headers in (
        {},
        {"Authorization": here.control.token},
        {"Authorization": f"Basic {here.control.token}"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer é"},
        {"Authorization": f"Bearer {other}"},
    ):
        for answer in (
            client.get(path, headers=headers),
            client.post(path, json={"part": "graph", "trouble": "out"}, headers=headers),
        ):
            assert answer.status_code == 401
            assert set(answer.get_json()) == {"error"}
    assert here.read()["broken"] == []


def test_two_starts_have_two_tokens(here: Here) -> None:
    other = Control(here.world, here.org, here.tenant).token
    assert other != here.control.token
    assert len(other) >= 40


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [None, [], "text", 7, {"stranger": 1}])
def test_rubbish_is_400_and_one_sentence(here: Here, path: str, body: object) -> None:
    answer = here.post(path, body)
    assert answer.status_code == 400
    assert answer.get_json()["error"].endswith(".")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/okta/profile", {"person": PERSON}),
        ("/okta/profile", {"mobilePhone": "1"}),
        ("/okta/profile", {"person": 7, "mobilePhone": "1"}),
        ("/okta/profile", {"person": PERSON, "mobilePhone": ""}),
        ("/okta/profile", {"person": PERSON, "mobilePhone": 7}),
        ("/okta/profile", {"person": PERSON, "mobilePhone": "1" * 65}),
        ("/okta/profile", {"person": PERSON, "mobilePhone": "1\n2"}),
        ("/okta/profile", {"person": PERSON, "otherMails": "a@b.example"}),
        ("/okta/profile", {"person": PERSON, "otherMails": None}),
        ("/okta/profile", {"person": PERSON, "otherMails": [1]}),
        ("/okta/profile", {"person": PERSON, "otherMails": ["ü@b.example"]}),
        ("/okta/profile", {"person": PERSON, "otherMails": ["a@b.example"] * 251}),
        ("/okta/profile", {"person": PERSON, "login": "a"}),
        ("/okta/assign", {"person": PERSON, "app": "another"}),
        ("/okta/unassign", {"person": PERSON}),
        ("/entra/user", {"person": PERSON}),
        ("/entra/user", {"person": PERSON, "accountEnabled": "true"}),
        ("/entra/user", {"person": PERSON, "accountEnabled": None}),
        ("/entra/user", {"person": PERSON, "mobilePhone": ["1"]}),
        ("/entra/flag", {"enabled": 1}),
        ("/entra/role", {"person": PERSON, "role": "King", "held": "active"}),
        ("/entra/role", {"person": PERSON, "role": "Global Administrator", "held": "x"}),
        ("/break", {"part": "moon", "trouble": "out"}),
        ("/break", {"part": "hook", "trouble": "out"}),
        ("/break", {"part": "okta"}),
    ],
)
def test_a_field_that_makes_no_sense(here: Here, path: str, body: dict[str, Any]) -> None:
    before = world(here)
    status, sentence = here.refused(path, **body)
    assert status == 400
    assert sentence.endswith(".")
    for value in body.values():  # nothing of it comes back
        assert not (isinstance(value, str) and len(value) > 5 and value in sentence)
    assert world(here) == before


def world(here: Here) -> dict[str, Any]:
    """Without what goes on by itself: when Okta's buckets are full again."""
    found = dict(here.read())
    del found["limits"]
    return found


def test_nobody_of_that_name(here: Here) -> None:
    assert here.refused("/okta/deactivate", person="some.body")[0] == 404
    assert here.get("/world?person=some.body").status_code == 404


def test_too_much_is_refused_unread(here: Here) -> None:
    answer = here.post("/okta/profile", {"person": PERSON, "mobilePhone": "1" * MOST_BYTES})
    assert answer.status_code == 413
    assert set(answer.get_json()) == {"error"}


def test_an_error_of_its_own_is_a_sentence_without_a_traceback(
    here: Here, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("+1 202 555 0100")

    monkeypatch.setattr(here.org, "set_user_profile", fail)
    status, sentence = here.refused("/okta/profile", person=PERSON, mobilePhone="+1 202 555 0100")
    assert status == 500
    said = capfd.readouterr()
    assert "555" not in sentence + said.out + said.err


@pytest.mark.parametrize("query", ["first=-1", "first=x", "most=1.5", f"first={'9' * 30}"])
def test_a_page_that_is_none(here: Here, query: str) -> None:
    assert here.get(f"/world?{query}").status_code == 400


def test_a_page_of_people(here: Here) -> None:
    everybody = [each["name"] for each in here.read()["people"]]
    some = here.get("/world?first=2&most=3").get_json()
    assert [each["name"] for each in some["people"]] == everybody[2:5]
    assert some["count"] == len(here.world.people)
    assert here.get("/world?first=999").get_json()["people"] == []


def test_reading_changes_nothing_and_asks_no_vendor(here: Here) -> None:
    assert world(here) == world(here)
    assert not here.org.calls
    assert not here.tenant.calls


def test_the_app_is_one_of_those(here: Here) -> None:
    _, sentence = here.refused("/okta/assign", person=PERSON, app="another")
    assert GRAPH_APP in sentence
