"""Changes on Okta's side, as an administrator in its console makes them: they push."""

from __future__ import annotations

from sandbox.control.asked import Asked, Wrong
from sandbox.okta.errors import OktaError
from sandbox.okta.org import Org
from sandbox.world_model import World

LOST = "asked for by whoever runs this sandbox"


class OktaChanges:
    """Each answers what was done, in a sentence."""

    def __init__(self, world: World, org: Org) -> None:
        self._world, self._org = world, org

    def profile(self, body: object) -> str:
        asked = Asked(self._world, body, ("person", "mobilePhone", "otherMails"))
        name, okta = asked.in_okta()
        # Okta keeps no empty list: an attribute without a value has none.
        values = {n: v or None for n, v in asked.values("mobilePhone", "otherMails").items()}
        before = dict(self._org.user(okta.id).profile)
        try:
            self._org.set_user_profile(okta.id, values)
        except OktaError as error:
            raise _refused(error) from None
        if all(before.get(attribute) == value for attribute, value in values.items()):
            return f"{name} has that in Okta already: nothing changed, so nothing is pushed."
        return f"{' and '.join(values)} of {name} changed in Okta."

    def lose_push(self, body: object) -> str:
        name, okta = Asked(self._world, body, ("person",)).in_okta()
        if not self._org.state.assignments_of(okta.id):
            raise Wrong(f"{name} is assigned to no app, so nothing is pushed.", 409)
        self._org.suppress_push(okta.id, LOST)
        return f"The next push for {name} will never happen."

    def deactivate(self, body: object) -> str:
        name, okta = Asked(self._world, body, ("person",)).in_okta()
        try:
            self._org.deactivate(okta.id)
        except OktaError as error:
            raise _refused(error) from None
        return f"{name} is deactivated in Okta."

    def assign(self, body: object) -> str:
        asked = Asked(self._world, body, ("person", "app"))
        (name, okta), app_id = asked.in_okta(), asked.app()
        user = self._org.user(okta.id)
        if user.status == "DEPROVISIONED":
            raise Wrong(f"{name} is deactivated in Okta and can not be assigned.", 409)
        if (app_id, okta.id) in self._org.state.app_users:
            raise Wrong(f"{name} is assigned to that app already.", 409)
        synced = self._org.state.app(app_id).path == "dirsync"
        self._org.assign(okta.id, app_id, external_id=user.immutable_id if synced else None)
        return f"{name} is assigned."

    def unassign(self, body: object) -> str:
        asked = Asked(self._world, body, ("person", "app"))
        (name, okta), app_id = asked.in_okta(), asked.app()
        try:
            self._org.unassign(okta.id, app_id)
        except OktaError:
            raise Wrong(f"{name} is not assigned to that app.", 409) from None
        return f"{name} is not assigned any more."


def _refused(error: OktaError) -> Wrong:
    told = "; ".join([error.summary.rstrip("."), *error.causes])
    return Wrong(f"Okta refuses it: {told}.", 409)
