"""Codes, titles, explanations and runbook lines of every cause, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lib.incident import CauseName, Severity


class Reach(StrEnum):
    """Whom a cause touches. What reaches further than one user makes one incident for all."""

    USER = "user"
    APP = "app"
    TENANT = "tenant"


@dataclass(frozen=True)
class CauseText:
    """`severity` is the least an incident of this cause has."""

    title: str
    explanation: str
    runbook: str
    severity: Severity = Severity.WARNING
    reach: Reach = Reach.USER


CAUSES: dict[CauseName, CauseText] = {
    CauseName.NOT_LINKED: CauseText(
        "No pinned Entra user",
        "No Entra user was found by the id Okta holds, or only one by user principal name, which "
        "is good enough to read and never to write.",
        "Open the app assignment in Okta and link it to the right Entra user.",
    ),
    CauseName.CONNECTOR_AUTH: CauseText(
        "Okta's connector can not sign in",
        "The last push failed because Microsoft refused the connector's own sign-in.",
        "Re-authenticate the Office 365 app's provisioning in Okta; look for AADSTS codes such as "
        "a multi-factor demand on its service account.",
        Severity.HIGH,
        Reach.APP,
    ),
    CauseName.PROVISIONING_OFF: CauseText(
        "Provisioning is off",
        "The Office 365 app does not have the provisioning feature this attribute needs.",
        "Switch on profile updates (or user deactivation) under the app's Provisioning, To App.",
        Severity.HIGH,
        Reach.APP,
    ),
    CauseName.MAPPING_MISSING: CauseText(
        "Nothing maps the attribute",
        "The attribute is in the app's schema, and no mapping feeds it.",
        "Map it in Profile Editor. Saving a mapping pushes everyone assigned.",
        Severity.WARNING,
        Reach.APP,
    ),
    CauseName.MAPPING_CREATE_ONLY: CauseText(
        "The AppUser does not follow the user",
        "The mapping applies on create only, or the AppUser holds an override or an older value.",
        "Set the mapping to create and update, or remove the override from the assignment.",
        Severity.WARNING,
        Reach.APP,
    ),
    CauseName.CONNECTOR_UNDERPRIVILEGED: CauseText(
        "The connector may not write users",
        "Microsoft refused the push of a user who holds no administrator role; or, only suspected, "
        "the app's admin holds no role that may write one, and nothing else explains the push.",
        "Make the admin account of the Office 365 app a Global Administrator and re-authenticate.",
        Severity.HIGH,
        Reach.APP,
    ),
    CauseName.RESTRICTED_MANAGEMENT: CauseText(
        "Restricted management administrative unit",
        "The user belongs to a restricted management administrative unit; tenant-wide roles, even "
        "Global Administrator, and application permissions can not change it.",
        "Ask an administrator scoped to that unit to set the value.",
    ),
    CauseName.NOT_PUSHED: CauseText(
        "Okta never pushed it",
        "The AppUser is newer than the last push, and the System Log, read to its end, shows no "
        "completed push since.",
        "Touch the assignment so that Okta detects a change; Force Sync does nothing without one.",
    ),
    CauseName.DIRSYNC_OVERRIDE: CauseText(
        "A cloud-set number overrides the sync",
        "The user is synced, its mobile number was once set in the cloud, and the tenant's "
        "bypassDirSyncOverridesEnabled is not known to be true, so the sync is accepted and the "
        "number stays.",
        "Preview whom the flag would overwrite, enable it as a Global Administrator, then touch.",
        Severity.WARNING,
        Reach.TENANT,
    ),
    CauseName.PRIVILEGED_TARGET: CauseText(
        "The target is a privileged administrator",
        "The attribute is sensitive and the caller must outrank the target's role; Okta logs "
        "success and the value does not change.",
        "An administrator who outranks the target writes it: pushproof write.",
    ),
    CauseName.CHANGED_AFTER_PUSH: CauseText(
        "Somebody changed it after the push",
        "The push landed, and Entra's audit log shows that another actor wrote the attribute "
        "afterwards.",
        "Find out who changed it and why before it is pushed again.",
    ),
    CauseName.LICENCE: CauseText(
        "The push failed on licences",
        "Microsoft refused the licence assignment that is part of the same push.",
        "Look at group-inherited licences and at the licences on the assignment.",
    ),
    CauseName.PUSH_FAILED: CauseText(
        "The push failed",
        "Okta logged the last push as failed.",
        "Read the reason in the incident; then retry the task in Okta or touch the assignment.",
    ),
    CauseName.UNEXPLAINED: CauseText(
        "No cause was found",
        "The values differ and none of the known causes could be shown.",
        "Work through the evidence of the incident; compare System Log and Entra audit log.",
    ),
}
