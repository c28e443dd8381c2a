"""Findings about the event hook, the app and our access to Okta."""

from __future__ import annotations

from ops.doctor.text import NOTE, OK, PROBLEM, UNKNOWN, WARNING, Text

_INSTALL = "Run `pushproof hook install`."
_ADMIN_TOKEN = "Set PUSHPROOF_OKTA_ADMIN_TOKEN to a token that may read event hooks and look again."  # noqa: S105
_PROFILE_EDITOR = "An Okta administrator: Directory > Profile Editor > the app > Mappings."
_SCOPES = "Okta Admin Console > Applications > the service app > Okta API Scopes."
_ROLES = "Okta Admin Console > Security > Administrators, or the service app > Admin roles."
_LOOK_AS_ADMIN = "Set PUSHPROOF_OKTA_ADMIN_TOKEN to a super administrator's token and look again."
_READ_SECRET = "Look as somebody who may read the Okta secret."  # noqa: S105
_CATCH_UP = "Look at catch_up's log: Okta refuses it, or CatchUpEvery is off or longer than that."

TEXTS: dict[str, Text] = {
    # -- the event hook
    "hook_ready": Text(OK, "the event hook is active, verified and complete ({types} types)"),
    "hook_unread": Text(UNKNOWN, "event hooks can not be read: {why}", _ADMIN_TOKEN),
    "hook_missing": Text(PROBLEM, "no event hook is registered for {url}", _INSTALL),
    "hook_inactive": Text(PROBLEM, "the event hook {hook} is INACTIVE", _INSTALL),
    "hook_unverified": Text(
        PROBLEM,
        "the event hook {hook} is UNVERIFIED, so it receives nothing",
        "Run `pushproof hook verify`.",
    ),
    "hook_types_missing": Text(PROBLEM, "the event hook lacks {types}", _INSTALL),
    "hook_misfiltered": Text(
        PROBLEM,
        "Okta's filter of the event hook is not the one for the watched apps, so events of theirs "
        "do not arrive: {types}",
        _INSTALL,
    ),
    "hook_types_additional": Text(
        NOTE,
        "the event hook also carries {types}, which Pushproof leaves aside",
        "They count towards the org's daily limit of events; remove them in Okta if unwanted.",
    ),
    "hook_unfiltered": Text(
        NOTE,
        "the event hook has no filter, so events of all apps arrive and are left aside",
        "Okta's event hook filters (Early Access) spare the deliveries; then `hook install`.",
    ),
    "hook_twice": Text(
        WARNING,
        "{count} event hooks have this address, so everything arrives more than once",
        "Remove the others in Okta: Workflow > Event Hooks.",
    ),
    "hook_delivers": Text(
        OK, "of what Okta's log held since {age} ago, the hook brought {delivered}, missed {missed}"
    ),
    "hook_uncompared": Text(
        NOTE, "the hook was not compared with Okta's log yet: nothing to compare"
    ),
    "hook_silent": Text(
        PROBLEM,
        "the hook seems dead: it brought nothing of the last {count} moments that Okta's log holds",
        "Run `pushproof hook status`, then `pushproof hook install`.",
    ),
    # -- the System Log
    "log_read": Text(OK, "Okta's log is read up to {age} ago"),
    "log_behind": Text(WARNING, "Okta's log was last read {age} ago", _CATCH_UP),
    "log_never_read": Text(WARNING, "Okta's log was never read", _CATCH_UP),
    "log_position_broken": Text(PROBLEM, "{why}", "Do what it says; until then nothing is read."),
    # -- the Okta app
    "app_ready": Text(OK, "app {app}: {attribute} is pushed"),
    "app_unread": Text(
        PROBLEM,
        "app {app} can not be read: {why}",
        "The token's administrator needs to read apps, app schemas and profile mappings.",
    ),
    "app_not_told": Text(UNKNOWN, "app {app} did not answer: {why}", "Look again later."),
    "app_feature_off": Text(
        PROBLEM,
        "app {app}: {feature} is off, so {attribute} is never pushed",
        "An Okta administrator: the app > Provisioning > To App.",
    ),
    "app_attribute_absent": Text(
        NOTE,
        "app {app}: its schema has no {attribute}, so nothing is proved for it there",
        "Add the attribute in Profile Editor if it is meant to be pushed.",
    ),
    "app_unmapped": Text(
        PROBLEM, "app {app}: nothing maps {attribute} (user type {type})", _PROFILE_EDITOR
    ),
    "app_create_only": Text(
        PROBLEM,
        "app {app}: {attribute} is mapped on create only (user type {type})",
        _PROFILE_EDITOR + " Choose: apply mapping on user create and update.",
    ),
    "app_expression": Text(
        WARNING,
        "app {app}: {attribute} is mapped by an expression, which is not evaluated "
        "(user type {type}): only the assignment's value is compared",
        _PROFILE_EDITOR + " A plain reference to one attribute can be proved fully.",
    ),
    "app_no_mapping": Text(
        UNKNOWN,
        "app {app}: no mapping from users towards the app was listed",
        "The token's administrator needs to read profile mappings.",
    ),
    "push_seen": Text(OK, "app {app}: a profile push succeeded {age} ago"),
    "push_none": Text(
        WARNING,
        "app {app}: the System Log shows no completed profile push in {days} days",
        "Change an unimportant attribute of a test user in Okta and look again.",
    ),
    "push_failing": Text(
        PROBLEM,
        "app {app}: of the last completed profile pushes ({count}) none succeeded",
        "Read their reasons in the System Log; Okta's Dashboard > Tasks lists what to retry.",
    ),
    "push_unread": Text(
        UNKNOWN,
        "app {app}: whether profile pushes succeed can not be read: {why}",
        "The token needs to read the System Log.",
    ),
    # -- the Okta token
    "okta_reads": Text(OK, "the Okta token reads {what}"),
    "okta_refused": Text(
        PROBLEM,
        "the Okta token may not read {what} ({why})",
        "Give the token's administrator the role that allows it: see README, what it must be "
        "allowed to do.",
    ),
    "okta_no_token": Text(
        PROBLEM,
        "Okta does not accept the token: {why}",
        "Put a valid token: aws secretsmanager put-secret-value --secret-id OKTA_SECRET_ID.",
    ),
    "okta_not_told": Text(UNKNOWN, "whether the Okta token reads {what} is open: {why}"),
    "okta_nobody": Text(
        NOTE,
        "app {app}: nobody is assigned, so reading an assignment was not tried",
        "Assign a test user to the app.",
    ),
    # -- how we sign in, and what we may do
    "okta_unsigned": Text(
        UNKNOWN,
        "how Pushproof signs in to Okta was not examined: {why}",
        _READ_SECRET,
    ),
    "okta_is_token": Text(
        NOTE,
        "Okta is asked with an API token, which may do all that its maker may",
        "A service app with its own key may do only what its scopes and its role both allow.",
    ),
    "okta_scope": Text(OK, "the service app was granted {scope}"),
    "okta_scope_missing": Text(
        PROBLEM,
        "the service app was not granted {scope}, so a sign-in that asks for it is refused as a "
        "whole",
        _SCOPES + " Grant it.",
    ),
    "okta_scope_not_needed": Text(
        WARNING, "the service app was granted {scope}, which nothing here needs", _SCOPES
    ),
    "okta_scope_writes": Text(
        PROBLEM,
        "the service app was granted {scope}: it could write what nothing here writes",
        _SCOPES + " Revoke it.",
    ),
    "okta_scope_set_up": Text(
        NOTE,
        "the service app was granted {scope}, which only `pushproof hook` needs",
        _SCOPES + " Revoke it when the hook is installed, or use PUSHPROOF_OKTA_ADMIN_TOKEN.",
    ),
    "okta_scopes_untold": Text(
        UNKNOWN, "which scopes the service app was granted is open: {why}", _SCOPES
    ),
    "okta_grants_unread": Text(
        UNKNOWN,
        "whether the service app was granted scopes it does not need is unknown: {why}",
        _LOOK_AS_ADMIN + " A service app reads its own with okta.appGrants.read.",
    ),
    "okta_role": Text(OK, "admin role in Okta: {role}"),
    "okta_role_none": Text(
        PROBLEM,
        "no admin role in Okta, and scopes alone open nothing",
        _ROLES + " Read Only Administrator reads all that is read here.",
    ),
    "okta_role_broad": Text(
        WARNING,
        "admin role in Okta: {role}; whoever takes over the credentials takes over the org",
        _ROLES + " Read Only Administrator is enough, with Application Administrator for touches.",
    ),
    "okta_role_custom": Text(
        NOTE,
        "admin role in Okta: {role}, a custom one; what it leaves out shows as a refused read",
        "It needs the watched apps, their users, schemas and mappings, and the System Log.",
    ),
    "okta_role_not_needed": Text(
        WARNING, "admin role in Okta: {role}, which nothing here needs", _ROLES
    ),
    "okta_role_untouching": Text(
        PROBLEM,
        "a touch attribute is set, and no admin role in Okta may change an assignment",
        _ROLES + " Add Application Administrator for the watched apps.",
    ),
    "okta_roles_unread": Text(
        UNKNOWN,
        "the admin roles in Okta are unknown: {why}",
        _LOOK_AS_ADMIN + " A service app needs okta.roles.read to be asked itself.",
    ),
    "okta_dpop": Text(OK, "Okta demands proof of possession (DPoP) from the service app"),
    "okta_dpop_off": Text(
        WARNING,
        "Okta does not demand proof of possession (DPoP), so a stolen access token works for "
        "whoever has it",
        "Okta Admin Console > Applications > the service app > General: tick `Require DPoP header "
        "in token requests`. Nothing has to be changed here.",
    ),
    "okta_dpop_unknown": Text(
        UNKNOWN,
        "whether Okta demands proof of possession (DPoP) is unknown: {why}",
        "Okta Admin Console > Applications > the service app > General.",
    ),
}
