"""The screen side of pushproof hook."""

from __future__ import annotations

import json
import sys

import click

from lib.aws import SqsCheckQueue, client
from lib.okta_admin import OktaAdmin
from lib.settings import watched_apps
from lib.times import utc_now
from ops.connection import connect
from ops.hook import HookDesk, HookState, Installed
from ops.hook_door import Door
from ops.vendors import MANAGE_HOOKS, environment, okta_as_administrator

_STACK = click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")
_WHO = click.option("--as", "operator", metavar="NAME", help="Sandbox only: act as this person.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group()
def hook() -> None:
    """Okta's event hook: install, status, verify, remove.

    Managing hooks takes a token with okta.eventHooks.manage (a super administrator, or a custom
    role). Set PUSHPROOF_OKTA_ADMIN_TOKEN to use yours; else the stack's own token is tried.
    """


def desk(stack: str | None, operator: str | None) -> HookDesk:
    connection = connect(stack, operator)
    env = environment(connection)
    door = Door(
        connection.output("HookUrl"), client("secretsmanager"), connection.output("HookSecretId")
    )
    return HookDesk(
        OktaAdmin(okta_as_administrator(env, MANAGE_HOOKS)),
        door,
        SqsCheckQueue(client("sqs"), env.text("CHECK_QUEUE_URL")),
        watched_apps(env),
        utc_now,
    )


@hook.command()
@_STACK
@_WHO
@_JSON
@click.option("--rotate", is_flag=True, help="Replace the shared secret; takes most of a minute.")
def install(stack: str | None, operator: str | None, as_json: bool, rotate: bool) -> None:
    """Register the hook, or correct the one that is registered. May be repeated."""
    at = desk(stack, operator)
    if rotate and not as_json:
        click.echo("Putting a new secret and waiting until every receiver takes it …")
    done = at.rotate() if rotate else at.install()
    if as_json:
        click.echo(json.dumps(as_dict(done.state) | {"caught_up": done.caught_up}))
        return
    click.echo("\n".join(told(done, rotated=rotate)))


@hook.command()
@_STACK
@_WHO
@_JSON
def status(stack: str | None, operator: str | None, as_json: bool) -> None:
    """Show the registered hook. Exit code 1 when it does not receive all it should."""
    state = desk(stack, operator).state()
    click.echo(json.dumps(as_dict(state)) if as_json else "\n".join(lines(state)))
    sys.exit(0 if state.ready else 1)


@hook.command()
@_STACK
@_WHO
def verify(stack: str | None, operator: str | None) -> None:
    """Have Okta verify the address again."""
    click.echo("\n".join(lines(desk(stack, operator).verify())))


@hook.command()
@_STACK
@_WHO
@_YES
def remove(stack: str | None, operator: str | None, yes: bool) -> None:
    """Deactivate and delete the hook: Okta then tells us nothing any more."""
    at = desk(stack, operator)
    if not yes:
        click.confirm("Pushes are no longer proved without the hook. Remove it?", abort=True)
    click.echo(f"Removed {at.remove().id}.")


def told(done: Installed, *, rotated: bool) -> list[str]:
    said = ["Created." if done.created else "Updated."]
    if rotated:
        said = ["The secret was replaced; the one before it stays accepted until the next."]
    if not done.filtered:
        said.append(
            "Okta refused the filter (an Early Access feature), so events of other apps arrive "
            "too and are left aside."
        )
    if done.caught_up:
        said.append(f"{done.caught_up} events from around the change were checked from the log.")
    return [*said, *lines(done.state)]


def lines(state: HookState) -> list[str]:
    found = state.hook
    if found is None:
        return ["No hook is registered for this address; `pushproof hook install` does it."]
    said = [
        f"{found.id} {found.name!r} {found.uri}",
        f"  {'ACTIVE' if found.active else 'INACTIVE'}, "
        f"{'VERIFIED' if found.verified else 'UNVERIFIED'}, {len(found.event_types)} event types, "
        f"{len(found.filtered)} filtered",
    ]
    said += [f"  missing: {name}" for name in state.missing]
    said += [f"  additional: {name}" for name in state.additional]
    if state.others:
        said.append(f"  {state.others} further hook(s) have this address: everything comes twice.")
    return said


def as_dict(state: HookState) -> dict[str, object]:
    found = state.hook
    return {
        "id": found.id if found else None,
        "active": bool(found and found.active),
        "verified": bool(found and found.verified),
        "filtered": sorted(found.filtered) if found else [],
        "missing": list(state.missing),
        "additional": list(state.additional),
        "others": state.others,
        "ready": state.ready,
    }
