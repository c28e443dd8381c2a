"""Both directories as they are now, joined as the world joins them: whatever reads still answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sandbox.control.troubles import TROUBLES, Troubles
from sandbox.entra.app import Tenant
from sandbox.entra.directory import HeldRole
from sandbox.entra.roles import ROLE_NAMES
from sandbox.okta.org import Org
from sandbox.okta.state import AppUser
from sandbox.okta.times import iso
from sandbox.world_model import EntraPerson, OktaPerson, Person, World

Json = dict[str, object]


class Reading:
    def __init__(self, world: World, org: Org, tenant: Tenant, troubles: Troubles) -> None:
        self._world, self._org, self._tenant = world, org, tenant
        self._troubles = troubles

    def whole(self, people: Iterable[Person]) -> Json:
        """Everything, of these people."""
        return {
            "tenant": {"id": self._tenant.id, "flag": self._tenant.bypass_enabled},
            "apps": self._apps(),
            "people": [self._person(person) for person in people],
            "count": len(self._world.people),
            "roles": sorted(ROLE_NAMES.values()),
            "troubles": {part: list(known) for part, known in TROUBLES.items()},
            "broken": [
                {"part": b.part, "trouble": b.trouble, "since": iso(b.since), "met": b.met}
                for b in self._troubles.broken()
            ],
            "faults": [
                {"part": part, "match": f.match, "status": f.status, "times": f.times}
                for part, f in self._troubles.others()
            ],
            "limits": [
                {
                    "bucket": bucket,
                    "limit": standing.limit,
                    "remaining": standing.remaining,
                    "reset": standing.reset,
                }
                for bucket, standing in self._org.limits.standings().items()
            ],
        }

    def _apps(self) -> list[Json]:
        with self._org.state.lock:
            apps = list(self._org.state.apps.values())
        return [
            {
                "id": app.id,
                "label": app.label,
                "path": app.path,
                "features": sorted(app.features),
                "schema": dict(app.schema),
                "mappings": {
                    name: {"expression": rule.expression, "pushStatus": rule.push_status}
                    for name, rule in app.mappings.items()
                },
            }
            for app in apps
        ]

    def _person(self, person: Person) -> Json:
        return {
            "name": person.name,
            "okta": self._okta(person.okta) if person.okta else None,
            "entra": self._entra(person.entra) if person.entra else None,
        }

    def _okta(self, okta: OktaPerson) -> Json:
        with self._org.state.lock:
            user = self._org.user(okta.id)
            return {
                "id": user.id,
                "login": user.login,
                "status": user.status,
                "profile": dict(user.profile),
                "pushLost": user.id in self._org.engine.to_suppress,
                "assigned": [
                    self._assigned(each) for each in self._org.state.assignments_of(user.id)
                ],
            }

    def _assigned(self, app_user: AppUser) -> Json:
        return {
            "app": app_user.app_id,
            "status": app_user.status,
            "scope": app_user.scope,
            "lastPush": _time(app_user.last_sync),
            "profile": dict(app_user.profile),
        }

    def _entra(self, entra: EntraPerson) -> Json:
        directory = self._tenant.directory
        with directory.lock:
            user = self._tenant.get_user(entra.id)
            return {
                "id": user.id,
                "userPrincipalName": user.user_principal_name,
                "mobilePhone": user.mobile_phone,
                "otherMails": list(user.other_mails),
                "accountEnabled": user.account_enabled,
                "synced": user.synced,
                "setInCloud": user.cloud_set_mobile is not None,
                "restricted": user.restricted,
                "deleted": user.deleted,
                "roles": [self._role(each) for each in directory.held(user.id)],
                "eligible": [self._role(each) for each in directory.may_activate(user.id)],
            }

    def _role(self, held: HeldRole) -> Json:
        group = self._tenant.directory.groups.get(held.group_id or "")
        return {
            "name": ROLE_NAMES[held.grant.template_id],
            "scope": held.grant.scope,
            "group": group.name if group else None,
        }


def _time(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
