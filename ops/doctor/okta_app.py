"""Is every watched attribute pushed by the app, and may the touch attribute be touched?

Source of the ordinary checks: the article on sensitive attributes (mapping in Profile Editor) and
the vendor's provisioning pages (features of the app).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from lib.errors import Permanent, Refused, Transient
from lib.model import AppConfiguration, Attribute
from lib.okta import Okta
from lib.rules.expected import PLAIN_REFERENCE, attribute_name
from ops.doctor.finding import Finding
from ops.doctor.hook import reason
from ops.doctor.proof_record import ProofRecord
from ops.doctor.texts import age, finding

FEATURES = {
    Attribute.MOBILE_PHONE: "PUSH_PROFILE_UPDATES",
    Attribute.OTHER_MAILS: "PUSH_PROFILE_UPDATES",
    Attribute.ACCOUNT_ENABLED: "PUSH_USER_DEACTIVATION",
}


def examine(
    okta: Okta, app_id: str, touch: str | None, proofs: ProofRecord, now: datetime
) -> list[Finding]:
    try:
        configuration = okta.configuration(app_id)
    except (Refused, Permanent) as error:
        return [finding("app_unread", app=app_id, why=reason(error))]
    except Transient as error:
        return [finding("app_not_told", app=app_id, why=error)]
    found = [each for name in Attribute for each in of_attribute(name, configuration)]
    if touch:
        found.append(_touch(touch, configuration, proofs, now))
    return found


def of_attribute(attribute: Attribute, configuration: AppConfiguration) -> Iterator[Finding]:
    """One finding for each thing in the way; one ok when there is none."""
    app = configuration.app_id
    problems = list(_in_the_way(attribute, configuration))
    yield from problems or [finding("app_ready", app=app, attribute=attribute)]


def touch_trouble(name: str, configuration: AppConfiguration) -> Finding | None:
    """Why the attribute can not be touched; Okta refuses mapped ones with E0000075."""
    app = configuration.app_id
    if name not in configuration.schema_attributes:
        return finding("touch_absent", app=app, attribute=name)
    external = configuration.schema_attributes[name] or name
    if {name.casefold(), external.casefold()} & {each.casefold() for each in Attribute}:
        return finding("touch_watched", app=app, attribute=name)
    if any(name in rules for rules in configuration.mappings.values()):
        return finding("touch_mapped", app=app, attribute=name)
    return None


def _touch(
    name: str, configuration: AppConfiguration, proofs: ProofRecord, now: datetime
) -> Finding:
    app = configuration.app_id
    trouble = touch_trouble(name, configuration)
    if trouble:
        return trouble
    try:
        proof = proofs.read(app)
    except Transient as error:
        return finding("touch_proof_unread", app=app, why=error)
    if proof is None or proof.attribute != name:
        return finding("touch_unproved", app=app, attribute=name)
    passed = age((now - proof.proved_at).total_seconds())
    return finding("touch_ready", app=app, attribute=name, age=passed)


def _in_the_way(attribute: Attribute, configuration: AppConfiguration) -> Iterator[Finding]:
    app = configuration.app_id
    profile = attribute is not Attribute.ACCOUNT_ENABLED
    name = attribute_name(attribute, configuration) if profile else None
    if profile and name is None:
        yield finding("app_attribute_absent", app=app, attribute=attribute)
        return
    feature = FEATURES[attribute]
    if feature not in configuration.features:
        yield finding("app_feature_off", app=app, feature=feature, attribute=attribute)
    if name is None:
        return
    if not configuration.mappings:
        yield finding("app_no_mapping", app=app)
    for type_id, rules in configuration.mappings.items():
        rule = rules.get(name)
        code = None
        if rule is None:
            code = "app_unmapped"
        elif rule.push_status != "PUSH":
            code = "app_create_only"
        elif PLAIN_REFERENCE.fullmatch(rule.expression) is None:
            code = "app_expression"
        if code:
            yield finding(code, app=app, attribute=attribute, type=type_id)
