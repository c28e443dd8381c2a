"""Every finding's severity, sentence and remedy, in one table. {names} are filled in."""

from __future__ import annotations

from dataclasses import dataclass

from ops.doctor.finding import Finding, Severity

OK, NOTE, WARNING, UNKNOWN, PROBLEM = (
    Severity.OK,
    Severity.NOTE,
    Severity.WARNING,
    Severity.UNKNOWN,
    Severity.PROBLEM,
)


@dataclass(frozen=True)
class Text:
    severity: Severity
    seen: str
    remedy: str = ""


_INSTALL = "Run `pushproof hook install`."
_ADMIN_TOKEN = "Set PUSHPROOF_OKTA_ADMIN_TOKEN to a token that may read event hooks and look again."  # noqa: S105
_PROFILE_EDITOR = "An Okta administrator: Directory > Profile Editor > the app > Mappings."
_AWS_RIGHTS = "Attach the stack's OperatorPolicy to your role, or look with one that may."
_ENTRA_GRANT = "Entra admin center > App registrations > the application > API permissions."
_ENTRA_ROLES = "Entra admin center > Roles & admins: remove the assignment from the application."

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
    # -- touches
    "touch_off": Text(
        NOTE,
        "no touch attribute is set, so a push that never happened waits for a person",
        "Choose an unmapped attribute of the app and set the stack parameter TouchAttribute.",
    ),
    "touch_absent": Text(
        PROBLEM,
        "app {app}: the touch attribute {attribute} is not in its schema",
        "Set TouchAttribute to an attribute of the app, or leave it empty.",
    ),
    "touch_mapped": Text(
        PROBLEM,
        "app {app}: the touch attribute {attribute} is mapped, so Okta refuses to have it "
        "changed (E0000075)",
        "Choose an unmapped attribute, or remove the mapping in Profile Editor.",
    ),
    "touch_watched": Text(
        PROBLEM,
        "app {app}: the touch attribute {attribute} is a watched one: a touch would push our text",
        "Choose another attribute for TouchAttribute.",
    ),
    "touch_ready": Text(OK, "app {app}: {attribute} may be touched; proved {age} ago"),
    "touch_unproved": Text(
        WARNING,
        "app {app}: whether touching {attribute} makes Okta push was never proved",
        "Run `pushproof doctor --prove-touch LOGIN` with a test user assigned to the app.",
    ),
    "touch_proof_unread": Text(
        UNKNOWN, "app {app}: the record of the touch proof can not be read: {why}", _AWS_RIGHTS
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
    # -- what is in AWS
    "secret_present": Text(OK, "secret {name} has a value, put {age} ago"),
    "secret_empty": Text(
        PROBLEM,
        "secret {name} has no value",
        "Put it: aws secretsmanager put-secret-value --secret-id {name}.",
    ),
    "secret_old": Text(
        WARNING, "secret {name} was last changed {age} ago", "Rotate it at its vendor and here."
    ),
    "hook_secret_old": Text(
        WARNING,
        "secret {name} was last changed {age} ago",
        "Run `pushproof hook install --rotate`.",
    ),
    "aws_unread": Text(UNKNOWN, "{what} can not be read: {why}", _AWS_RIGHTS),
    "queue_ready": Text(OK, "{name}: {count} waiting, {flying} being worked on"),
    "dlq_empty": Text(OK, "{name} is empty"),
    "dlq_holds": Text(
        PROBLEM,
        "{name}: {count} set aside after crashing a function",
        "Read the function's log, mend the reason, then redrive the queue.",
    ),
    "table_ready": Text(OK, "the table answers; the mode is {mode}"),
    "parked_none": Text(OK, "nothing is parked"),
    "parked_some": Text(
        WARNING,
        "parked work, each with its reason: {count}",
        "They are in the table under PARKED#; each names what a person has to do.",
    ),
    "alarms_quiet": Text(OK, "no alarm is raised, of {count}"),
    "alarms_none": Text(
        PROBLEM,
        "no alarm publishes to the topic",
        "Deploy the stack again; its alarms were removed.",
    ),
    "alarms_simulated": Text(NOTE, "the sandbox has no alarms"),
    "alarm_raised": Text(
        PROBLEM, "alarm {name} is raised", "Its description says what waits or crashed."
    ),
    "alarm_muted": Text(
        WARNING, "alarm {name} has its actions disabled", "Enable the alarm's actions."
    ),
    "topic_read": Text(OK, "confirmed subscriptions of the topic: {count}"),
    "topic_unheard": Text(
        PROBLEM,
        "nobody is subscribed to the topic, so pages reach nobody",
        "Set the stack parameter OnCallEmail, or subscribe on-call's tool to the topic.",
    ),
    "topic_unconfirmed": Text(
        WARNING,
        "subscriptions of the topic that wait for confirmation: {count}",
        "Whoever owns the address opens the confirmation it was sent.",
    ),
    # -- clocks
    "clock_agrees": Text(OK, "{who}'s clock agrees ({seconds:+.0f} s)"),
    "clock_differs": Text(
        WARNING,
        "{who}'s clock is {seconds:+.0f} s from this machine's",
        "Set this machine's clock by NTP; if all others agree, ask the vendor.",
    ),
    "clock_far_off": Text(
        PROBLEM,
        "{who}'s clock is {seconds:+.0f} s from this machine's: signatures and tokens are refused",
        "Set this machine's clock by NTP.",
    ),
    "clock_unknown": Text(UNKNOWN, "{who}'s clock was not read: {why}", "Look again later."),
    # -- proving the touch
    "proof_recorded": Text(
        OK, "app {app}: the touch was pushed after {seconds:.0f} s and changed nothing else"
    ),
    "proof_impossible": Text(PROBLEM, "the touch was not tried: {why}", "Name another test user."),
    "proof_refused": Text(
        PROBLEM,
        "app {app}: Okta refused the touch ({why})",
        "E0000075 means the attribute is mapped: choose an unmapped one.",
    ),
    "proof_broke_off": Text(
        UNKNOWN,
        "app {app}: the test user was touched, and what followed could not be read: {why}",
        "Prove again; nothing was recorded.",
    ),
    "proof_no_push": Text(
        PROBLEM,
        "app {app}: no completed push followed within {seconds:.0f} s",
        "Leave TouchAttribute empty: touches would mend nothing here.",
    ),
    "proof_push_failed": Text(
        PROBLEM,
        "app {app}: the push that followed failed",
        "Look at the System Log for the reason, mend it and prove again.",
    ),
    "proof_scope_changed": Text(
        PROBLEM,
        "app {app}: the assignment's scope changed from {before} to {after}",
        "Leave TouchAttribute empty: touches would change who manages an assignment.",
    ),
    "proof_changed_more": Text(
        PROBLEM,
        "app {app}: more than the touch attribute changed: {names}",
        "Leave TouchAttribute empty and find out why; values are in Okta and Entra.",
    ),
    "proof_left": Text(
        NOTE,
        "app {app}: the test user's {attribute} keeps the text of the touch",
        "It had no value before; clear it by hand if it matters.",
    ),
}


def finding(code: str, **facts: object) -> Finding:
    text = TEXTS[code]
    return Finding(code, text.severity, text.seen.format(**facts), text.remedy.format(**facts))


def age(seconds: float) -> str:
    """`3 days`, `2 hours`, `40 minutes`, `5 seconds`: the largest unit that says something."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            return _many(int(seconds // size), unit)
    return _many(max(0, int(seconds)), "second")


def _many(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"
