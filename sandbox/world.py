"""Loads the world file that both simulators are seeded from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sandbox.world_fields import Field, WorldError, parse
from sandbox.world_keys import certificate, read_client, read_federated, read_token
from sandbox.world_model import (
    Assignment,
    EntraPerson,
    Identity,
    OktaPerson,
    OktaSettings,
    OktaToken,
    Person,
    TenantSettings,
    World,
    WorldApp,
    WorldGroup,
    WorldMapping,
)
from sandbox.world_people import okta_id, read_person, read_role

__all__ = [
    "DEMO",
    "Assignment",
    "EntraPerson",
    "Identity",
    "OktaPerson",
    "OktaSettings",
    "OktaToken",
    "Person",
    "TenantSettings",
    "World",
    "WorldApp",
    "WorldError",
    "WorldGroup",
    "WorldMapping",
    "load_world",
]

DEMO = Path(__file__).parent / "worlds" / "demo.yaml"

_BUCKETS = ("apps", "users", "logs", "other")


def load_world(source: Path | str) -> World:
    """Reads a world from a file, or from text when `source` is a str with more than one line.

    WorldError, one sentence naming the field, when the world makes no sense.
    """
    if isinstance(source, str) and "\n" in source:
        return _world(Field(parse(source), ""))
    path = Path(source)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise WorldError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise WorldError(f"{path}: is not UTF-8 text") from error
    return _world(Field(parse(text), ""))


def _world(root: Field) -> World:
    keys = ("tenant", "okta", "apps", "identities", "okta_tokens", "people", "groups")
    top = root.mapping(*keys, "okta_clients", "federated_credentials")
    apps = top["apps"].each(_app)
    app_ids = [app.id for app in apps]
    people = top["people"].each(lambda each: read_person(each, app_ids))
    accounts = [person.name for person in people if person.entra]
    groups = top["groups"].each(lambda each: _group(each, accounts))
    identities = top["identities"].each(_identity)
    tokens = top["okta_tokens"].each(read_token)
    clients = top["okta_clients"].each(read_client)
    app_names = [identity.name for identity in identities if identity.kind == "app"]
    federated = top["federated_credentials"].each(lambda each: read_federated(each, app_names))

    _unique(top["apps"], "id", app_ids)
    _unique(top["people"], "name", [person.name for person in people])
    _unique(top["people"], "okta.id", [each.okta.id if each.okta else None for each in people])
    logins = [each.okta.login.casefold() if each.okta else None for each in people]
    _unique(top["people"], "okta.login", logins)
    upns = [each.entra.user_principal_name.casefold() if each.entra else None for each in people]
    _unique(top["people"], "entra.user_principal_name", upns)
    _unique(top["identities"], "name", [identity.name for identity in identities])
    _unique(top["identities"], "client_id", [identity.client_id for identity in identities])
    _unique(top["groups"], "name", [group.name for group in groups])
    _unique(top["okta_tokens"], "token", [token.token for token in tokens])
    _unique(top["okta_clients"], "client_id", [client.client_id for client in clients])
    _unique_objects(people, identities, groups)
    return World(
        _tenant(top["tenant"]),
        _okta(top["okta"]),
        apps,
        identities,
        tokens,
        people,
        _join_groups(top["people"], groups),
        clients,
        federated,
    )


def _tenant(entry: Field) -> TenantSettings:
    keys = entry.mapping(
        "id",
        "bypass_dir_sync_overrides",
        "stale_read_seconds",
        "audit_delay_seconds",
        "app_only_directory_sync",
    )
    return TenantSettings(
        keys["id"].guid(),
        keys["bypass_dir_sync_overrides"].flag(False),
        keys["stale_read_seconds"].seconds(0.0),
        keys["audit_delay_seconds"].seconds(0.0),
        keys["app_only_directory_sync"].flag(False),
    )


def _okta(entry: Field) -> OktaSettings:
    keys = entry.mapping("org", "push_seconds", "log_delay_seconds", "rate_limits")
    buckets = keys["rate_limits"].mapping(*_BUCKETS)
    return OktaSettings(
        keys["org"].text(),
        keys["push_seconds"].seconds(0.0),
        keys["log_delay_seconds"].seconds(0.0),
        {name: bucket.whole(1) for name, bucket in buckets.items()},
    )


def _app(entry: Field) -> WorldApp:
    keys = entry.mapping("id", "label", "features", "path", "schema", "mappings", "pushes")
    app_id = okta_id(keys["id"], "0oa")
    schema = {name: each.text() for name, each in keys["schema"].mapping().items()}
    entries = {} if keys["mappings"].absent else keys["mappings"].mapping()
    for name, each in entries.items():
        if name not in schema:
            raise each.wrong(f'"{name}" is not an attribute of this app\'s schema')
    for each in keys["pushes"].items():
        if each.text() not in schema:
            raise each.wrong(f'"{each.value}" is not an attribute of this app\'s schema')
    return WorldApp(
        app_id,
        keys["label"].text(),
        keys["features"].each(Field.text),
        keys["path"].choice(("graph", "dirsync")),
        schema,
        {name: _mapping(each) for name, each in entries.items()},
        keys["pushes"].each(Field.text),
    )


def _mapping(entry: Field) -> WorldMapping:
    keys = entry.mapping("expression", "push_status")
    return WorldMapping(
        keys["expression"].text(), keys["push_status"].choice(("PUSH", "DONT_PUSH"), "PUSH")
    )


def _identity(entry: Field) -> Identity:
    keys = entry.mapping(
        *("name", "kind", "client_id", "object_id", "secret", "certificate", "permissions", "roles")
    )
    kind = keys["kind"].choice(("app", "public_client"))
    if kind == "app":
        object_id: str | None = keys["object_id"].guid()
        secret: str | None = keys["secret"].text()
    else:
        for name in ("secret", "certificate", "object_id", "roles"):
            if not keys[name].absent:
                raise keys[name].wrong("a public_client has none; it acts as whoever signs in")
        object_id = secret = None
    return Identity(
        keys["name"].text(),
        kind,
        keys["client_id"].guid(),
        object_id,
        secret,
        keys["permissions"].each(Field.text),
        keys["roles"].each(read_role),
        None if keys["certificate"].absent else certificate(keys["certificate"]),
    )


def _group(entry: Field, accounts: list[str]) -> WorldGroup:
    keys = entry.mapping("id", "name", "role_assignable", "roles", "members", "owners")
    role_assignable = keys["role_assignable"].flag(False)
    if keys["roles"].items() and not role_assignable:
        raise keys["roles"].wrong("only a role_assignable group can hold roles")

    def account(each: Field) -> str:
        if each.text() not in accounts:
            raise each.wrong(f'"{each.value}" is not the name of somebody with an entra entry')
        return each.text()

    return WorldGroup(
        keys["id"].guid(),
        keys["name"].text(),
        role_assignable,
        keys["roles"].each(read_role),
        keys["members"].each(account),
        keys["owners"].each(account),
    )


def _join_groups(people: Field, groups: tuple[WorldGroup, ...]) -> tuple[WorldGroup, ...]:
    """A membership may be written at the person (`entra.groups`) or at the group."""
    members = {group.name: list(group.members) for group in groups}
    for person in people.items():
        entra = person.mapping().get("entra")
        if entra is None or entra.absent or "groups" not in entra.mapping():
            continue
        name = person.mapping()["name"].text()
        for each in entra.mapping()["groups"].items():
            if each.text() not in members:
                raise each.wrong(f'"{each.value}" is not the name of one of the groups')
            if name not in members[each.text()]:
                members[each.text()].append(name)
    return tuple(replace(group, members=tuple(members[group.name])) for group in groups)


def _unique(entries: Field, key: str, values: Iterable[str | None]) -> None:
    seen: dict[str, str] = {}
    for entry, value in zip(entries.items(), values, strict=True):
        if value is None:
            continue
        if value in seen:
            raise WorldError(f"{entry.path}.{key}: the same as {seen[value]}.{key}")
        seen[value] = entry.path


def _unique_objects(
    people: tuple[Person, ...], identities: tuple[Identity, ...], groups: tuple[WorldGroup, ...]
) -> None:
    """Users, service principals and groups share one directory and so one space of ids."""
    found = [
        (f"people[{i}].entra.id", each.entra.id) for i, each in enumerate(people) if each.entra
    ]
    found += [
        (f"identities[{i}].object_id", each.object_id)
        for i, each in enumerate(identities)
        if each.object_id
    ]
    found += [(f"groups[{i}].id", each.id) for i, each in enumerate(groups)]
    seen: dict[str, str] = {}
    for path, object_id in found:
        if object_id in seen:
            raise WorldError(f"{path}: the same as {seen[object_id]}")
        seen[object_id] = path
