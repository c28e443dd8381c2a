"""Reads the people of a world file."""

from __future__ import annotations

from sandbox.entra.roles import role_template
from sandbox.world_fields import Field
from sandbox.world_model import Assignment, EntraPerson, OktaPerson, Person

_OKTA_STATUSES = (
    "STAGED",
    "PROVISIONED",
    "ACTIVE",
    "RECOVERY",
    "PASSWORD_EXPIRED",
    "LOCKED_OUT",
    "SUSPENDED",
    "DEPROVISIONED",
)


def read_person(entry: Field, app_ids: list[str]) -> Person:
    keys = entry.mapping("name", "okta", "assigned", "entra")
    okta = None if keys["okta"].absent else _okta_person(keys["okta"])
    assigned = None if keys["assigned"].absent else _assignment(keys["assigned"], app_ids)
    entra = None if keys["entra"].absent else _entra_person(keys["entra"])
    if assigned and not okta:
        raise keys["assigned"].wrong("only somebody with an okta entry can be assigned")
    if assigned and assigned.external_id != "none" and not entra:
        raise keys["assigned"].wrong("external_id must be none for somebody without an entra entry")
    if assigned and assigned.external_id == "immutable" and entra and not entra.immutable_id:
        raise keys["assigned"].wrong("external_id immutable needs entra.immutable_id")
    return Person(keys["name"].text(), okta, assigned, entra)


def _okta_person(entry: Field) -> OktaPerson:
    keys = entry.mapping("id", "login", "status", "profile")
    return OktaPerson(
        okta_id(keys["id"], "00u"),
        keys["login"].text(),
        keys["status"].choice(_OKTA_STATUSES, "ACTIVE"),
        keys["profile"].json(),
    )


def _assignment(entry: Field, app_ids: list[str]) -> Assignment:
    keys = entry.mapping("app", "external_id", "status", "scope", "profile")
    if keys["app"].text() not in app_ids:
        raise keys["app"].wrong(f'"{keys["app"].value}" is not the id of one of the apps')
    return Assignment(
        keys["app"].text(),
        keys["external_id"].choice(("object", "immutable", "none"), "object"),
        keys["status"].text("PROVISIONED"),
        keys["scope"].choice(("USER", "GROUP"), "USER"),
        keys["profile"].json(),
    )


def _entra_person(entry: Field) -> EntraPerson:
    keys = entry.mapping(
        "id",
        "user_principal_name",
        "display_name",
        "mobile_phone",
        "other_mails",
        "account_enabled",
        "synced",
        "immutable_id",
        "roles",
        "eligible_roles",
        "groups",
        "restricted",
        "cloud_set_mobile",
    )
    synced = keys["synced"].optional_flag()
    if synced is not True and not keys["cloud_set_mobile"].absent:
        raise keys["cloud_set_mobile"].wrong("only a synced user can have an override")
    name = keys["user_principal_name"].text()
    return EntraPerson(
        keys["id"].guid(),
        name,
        keys["display_name"].text(name.partition("@")[0].replace(".", " ").title()),
        keys["mobile_phone"].optional_text(),
        keys["other_mails"].each(Field.text),
        keys["account_enabled"].flag(True),
        synced,
        keys["immutable_id"].optional_text(),
        keys["roles"].each(read_role),
        keys["eligible_roles"].each(read_role),
        keys["restricted"].flag(False),
        keys["cloud_set_mobile"].optional_text(),
    )


def read_role(entry: Field) -> str:
    try:
        return role_template(entry.text())
    except KeyError:
        raise entry.wrong(
            f'"{entry.value}" is not a role this world knows; use a role name or template id '
            "of sandbox/entra/roles.py"
        ) from None


def okta_id(entry: Field, prefix: str) -> str:
    value = entry.text()
    if not (value.startswith(prefix) and len(value) == 20 and value.isalnum()):
        raise entry.wrong(f'"{value}" must be 20 letters and digits that start with {prefix}')
    return value
