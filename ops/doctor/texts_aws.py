"""Findings about what is in AWS, and clocks."""

from __future__ import annotations

from ops.doctor.text import NOTE, OK, PROBLEM, UNKNOWN, WARNING, Text

_AWS_RIGHTS = "Attach the stack's OperatorPolicy to your role, or look with one that may."

TEXTS: dict[str, Text] = {
    # -- what is in AWS
    "secret_present": Text(OK, "secret {name} has a value, put {age} ago"),
    "secret_empty": Text(
        PROBLEM,
        "secret {name} has no value",
        "Put it: aws secretsmanager put-secret-value --secret-id {name}.",
    ),
    "secret_old": Text(
        WARNING, "secret {name} was put {age} ago", "Rotate it at its vendor and here."
    ),
    "hook_secret_old": Text(
        WARNING,
        "secret {name} was put {age} ago",
        "Run `pushproof hook install --rotate`.",
    ),
    "secrets_federated": Text(
        OK,
        "the Entra secrets are not used: the reader signs in as {readers}, the writer as {writer}",
    ),
    "secret_left": Text(
        WARNING,
        "secret {name} holds a value that nothing uses, since EntraSignIn is federated",
        "Delete the client secret or certificate in Entra; it still opens the application.",
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
    "alarms_undecided": Text(
        UNKNOWN,
        "alarms that have no data: {count}",
        "Look again in ten minutes; one that stays so watches what nobody writes.",
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
}
