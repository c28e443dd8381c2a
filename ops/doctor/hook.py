"""Is Okta's event hook registered, active, verified and complete?"""

from __future__ import annotations

from collections.abc import Iterator

from lib.errors import Permanent, PushproofError, Refused, Transient
from lib.okta_admin import OktaAdmin
from ops.doctor.finding import Finding
from ops.doctor.texts import finding
from ops.hook import HookState, state_of


def examine(admin: OktaAdmin, url: str, app_ids: tuple[str, ...]) -> list[Finding]:
    try:
        state = state_of(admin, url, app_ids)
    except (Refused, Permanent, Transient) as error:
        return [finding("hook_unread", why=reason(error))]
    return list(of_state(state, url))


def of_state(state: HookState, url: str) -> Iterator[Finding]:
    hook = state.hook
    if hook is None:
        yield finding("hook_missing", url=url)
        return
    if not hook.active:
        yield finding("hook_inactive", hook=hook.id)
    if not hook.verified:
        yield finding("hook_unverified", hook=hook.id)
    if state.missing:
        yield finding("hook_types_missing", types=", ".join(state.missing))
    if state.misfiltered:
        yield finding("hook_misfiltered", types=", ".join(state.misfiltered))
    if state.ready:
        yield finding("hook_ready", types=len(hook.event_types))
    if state.additional:
        yield finding("hook_types_additional", types=", ".join(state.additional))
    if not hook.filtered:
        yield finding("hook_unfiltered")
    if state.others:
        yield finding("hook_twice", count=state.others + 1)


def reason(error: PushproofError) -> str:
    """A vendor's refusal by status and code: its prose is not ours to repeat."""
    return f"HTTP {error.status} {error.code}" if isinstance(error, Refused) else str(error)
