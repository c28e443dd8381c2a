"""Findings about our Entra applications, roles and the tenant's flag."""

from __future__ import annotations

from ops.doctor.text import OK, PROBLEM, UNKNOWN, WARNING, Text

_ENTRA_GRANT = "Entra admin center > App registrations > the application > API permissions."
_ENTRA_ROLES = "Entra admin center > Roles & admins: remove the assignment from the application."

TEXTS: dict[str, Text] = {
    # -- permissions of our Entra applications
    "entra_signs_in": Text(OK, "the {who} signs in to Entra"),
    "entra_no_sign_in": Text(
        PROBLEM,
        "the {who} can not sign in to Entra: {why}",
        "Check its client id and put a valid secret in Secrets Manager.",
    ),
    "entra_not_told": Text(
        UNKNOWN,
        "the {who} was not examined: {why}",
        "Attach the stack's DoctorPolicy as well; the writer is then told by the directory, for "
        "which the reader needs Application.Read.All.",
    ),
    "entra_opaque": Text(
        UNKNOWN,
        "the {who}'s token does not tell its permissions; whether it has ones it does not need "
        "is open",
        _ENTRA_GRANT,
    ),
    "entra_granted": Text(OK, "the {who} holds {permission}"),
    "entra_missing": Text(
        PROBLEM, "the {who} lacks {permission}: {why}", _ENTRA_GRANT + " Add it as application."
    ),
    "entra_unmendable": Text(
        WARNING,
        "the {who} lacks {permission}: {why}",
        _ENTRA_GRANT + " Add it if this is to be mended.",
    ),
    "entra_unexplained": Text(
        WARNING,
        "the {who} lacks {permission}: {why}",
        _ENTRA_GRANT + " Recommended: add it as application.",
    ),
    "entra_federated": Text(
        UNKNOWN,
        "the {who} signs in without a secret, as {roles}, which nobody else is: what it was "
        "granted can not be seen from here ({why})",
        _ENTRA_GRANT + " And Certificates & secrets > Federated credentials: one for each role, "
        "with its ARN as subject.",
    ),
    "entra_not_needed": Text(
        WARNING, "the {who} holds {permission}, which nothing here needs", _ENTRA_GRANT
    ),
    "entra_reader_writes": Text(
        PROBLEM,
        "the reader holds {permission}: an application that only finds drift can write",
        _ENTRA_GRANT + " Remove it.",
    ),
    "entra_writer_too_broad": Text(
        PROBLEM,
        "the writer holds {permission}, which writes far more than what policy allows",
        _ENTRA_GRANT + " Use the narrow permissions instead.",
    ),
    # -- roles
    "role_none": Text(OK, "the {who} holds no directory role"),
    "role_outranks": Text(
        PROBLEM,
        "THE {who} HOLDS {role}: it can reset or change administrators' accounts "
        "({matrix}), so whoever takes it over takes over the tenant",
        _ENTRA_ROLES,
    ),
    "role_held": Text(WARNING, "the {who} holds {role}, which nothing here needs", _ENTRA_ROLES),
    "role_unread": Text(
        UNKNOWN,
        "the roles of the {who} can not be read: {why}",
        "The reader needs RoleManagement.Read.Directory and Application.Read.All.",
    ),
    "connector_outranks": Text(OK, "Okta's connector holds Global Administrator"),
    "connector_lacks": Text(
        WARNING,
        "Okta's connector does not hold Global Administrator (it holds {roles}), so pushes to "
        "administrators change nothing",
        "Okta asks for a Global Administrator as the app's admin account. Without it such "
        "changes wait for a person.",
    ),
    "connector_unknown": Text(
        UNKNOWN,
        "whether Okta's connector holds Global Administrator is unknown: {why}",
        "Set ConnectorObjectId to its Entra object id and give the reader Application.Read.All.",
    ),
    # -- the tenant's flag
    "flag_on": Text(OK, "bypassDirSyncOverridesEnabled is true ({how}, {age} ago)"),
    "flag_off": Text(
        WARNING,
        "bypassDirSyncOverridesEnabled is false ({how}, {age} ago): a synced user's number once "
        "set in the cloud hides every push",
        "Tenant-wide and without undo: look at the preview first, then an administrator decides.",
    ),
    "flag_old": Text(
        WARNING,
        "bypassDirSyncOverridesEnabled was {value} {age} ago, and nobody looked since",
        "An administrator looks again: the answer of a delegated read is recorded.",
    ),
    "flag_unknown": Text(
        UNKNOWN,
        "bypassDirSyncOverridesEnabled is unknown: {why}, and no answer is recorded",
        "Microsoft documents this read for delegated Global Administrators only; one has to look.",
    ),
    "flag_not_read": Text(UNKNOWN, "the tenant's flag was not read: {why}", "Look again later."),
}
