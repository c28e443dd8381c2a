"""What our two Entra applications were granted: all that is needed and nothing else.

Source: the vendor's permissions reference. A broader permission covers a narrow one, and is then
reported for itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from ops.doctor.finding import Finding
from ops.doctor.identity import Identity, Who
from ops.doctor.texts import finding


class Need(StrEnum):
    ALWAYS = "always"
    TO_MEND = "to_mend"  # without it only that attribute is not mended
    TO_EXPLAIN = "to_explain"  # without it causes are named on less evidence


_READER = {
    "User.Read.All": (Need.ALWAYS, "users are read with it"),
    "RoleManagement.Read.Directory": (
        Need.ALWAYS,
        "without it every target counts as privileged",
    ),
    "GroupMember.Read.All": (
        Need.ALWAYS,
        "without it groups come back nameless and count as unread",
    ),
    "AuditLog.Read.All": (
        Need.TO_EXPLAIN,
        "who changed a value after the push stays unknown",
    ),
}
# Wanted only where the connector's roles are to be told.
_CONNECTOR = {
    "Application.Read.All": (
        Need.ALWAYS,
        "without it the connector's and the writer's roles stay unknown",
    )
}
_WRITER = {
    "User.Read.All": (Need.ALWAYS, "accounts are disabled with it and the narrow one"),
    "User-Phone.ReadWrite.All": (Need.TO_MEND, "mobilePhone is not mended"),
    "User-Mail.ReadWrite.All": (Need.TO_MEND, "otherMails is not mended"),
    "User.EnableDisableAccount.All": (Need.TO_MEND, "leavers are not disabled"),
}
# Used when they are there, never missed: the flag, where the tenant lets applications read it.
_WELCOME = frozenset(
    {
        "OnPremDirectorySynchronization.Read.All",
        "Application.Read.All",
    }
)
_MISSING = {
    Need.ALWAYS: "entra_missing",
    Need.TO_MEND: "entra_unmendable",
    Need.TO_EXPLAIN: "entra_unexplained",
}
_COVERED_BY: Mapping[str, frozenset[str]] = {
    "User.Read.All": frozenset(
        {
            "User.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        }
    ),
    "RoleManagement.Read.Directory": frozenset({"RoleManagement.ReadWrite.Directory"}),
    "GroupMember.Read.All": frozenset(
        {
            "GroupMember.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
            "Directory.Read.All",
            "Directory.ReadWrite.All",
        }
    ),
    "Application.Read.All": frozenset(
        {"Application.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
    ),
    "User-Phone.ReadWrite.All": frozenset({"User.ReadWrite.All", "Directory.ReadWrite.All"}),
    "User-Mail.ReadWrite.All": frozenset({"User.ReadWrite.All", "Directory.ReadWrite.All"}),
    "User.EnableDisableAccount.All": frozenset({"User.ReadWrite.All", "Directory.ReadWrite.All"}),
}


def examine(identity: Identity, *, connector_known: bool) -> list[Finding]:
    who = identity.who
    if identity.unread and identity.trusts:
        return [finding("entra_federated", who=who, roles=identity.trusts, why=identity.unread)]
    if identity.refused:
        return [finding("entra_no_sign_in", who=who, why=identity.refused)]
    if identity.unread:
        return [finding("entra_not_told", who=who, why=identity.unread)]
    found = [finding("entra_signs_in", who=who)] if identity.signed_in else []
    if identity.permissions is None:
        return [*found, finding("entra_opaque", who=who)]
    wanted = dict(_WRITER if who is Who.WRITER else _READER)
    if who is Who.READER and connector_known:
        wanted |= _CONNECTOR
    return [*found, *_missing(who, identity.permissions, wanted), *_extra(who, identity, wanted)]


def _missing(
    who: Who, held: frozenset[str], wanted: Mapping[str, tuple[Need, str]]
) -> Iterator[Finding]:
    for name, (need, why) in wanted.items():
        if name in held:
            yield finding("entra_granted", who=who, permission=name)
        elif not held & _COVERED_BY.get(name, frozenset()):
            yield finding(_MISSING[need], who=who, permission=name, why=why)


def _extra(
    who: Who, identity: Identity, wanted: Mapping[str, tuple[Need, str]]
) -> Iterator[Finding]:
    allowed = wanted.keys() | (_WELCOME if who is Who.READER else frozenset())
    for name in sorted((identity.permissions or frozenset()) - allowed):
        # What has Write in its name, and the two that act without it.
        writes = "Write" in name or name.endswith((".EnableDisableAccount.All", ".ManageAll"))
        code = "entra_not_needed"
        if writes:
            code = "entra_reader_writes" if who is Who.READER else "entra_writer_too_broad"
        yield finding(code, who=who, permission=name)
