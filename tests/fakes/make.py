"""One ordinary person and everything around them; tests change what they are about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from lib.incident import Cause, CauseName, Certainty, Drift, Evidence, Plan, Policy, Step, StepKind
from lib.model import (
    AppConfiguration,
    AppUser,
    Attribute,
    AuditActor,
    AuditEntry,
    AuditLog,
    EntraUser,
    Link,
    LinkSource,
    MappingRule,
    OktaReading,
    OktaUser,
    PushEvent,
    PushLog,
    RoleGrant,
    Standing,
    Subject,
    TouchProof,
    Value,
)
from lib.rules.case import Case
from lib.rules.connector import Connector, Known
from lib.rules.expected import Expectation
from tests.fakes.clock import START

APP = "0oaAAAAAAAAAAAAAAAA1"
OTHER_APP = "0oaAAAAAAAAAAAAAAAA2"
USER = "00uORDINARY000000001"
OBJECT = "11111111-aaaa-4aaa-8aaa-111111111111"
OTHER_OBJECT = "22222222-bbbb-4bbb-8bbb-222222222222"
CONNECTOR = "99999999-cccc-4ccc-8ccc-999999999999"
TENANT = "00000000-dddd-4ddd-8ddd-000000000000"
SUBJECT = Subject(APP, USER)
LOGIN = "ordinary.user@corp.example"
PHONE, OLD_PHONE = "+15550100", "+15550199"
MAILS, OLD_MAILS = ("private@home.example",), ("stale@home.example",)
INCIDENT = "inc-0123456789"
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
# Whatever a log line or a page must never show.
SECRETS = (
    LOGIN,
    "ordinary.user",
    PHONE,
    PHONE[2:],
    OLD_PHONE,
    OLD_PHONE[2:],
    *MAILS,
    *OLD_MAILS,
    "corp.example",
    "home.example",
)


def okta_user(status: str = "ACTIVE", **changes: Any) -> OktaUser:
    fields: dict[str, Any] = {
        "id": USER,
        "login": LOGIN,
        "status": status,
        "type_id": "oty1",
        "profile": {"login": LOGIN, "mobilePhone": PHONE, "otherMails": list(MAILS)},
    }
    return OktaUser(**fields | changes)


def app_user(**changes: Any) -> AppUser:
    fields: dict[str, Any] = {
        "user_id": USER,
        "external_id": OBJECT,
        "user_name": LOGIN,
        "status": "PROVISIONED",
        "scope": "USER",
        "last_updated": START - timedelta(hours=1),
        "profile": {"mobilePhone": PHONE, "otherMails": list(MAILS)},
    }
    return AppUser(**fields | changes)


def entra_user(**changes: Any) -> EntraUser:
    """What Entra holds when every push landed."""
    fields: dict[str, Any] = {
        "object_id": OBJECT,
        "user_principal_name": LOGIN,
        "mobile_phone": PHONE,
        "other_mails": MAILS,
        "account_enabled": True,
        "synced": None,
        "immutable_id": None,
        "restricted": False,
    }
    return EntraUser(**fields | changes)


def configuration(**changes: Any) -> AppConfiguration:
    rules: Mapping[str, MappingRule] = {
        "mobilePhone": MappingRule("user.mobilePhone", "PUSH"),
        "otherMails": MappingRule("user.otherMails", "PUSH"),
    }
    fields: dict[str, Any] = {
        "app_id": APP,
        "features": frozenset({"PUSH_PROFILE_UPDATES", "PUSH_USER_DEACTIVATION"}),
        "schema_attributes": {"mobilePhone": None, "otherMails": None, "department": None},
        "mappings": {"oty1": rules},
        "read_at": START,
    }
    return AppConfiguration(**fields | changes)


def standing(*active: RoleGrant, **changes: Any) -> Standing:
    fields: dict[str, Any] = {
        "object_id": OBJECT,
        "active_roles": active,
        "eligible_roles": (),
        "role_assignable_groups": (),
        "owns_applications": False,
    }
    return Standing(**fields | changes)


def role(template_id: str = GLOBAL_ADMINISTRATOR, name: str = "Global Administrator") -> RoleGrant:
    return RoleGrant(template_id, name)


def push(result: str = "SUCCESS", at: datetime = START, **changes: Any) -> PushEvent:
    fields: dict[str, Any] = {
        "uuid": f"push-{result.lower()}",
        "published": at,
        "event_type": "application.provision.user.push_profile",
        "legacy_event_type": "app.user_management.push_profile_success",
        "result": result,
        "reason": None,
    }
    return PushEvent(**fields | changes)


def started(at: datetime = START) -> PushEvent:
    return push(at=at, uuid="started", legacy_event_type="app.user_management.push_profile_update")


def push_log(*events: PushEvent, complete: bool = True, since: datetime | None = None) -> PushLog:
    return PushLog(events, since or START - timedelta(days=1), START, complete)


def reading(**changes: Any) -> OktaReading:
    fields: dict[str, Any] = {
        "subject": SUBJECT,
        "taken_at": START,
        "app_user": app_user(),
        "user": okta_user(),
    }
    return OktaReading(**fields | changes)


_VALUES: dict[Attribute, tuple[Value, Value]] = {
    Attribute.MOBILE_PHONE: (PHONE, OLD_PHONE),
    Attribute.OTHER_MAILS: (MAILS, OLD_MAILS),
    Attribute.ACCOUNT_ENABLED: (False, True),
}


def drift(attribute: Attribute = Attribute.MOBILE_PHONE, **changes: Any) -> Drift:
    expected, actual = _VALUES[attribute]
    fields: dict[str, Any] = {"attribute": attribute, "expected": expected, "actual": actual}
    return Drift(**fields | changes)


def case(attribute: Attribute = Attribute.MOBILE_PHONE, **changes: Any) -> Case:
    """Nothing explains this one: a push succeeded and the user is nobody special."""
    differs = changes.pop("drift", None) or drift(attribute)
    fields: dict[str, Any] = {
        "drift": differs,
        "expectation": Expectation(attribute, differs.expected),
        "reading": reading(),
        "entra": entra_user(mobile_phone=OLD_PHONE, other_mails=OLD_MAILS),
        "link": Link(OBJECT, LinkSource.EXTERNAL_ID),
        "read_at": START,
        "configuration": configuration(),
        "standing": standing(),
        "connector": connector(frozenset({USER_ADMINISTRATOR})),
        "push_log": push_log(push()),
        "bypass": None,
        "touch_proof": touch_proof(),
    }
    if "connector_roles" in changes:
        fields["connector"] = connector(changes.pop("connector_roles"))
    return Case(**fields | changes)


def connector(roles: frozenset[str] | None = frozenset(), **changes: Any) -> Connector:
    """Configured, an application as Okta's own app in a tenant is."""
    fields: dict[str, Any] = {
        "how": Known.CONFIGURED,
        "principal_id": CONNECTOR,
        "application": True,
        "roles": roles,
        "at": START,
        "why": "" if roles is not None else "refused",
    }
    return Connector(**fields | changes)


def touch_proof(app_id: str = APP, attribute: str = "department") -> TouchProof:
    """As doctor records it."""
    return TouchProof(app_id, attribute, "00uTESTUSER000000001", START, "push-proof", 1.5)


def audit_entry(
    *names: Attribute, at: datetime = START, by: AuditActor | None = None, **changes: Any
) -> AuditEntry:
    """An update that succeeded, by the connector unless somebody else is named."""
    fields: dict[str, Any] = {
        "at": at,
        "succeeded": True,
        "actor": by or AuditActor(CONNECTOR, "app-of-okta"),
        "names": frozenset(names),
        "correlation_id": "corr-1",
    }
    return AuditEntry(**fields | changes)


def audit_log(*entries: AuditEntry, complete: bool = True, **changes: Any) -> AuditLog:
    """Read ten minutes after the push of `push()`."""
    fields: dict[str, Any] = {
        "entries": entries,
        "since": START - timedelta(minutes=1),
        "taken_at": START + timedelta(minutes=10),
        "complete": complete,
        "request_id": "audit-request",
    }
    return AuditLog(**fields | changes)


def leaver(**changes: Any) -> Case:
    """Unassigned an hour ago, still enabled, and no deactivation was pushed."""
    removed = push(at=START - timedelta(hours=1), event_type="application.user_membership.remove")
    fields: dict[str, Any] = {
        "reading": reading(app_user=None),
        "push_log": push_log(removed),
        "link": Link(OBJECT, LinkSource.STORED),
    }
    return case(Attribute.ACCOUNT_ENABLED, **fields | changes)


def cause(name: CauseName, certainty: Certainty = Certainty.CONFIRMED) -> Cause:
    return Cause(name, certainty, (Evidence("somewhere", START, "something"),))


def plan(*steps: Step, policy: Policy | None = None, **changes: Any) -> Plan:
    fields: dict[str, Any] = {
        "incident_id": INCIDENT,
        "tenant_id": TENANT,
        "subject": SUBJECT,
        "link": Link(OBJECT, LinkSource.EXTERNAL_ID),
        "attribute": Attribute.MOBILE_PHONE,
        "expected": PHONE,
        "actual": OLD_PHONE,
        "cause": CauseName.UNEXPLAINED,
        "steps": steps or (Step(StepKind.GRAPH_WRITE, "mobilePhone", OLD_PHONE, PHONE),),
        "policy": policy or Policy(0, ()),
    }
    return Plan(**fields | changes)
