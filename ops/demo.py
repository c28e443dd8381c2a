"""pushproof demo: the whole story, told from real runs of the functions."""

from __future__ import annotations

import time

import click

from lib.incident import CauseName, Certainty, Incident, Status, StepKind
from lib.model import Attribute
from ops import render
from ops.demo_stage import Stage, WentWrong
from sandbox.run import Sandbox

OUTRANKS = "privileged.auth.admin@corp.example"
DOES_NOT_OUTRANK = "user.admin@corp.example"
MAY_SET_THE_FLAG = "tenant.admin@corp.example"


def run_demo(*, pause: bool = False) -> int:
    """Exit code: 0 when every part went as told, 1 with a sentence when one did not."""
    console = render.console()
    began = time.monotonic()
    console.print("Starting simulated Okta, Entra and AWS on this machine …")
    with Sandbox() as sandbox:
        stage = Stage(sandbox, console)
        try:
            for part in (touches_proved, landed, never_pushed, several_at_once):
                part(stage)
                if pause:
                    click.pause()
        except WentWrong as wrong:
            console.print(f"The story went wrong: {wrong}.", style="bold red")
            stage.troubles()
            return 1
    console.print()
    console.rule(align="left")
    console.print(
        f"All of it happened, in {time.monotonic() - began:.0f} s; nothing keeps running."
    )
    console.print("Look around yourself: make sandbox")
    return 0


def touches_proved(stage: Stage) -> None:
    stage.act(
        "0  Before anybody is touched",
        "A touch makes Okta push a whole profile again, so it is tried once on a test user of each",
        "app: it must push, and nothing else may change. Without this proof no touch is planned.",
    )
    stage.prove_touch("landed.user")
    stage.prove_touch("synced.same", 1)
    stage.settle()


def landed(stage: Stage) -> None:
    stage.act(
        "1  A push that landed",
        "Okta changes a mobile number and pushes it. Nothing should happen, and nothing does.",
    )
    org = stage.sandbox.org
    org.set_user_profile("landed.user", {"mobilePhone": "+1 202 555 0140"})
    # Known and linked from now on, whatever happens to the assignment later.
    org.set_user_profile("departing.user", {"mobilePhone": "+1 202 555 0141"})
    stage.settle()
    state = stage.covered(stage.subject("landed.user"))
    stage.expect(not state.open, "the landed push opened an incident")
    stage.expect(stage.pages() == 0, "the landed push paged somebody")
    stage.step("receive took the events, check read both sides: equal")
    stage.step(f"every hint until {state.covered_to:%H:%M:%S} UTC is covered; no incident, no page")


def never_pushed(stage: Stage) -> None:
    stage.act(
        "2  An ordinary user whose otherMails Okta never pushed",
        "The profile changes, the push never happens. In mode auto the mend needs nobody.",
    )
    stage.set_mode("auto")
    org, subject = stage.sandbox.org, stage.subject("ordinary.user")
    org.suppress_push("ordinary.user", "the push never happened")
    org.set_user_profile("ordinary.user", {"otherMails": ["ordinary.newest@example.net"]})
    incident = stage.found(subject, Attribute.OTHER_MAILS)
    leads(stage, incident, CauseName.NOT_PUSHED)
    touched = [step.kind for step in incident.plan.steps] == [StepKind.OKTA_TOUCH]
    stage.expect(touched, "the plan is not a touch")
    incident = stage.reached(incident, Status.RESOLVED)
    stage.settle()
    stage.show(incident)
    stage.pages()


def several_at_once(stage: Stage) -> None:
    stage.act(
        "3  Four pushes at once, in mode approve",
        "An administrator's number, a synced user's number, a leaver, and an account that is",
        "disabled in Entra while Okta says active.",
    )
    stage.set_mode("approve")
    org = stage.sandbox.org
    org.set_user_profile("global.admin", {"mobilePhone": "+1 202 555 0150"})
    org.set_user_profile("synced.override", {"mobilePhone": "+1 202 555 0151"})
    org.set_user_profile("disabled.user", {"mobilePhone": "+1 202 555 0152"})
    org.suppress_push("departing.user", "licence error: no deactivation event")
    org.deactivate("departing.user")
    administrator = stage.found(stage.subject("global.admin"), Attribute.MOBILE_PHONE)
    synced = stage.found(stage.subject("synced.override", 1), Attribute.MOBILE_PHONE)
    leaver = stage.found(stage.subject("departing.user"), Attribute.ACCOUNT_ENABLED)
    reverse = stage.found(stage.subject("disabled.user"), Attribute.ACCOUNT_ENABLED)
    stage.settle()
    stage.step("found all four; on-call receives:")
    stage.pages()
    tell_the_leaver(stage, leaver)
    tell_the_reverse(stage, reverse)
    tell_the_administrator(stage, administrator)
    tell_the_synced(stage, synced)


def tell_the_leaver(stage: Stage, incident: Incident) -> None:
    stage.act(
        "4  The leaver",
        "Unassigned, so there is no AppUser left to name the Entra user: the stored link does.",
    )
    link = incident.plan.link
    stage.expect(link is not None and link.pinned, "the leaver was not found through a link")
    stage.expect(incident.severity == "critical", "a leaver's open account is not critical")
    stage.approve(incident, "first.operator")
    incident = stage.reached(incident, Status.RESOLVED)
    enabled = stage.sandbox.tenant.get_user("departing.user").account_enabled
    stage.expect(not enabled, "the leaver's account is still enabled")
    stage.show(incident)
    stage.settle()
    stage.pages()


def tell_the_reverse(stage: Stage, incident: Incident) -> None:
    stage.act(
        "5  The reverse: Okta active, Entra disabled",
        "Whoever disabled it may have had a reason. An account is never switched on by itself.",
    )
    kinds = [step.kind for step in incident.plan.steps]
    stage.expect(kinds == [StepKind.MANUAL], "the plan would switch an account on")
    stage.approve(incident, "first.operator")
    stage.show(incident)
    enabled = stage.sandbox.tenant.get_user("disabled.user").account_enabled
    stage.expect(not enabled, "the account was switched on")


def tell_the_administrator(stage: Stage, incident: Incident) -> None:
    stage.act(
        "6  A Global Administrator whose number did not change although Okta logged SUCCESS",
        "A recovery phone is a way into an account, so two people agree first, and neither is",
        "the target. Then an administrator who outranks signs in and writes it.",
    )
    leads(stage, incident, CauseName.PRIVILEGED_TARGET)
    stage.expect(
        incident.lead.certainty is Certainty.CONFIRMED, "the privileged target is not confirmed"
    )
    stage.show(incident, reveal=True)
    refused = stage.approve(incident, "global.admin")
    stage.expect("target" in refused, "the target could approve")
    stage.approve(incident, "first.operator")
    again = stage.approve(incident, "first.operator")
    stage.expect("already" in again, "one person approved twice")
    stage.approve(incident, "second.operator")
    incident = stage.reached(incident, Status.WAITING_PERSON)
    stage.say("First with an administrator who does not outrank a Global Administrator:")
    stage.expect(stage.write_as(incident, DOES_NOT_OUTRANK) == 3, "the write was not refused")
    said = [entry.detail for entry in stage.table.timeline(incident.id)]
    message = "Insufficient privileges to complete the operation."
    stage.expect(any(message in detail for detail in said), "the refusal was not said")
    stage.say("Then with one who does:")
    stage.expect(stage.write_as(incident, OUTRANKS) == 0, "the privileged write failed")
    incident = stage.reached(incident, Status.RESOLVED)
    stage.settle()
    stage.show(incident)
    stage.pages()


def tell_the_synced(stage: Stage, incident: Incident) -> None:
    stage.act(
        "7  A synced user with a number set in the cloud",
        "The sync is accepted and the number stays. The cure is a tenant-wide flag without undo,",
        "so whoever sets it first sees whom it would overwrite.",
    )
    leads(stage, incident, CauseName.DIRSYNC_OVERRIDE)
    stage.expect(incident.status is Status.SHARED, "the drift is not on the list of the flag")
    flag = stage.reached(stage.again(incident.parent), Status.WAITING_APPROVAL)
    stage.say("Everyone with this cause is listed by one incident, which tells on-call once:")
    stage.show(flag)
    early = stage.approve(flag, "first.operator")
    stage.expect("preview" in early, "the flag could be approved unseen")
    stage.expect(stage.ordinary_as(MAY_SET_THE_FLAG) == 0, "the ordinary checks did not pass")
    stage.preview_as(MAY_SET_THE_FLAG)
    flag = stage.again(flag.id)
    stage.approve(flag, "first.operator")
    stage.say("An administrator who may not set the flag, then one who may:")
    stage.expect(stage.write_as(flag, DOES_NOT_OUTRANK) != 0, "anybody could set the flag")
    stage.expect(not stage.sandbox.tenant.bypass_enabled, "the flag was set by the wrong person")
    stage.expect(stage.write_as(flag, MAY_SET_THE_FLAG) == 0, "the flag was not set")
    stage.expect(stage.sandbox.tenant.bypass_enabled, "the flag is not set")
    stage.reached(flag, Status.RESOLVED)
    stage.say("The flag alone pushes nothing: each drift now needs its own touch.")
    incident = stage.reached(incident, Status.WAITING_APPROVAL)
    kinds = [step.kind for step in incident.plan.steps]
    stage.expect(kinds == [StepKind.OKTA_TOUCH], "the plan is not a touch")
    stage.approve(incident, "first.operator")
    incident = stage.reached(incident, Status.RESOLVED)
    stage.settle()
    stage.show(incident)
    stage.pages()


def leads(stage: Stage, incident: Incident, cause: CauseName) -> None:
    stage.expect(
        incident.lead.name is cause, f"the cause is {incident.lead.name}, not {cause.value}"
    )
