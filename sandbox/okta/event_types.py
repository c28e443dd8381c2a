"""Which System Log event types an event hook can carry.

Source: the vendor's event-type catalog, release 2026.08.1 (tag `event-hook-eligible`), for the
types that have to do with provisioning. The two that surprise people: pushing a deactivation and
every `app.office365.*` event are in the log only.
"""

from __future__ import annotations

HOOK_ELIGIBLE = frozenset(
    {
        "app.user_management",
        "app.user_management.user_group_import.upsert_success",
        "application.provision.user.delete",
        "application.provision.user.delete.schedule",
        "application.provision.user.import_profile",
        "application.provision.user.push",
        "application.provision.user.push_profile",
        "application.provision.user.reactivate",
        "application.provision.user.remove_entitlements",
        "application.provision.user.remove_entitlements.schedule",
        "application.provision.user.sync",
        "application.user_membership.add",
        "application.user_membership.change_password",
        "application.user_membership.remove",
        "application.user_membership.update",
        "user.account.update_profile",
        "user.lifecycle.activate",
        "user.lifecycle.create",
        "user.lifecycle.deactivate",
        "user.lifecycle.delete.initiated",
        "user.lifecycle.reactivate",
        "user.lifecycle.suspend",
        "user.lifecycle.unsuspend",
        "user.session.start",
    }
)

LOG_ONLY = frozenset(
    {
        "app.office365.api.error.check.user.exists",
        "app.office365.api.error.create.user",
        "app.office365.api.error.deactivate.user",
        "app.office365.api.error.import.profile",
        "app.office365.api.error.push.profile",
        "app.office365.api.error.reactivate.user",
        "app.office365.api.error.sync.set.attribute",
        "app.office365.api.error.sync.user",
        "app.office365.graph.api.error.rate-limit.exceeded",
        "app.office365.user.lifecycle.action.failed",
        "application.appuser.mapping.invalid.expression",
        "application.integration.authentication_failure",
        "application.integration.general_failure",
        "application.integration.rate_limit_exceeded",
        "application.provision.user.activate",
        "application.provision.user.deactivate",
        "application.provision.user.deprovision",
        "application.provision.user.push_okta_password",
        "application.provision.user.push_password",
        "application.provision.user.verify_exists",
        "application.user_membership.change_username",
        "application.user_membership.deprovision",
        "application.user_membership.provision",
        "event_hook.delivery",
    }
)


def hook_eligible(event_type: str) -> bool:
    """Whether an event hook may list `event_type`; unknown types may not."""
    return event_type in HOOK_ELIGIBLE
