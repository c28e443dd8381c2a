"""The screen side of pushproof hook."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from lib.aws import SqsCheckQueue, client
from lib.errors import Refused, Unauthorized
from lib.okta_admin import OktaAdmin
from lib.settings import watched_apps
from lib.times import utc_now
from ops.approvals import noted
from ops.connection import Refusal, connect
from ops.hook import HookDesk, HookState, Installed
from ops.hook_door import Door
from ops.vendors import (
    ADMIN_TOKEN,
    MANAGE_HOOKS,
    SEE_HOOKS,
    environment,
    okta_as_administrator,
)

_STACK = click.option("--stack", metavar="NAME", help="A deployed stack; else the sandbox here.")
_WHO = click.option("--as", "operator", metavar="NAME", help="Sandbox only: act as this person.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
INSTEAD = f"Set {ADMIN_TOKEN} to an administrator's token to use that instead"
SCOPES = (
    f"{' and '.join(MANAGE_HOOKS)} (for `hook status` {SEE_HOOKS[0]} is enough): grant them in the "
    f"Okta Admin Console, Applications > the app > Okta API Scopes. {INSTEAD}"
)
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


class PlainRefusals(click.Group):
    """Says in one sentence what Okta's refusal of ours means here."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Unauthorized as error:
            if not str(error).endswith("invalid_scope"):
                raise
            raise Refusal(f"The service app of the stack was not granted {SCOPES}.") from None
        except Refused as error:
            if error.status != 403:
                raise
            raise Refusal(
                f"Okta does not let these credentials see or manage event hooks ({error.code}): "
                f"that takes a super administrator or a custom role for event hooks, and of a "
                f"service app the scope okta.eventHooks.manage. {INSTEAD}."
            ) from None


@click.group(cls=PlainRefusals)
def hook() -> None:
    """Okta's event hook: install, status, verify, remove.

    Managing hooks takes a super administrator or a custom role for it, and of a service app the
    scope okta.eventHooks.manage. Set PUSHPROOF_OKTA_ADMIN_TOKEN to use your own token; else the
    stack's own credentials are tried.
    """


def desk(stack: str | None, operator: str | None, scopes: Sequence[str] = MANAGE_HOOKS) -> HookDesk:
    connection = connect(stack, operator)
    env = environment(connection)
    door = Door(
        connection.output("HookUrl"), client("secretsmanager"), connection.output("HookSecretId")
    )
    return HookDesk(
        OktaAdmin(okta_as_administrator(env, scopes)),
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
    noted(connect(stack, operator), "hook_rotated" if rotate else "hook_installed")
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
    state = desk(stack, operator, SEE_HOOKS).state()
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
    gone = at.remove()
    noted(connect(stack, operator), "hook_removed")
    click.echo(f"Removed {gone.id}.")


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
    said += [f"  filtered for other apps: {name}" for name in state.misfiltered]
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
        "misfiltered": list(state.misfiltered),
        "additional": list(state.additional),
        "others": state.others,
        "ready": state.ready,
    }
