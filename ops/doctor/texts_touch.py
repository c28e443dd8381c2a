"""Findings about the touch attribute and its proof."""

from __future__ import annotations

from ops.doctor.text import NOTE, OK, PROBLEM, UNKNOWN, WARNING, Text

_AWS_RIGHTS = "Attach the stack's OperatorPolicy to your role, or look with one that may."

TEXTS: dict[str, Text] = {
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
        "app {app}: touches are off until it is proved that touching {attribute} makes Okta push",
        "Run `pushproof doctor --prove-touch LOGIN` with a test user assigned to the app.",
    ),
    "touch_proof_unread": Text(
        UNKNOWN, "app {app}: the record of the touch proof can not be read: {why}", _AWS_RIGHTS
    ),
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
