"""The parts of a world file that say by which keys an application may sign in."""

from __future__ import annotations

import pytest
import yaml

from sandbox.world import DEMO, World, WorldError, load_world
from tests.fakes.keys import certificate_pem, private_pem, public_pem, rsa_key

CLIENT = {"name": "a", "client_id": "c", "public_key": public_pem(rsa_key()), "scopes": ["s"]}
FEDERATED = {"app": "reader", "issuer": "i", "subject": "s", "public_key": public_pem(rsa_key())}


def loaded(**more: object) -> World:
    document = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    return load_world(yaml.safe_dump(document | more))


def test_a_world_needs_none_of_them() -> None:
    world = load_world(DEMO)
    assert (world.okta_clients, world.federated_credentials) == ((), ())
    assert world.identity("reader").certificate is None


def test_what_is_left_out_is_as_the_vendors_have_it() -> None:
    world = loaded(okta_clients=[CLIENT], federated_credentials=[FEDERATED])
    assert world.okta_clients[0].require_dpop is True
    assert world.okta_clients[0].scopes == ("s",)
    assert world.federated_credentials[0].audience == "api://AzureADTokenExchange"
    assert world.federated_credentials[0].found_after_seconds == 0.0


def test_a_certificate_of_an_app() -> None:
    document = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    for identity in document["identities"]:
        if identity["name"] == "reader":
            identity["certificate"] = certificate_pem(rsa_key())
    world = load_world(yaml.safe_dump(document))
    assert str(world.identity("reader").certificate).startswith("-----BEGIN CERTIFICATE")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            {"okta_clients": [CLIENT | {"public_key": private_pem(rsa_key())}]},
            "okta_clients[0].public_key: must be a public key as PEM text",
        ),
        ({"okta_clients": [CLIENT | {"dpop": True}]}, 'okta_clients[0]: "dpop" is not a key'),
        (
            {"okta_clients": [CLIENT, CLIENT]},
            "okta_clients[1].client_id: the same as okta_clients[0].client_id",
        ),
        (
            {"federated_credentials": [FEDERATED | {"app": "operator"}]},
            'federated_credentials[0].app: "operator" is not one of',
        ),
        (
            {"federated_credentials": [FEDERATED | {"public_key": "x"}]},
            "federated_credentials[0].public_key",
        ),
    ],
)
def test_what_makes_no_sense_is_named(more: dict[str, object], told: str) -> None:
    with pytest.raises(WorldError) as caught:
        loaded(**more)
    assert told in str(caught.value)
    assert "PRIVATE" not in str(caught.value)
