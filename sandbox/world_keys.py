"""Reads the parts of a world file that say by which keys an application may sign in."""

from __future__ import annotations

from collections.abc import Collection

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from sandbox.okta.admin_roles import ROLES
from sandbox.world_fields import Field
from sandbox.world_model import FederatedCredential, OktaClient, OktaToken


def read_client(entry: Field) -> OktaClient:
    keys = entry.mapping("name", "client_id", "public_key", "scopes", "require_dpop", "roles")
    return OktaClient(
        keys["name"].text(),
        keys["client_id"].text(),
        public_key(keys["public_key"]),
        keys["scopes"].each(Field.text),
        keys["require_dpop"].flag(True),  # as Okta's console has it for a new service app
        admin_roles(keys["roles"]),
    )


def read_token(entry: Field) -> OktaToken:
    """Without `roles` its maker is a super administrator."""
    keys = entry.mapping("name", "token", "roles")
    name, token = keys["name"].text(), keys["token"].text()
    if keys["roles"].absent:
        return OktaToken(name, token)
    return OktaToken(name, token, admin_roles(keys["roles"]))


def admin_roles(entry: Field) -> tuple[str, ...]:
    return entry.each(lambda each: each.choice(sorted(ROLES)))


def read_federated(entry: Field, apps: Collection[str]) -> FederatedCredential:
    keys = entry.mapping(
        "app", "issuer", "subject", "audience", "public_key", "found_after_seconds"
    )
    return FederatedCredential(
        keys["app"].choice(apps),
        keys["issuer"].text(),
        keys["subject"].text(),
        keys["audience"].text("api://AzureADTokenExchange"),
        public_key(keys["public_key"]),
        keys["found_after_seconds"].seconds(0.0),
    )


def public_key(entry: Field) -> str:
    text = entry.text()
    try:
        load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise entry.wrong("must be a public key as PEM text") from None
    return text


def certificate(entry: Field) -> str:
    text = entry.text()
    try:
        x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        raise entry.wrong("must be a certificate as PEM text") from None
    return text
