"""What Okta's article has ruled out first, for each watched app: the ordinary reasons.

Source: Okta's article on sensitive attributes, its third step: the attribute is mapped in Profile
Editor, the app's admin account is a Global Administrator, the System Log shows pushes that
succeeded. Nothing is changed and nothing is recorded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lib.errors import Permanent, Refused, Transient
from lib.graph import Graph
from lib.model import Attribute
from lib.okta import Okta
from lib.okta_admin import OktaAdmin
from ops.doctor.entra_roles import of_connector
from ops.doctor.finding import Finding
from ops.doctor.hook import reason
from ops.doctor.okta_app import of_attribute
from ops.doctor.texts import age, finding

# Okta keeps 90 days; a push older than a month says little about today's connection.
LATELY = timedelta(days=30)
# Everything else stands in the way. An expression is mapped, only not evaluated; who the
# connector acts as can often not be known, and the article's other checks then have to do.
_PASSES = frozenset(
    {"app_ready", "app_expression", "push_seen", "connector_outranks", "connector_unknown"}
)


@dataclass(frozen=True)
class Ordinary:
    """The ordinary checks of one app. `concerned`: its schema carries the attribute at all."""

    app_id: str
    findings: tuple[Finding, ...]

    @property
    def concerned(self) -> bool:
        return all(each.code != "app_attribute_absent" for each in self.findings)

    @property
    def in_the_way(self) -> tuple[Finding, ...]:
        return tuple(each for each in self.findings if each.code not in _PASSES)


def examine(
    okta: Okta,
    admin: OktaAdmin,
    reader: Graph,
    app_ids: Sequence[str],
    connector: str | None,
    now: datetime,
    attribute: Attribute = Attribute.MOBILE_PHONE,
) -> tuple[Ordinary, ...]:
    """`connector`: the Entra object id of Okta's connector, if known. What can not be read is a
    finding and stands in the way."""
    acts_as = of_connector(reader, connector)
    return tuple(
        Ordinary(
            app,
            (*_mapped(okta, app, attribute), of_pushes(admin, app, now), *acts_as),
        )
        for app in app_ids
    )


def passed(checks: Iterable[Ordinary]) -> bool:
    """Apps that do not carry the attribute have no say; at least one has to."""
    concerned = [each for each in checks if each.concerned]
    return bool(concerned) and not any(each.in_the_way for each in concerned)


def of_pushes(admin: OktaAdmin, app_id: str, now: datetime) -> Finding:
    """Did any profile push of this app end well lately? Started ones do not count."""
    try:
        events = admin.profile_pushes(app_id, now - LATELY)
    except (Refused, Permanent, Transient) as error:
        return finding("push_unread", app=app_id, why=reason(error))
    completed = [each for each in events if not each.started]
    good = [each.published for each in completed if each.result == "SUCCESS"]
    if good:
        passed_since = age((now - max(good)).total_seconds())
        return finding("push_seen", app=app_id, age=passed_since)
    if completed:
        return finding("push_failing", app=app_id, count=len(completed))
    return finding("push_none", app=app_id, days=LATELY.days)


def _mapped(okta: Okta, app_id: str, attribute: Attribute) -> list[Finding]:
    try:
        return list(of_attribute(attribute, okta.configuration(app_id)))
    except (Refused, Permanent) as error:
        return [finding("app_unread", app=app_id, why=reason(error))]
    except Transient as error:
        return [finding("app_not_told", app=app_id, why=error)]
