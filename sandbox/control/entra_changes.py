"""Changes on Entra's side, as an administrator makes them in another tool: nobody is told."""

from __future__ import annotations

from sandbox.control.asked import Asked, Wrong
from sandbox.entra.app import Tenant
from sandbox.entra.roles import GLOBAL_ADMINISTRATOR, ROLE_NAMES
from sandbox.world_model import World

HELD = ("active", "eligible", "none")
# Whom the audit log names where the world has nobody who could have done it.
NOBODY = "an administrator"
OF_THE_UNIT = "an administrator of the restricted unit"


class EntraChanges:
    """Each answers what was done, in a sentence."""

    def __init__(self, world: World, tenant: Tenant) -> None:
        self._world, self._tenant = world, tenant

    def user(self, body: object) -> str:
        names = ("mobilePhone", "otherMails", "accountEnabled")
        asked = Asked(self._world, body, ("person", *names))
        name, entra = asked.in_entra()
        values = asked.values(*names)
        user = self._tenant.get_user(entra.id)
        if user.deleted:
            raise Wrong(f"{name} is deleted in Entra.", 409)
        changes: dict[str, object] = {}
        if "mobilePhone" in values:
            # What is set in the cloud on a synced user overrides what its source syncs in.
            own = "cloud_set_mobile" if user.synced else "mobile_phone"
            changes[own] = values["mobilePhone"]
        if "otherMails" in values:
            changes["other_mails"] = values["otherMails"]
        if "accountEnabled" in values:
            changes["account_enabled"] = values["accountEnabled"]
        by = OF_THE_UNIT if user.restricted else self._administrator(name)
        self._tenant.set_user(entra.id, actor=by, **changes)
        return f"{' and '.join(values)} of {name} changed in Entra."

    def flag(self, body: object) -> str:
        enabled = Asked(self._world, body, ("enabled",)).flag("enabled")
        self._tenant.set_flag(enabled, actor=self._administrator())
        return f"The tenant's flag is {'on' if enabled else 'off'}."

    def role(self, body: object) -> str:
        asked = Asked(self._world, body, ("person", "role", "held"))
        (name, entra), role = asked.in_entra(), asked.role()
        held = asked.one_of("held", HELD)
        title = ROLE_NAMES[role]
        directory = self._tenant.directory
        with directory.lock:
            grants = {"active": list(directory.assigned), "eligible": list(directory.eligible)}
        has = {
            kind
            for kind, given in grants.items()
            if any((each.principal_id, each.template_id) == (entra.id, role) for each in given)
        }
        if held == "none":
            if not has:
                raise Wrong(f"{name} was not given {title}, so it can not be taken away.", 409)
            self._tenant.remove_role(entra.id, role)
            return f"{title} was taken from {name}."
        if held in has:
            raise Wrong(f"{name} has {title} already.", 409)
        if held == "active":
            self._tenant.assign_role(entra.id, role)
            return f"{name} holds {title} now."
        self._tenant.make_eligible(entra.id, role)
        return f"{name} may activate {title} now."

    def _administrator(self, target: str = "") -> str:
        """A Global Administrator who is not the target, a cloud-only one first."""
        found = [
            person
            for person in self._world.people
            if person.entra
            and person.name != target
            and GLOBAL_ADMINISTRATOR in self._active(person.entra.id)
        ]
        found.sort(key=lambda person: person.okta is not None)
        return found[0].name if found else NOBODY

    def _active(self, object_id: str) -> set[str]:
        return {each.grant.template_id for each in self._tenant.directory.held(object_id)}
