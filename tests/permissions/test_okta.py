"""The same for Okta: a service app needs scopes and roles, a token the roles of its maker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lib.flows.catch_up import EXPRESSION
from lib.http import Http
from lib.model import Subject
from lib.okta import Okta as Client
from lib.okta_admin import OktaAdmin
from lib.okta_log import SystemLog
from lib.okta_sign_in import READ, TOUCH
from lib.wiring.catch_up import SCOPES as CATCH_UP
from ops.doctor.okta_access import SEE_GRANTS, SEE_ROLES
from ops.vendors import MANAGE_HOOKS, SEE_HOOKS
from sandbox.tls import Tls
from sandbox.world_model import World
from tests.permissions import page
from tests.permissions.conftest import SERVICE_APP, Feature, Okta, serving_okta, works

APP = "0oaMicrosoft365Graph"
SUBJECT = Subject(APP, "00uOrdinaryUser00000")
LEAVER = Subject(APP, "00uLeaverUser0000000")
SINCE = datetime.now(UTC) - timedelta(days=1)
# What each feature's sign-in asks for, as the product wires it.
SCOPES = {
    "check": READ,
    "touch": (*READ, TOUCH),
    "catch_up": CATCH_UP,
    "hook": MANAGE_HOOKS,
    "doctor's hook": SEE_HOOKS,
    "doctor's grants": (SEE_GRANTS,),
    "doctor's roles": (SEE_ROLES,),
}


def check(http: Http) -> bool:
    okta = Client(http)
    return (
        okta.read_subject(SUBJECT).user is not None
        and okta.read_subject(LEAVER).user is not None
        and bool(okta.configuration(APP).mappings)
        and okta.push_log(SUBJECT, SINCE).complete
        # What another feature's turn changed before may be in the log: that it answers is enough.
        and isinstance(okta.profile_changes(SUBJECT.user_id, SINCE, (APP,)), tuple)
        and isinstance(okta.pushed_since(APP, SINCE), datetime | None)
        and bool(list(okta.app_users(APP)))
    )


def touch(http: Http) -> bool:
    return Client(http).touch(SUBJECT, "department", "touched").status == 200


def catch_up(http: Http) -> bool:
    log = SystemLog(http, http._base)
    page = log.since(log.now() - timedelta(minutes=1), EXPRESSION)
    return page.link is not None and log.follow(page.link).entries == ()


def hook(http: Http) -> bool:
    admin = OktaAdmin(http)
    made = admin.create(hook_of("https://127.0.0.1:9/hook"))
    admin.replace(made.id, hook_of("https://127.0.0.1:9/hook"))
    admin.deactivate(made.id)
    admin.activate(made.id)
    admin.deactivate(made.id)
    admin.delete(made.id)
    return list(admin.events(SINCE, ("user.lifecycle.deactivate",))) == [[]] and not admin.hooks()


def hook_of(uri: str) -> dict[str, object]:
    scheme = {"type": "HEADER", "key": "Authorization", "value": "a secret"}
    channel = {"uri": uri, "headers": [], "authScheme": scheme}
    return {
        "name": "pushproof",
        "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.deactivate"], "filter": None},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": channel},
    }


def answered(path: str) -> object:
    return lambda http: OktaAdmin(http).probe(path).status == 200


DONE = {
    "check": check,
    "touch": touch,
    "catch_up": catch_up,
    "hook": hook,
    "doctor's hook": lambda http: OktaAdmin(http).hooks() == (),
    "doctor's grants": answered(f"/api/v1/apps/{SERVICE_APP}/grants"),
    "doctor's roles": answered(f"/oauth2/v1/clients/{SERVICE_APP}/roles"),
}


def working(who: str, okta: Okta, *, by_token: bool = False) -> set[str]:
    def feature(name: str) -> Feature:
        # The sign-in is part of the feature: Okta refuses it when one scope is missing.
        return lambda: DONE[name](okta.token() if by_token else okta.service_app(SCOPES[name]))

    return {name for name in sorted(page.features(who)) if works(feature(name))}


WHO = ("stack", "administrator")


@pytest.mark.parametrize("by_token", [False, True], ids=["service app", "token"])
@pytest.mark.parametrize("who", WHO)
def test_everything_works_with_what_the_page_lists(
    who: str, by_token: bool, demo: World, tls: Tls
) -> None:
    with serving_okta(demo, tls, page.granted(who), page.roles(who)) as okta:
        assert working(who, okta, by_token=by_token) == page.features(who)
        assert {*okta.org.calls} <= page.routes(who)


@pytest.mark.parametrize(
    "line", [each for who in WHO for each in page.of(who)], ids=lambda e: f"{e.who}-{e.needs}"
)
def test_without_one_line_exactly_what_it_is_for_stops(
    line: page.Grant, demo: World, tls: Tls
) -> None:
    scopes, roles = page.granted(line.who) - {line.needs}, page.roles(line.who) - {line.needs}
    with serving_okta(demo, tls, scopes, roles) as okta:
        assert working(line.who, okta) == page.features(line.who) - line.features
        if line.role:
            assert working(line.who, okta, by_token=True) == page.features(line.who) - line.features


def test_what_the_stack_has_manages_no_hooks_and_sees_nobody_elses_rights(
    demo: World, tls: Tls
) -> None:
    every = page.granted("stack") | page.granted("administrator")
    with serving_okta(demo, tls, every, page.roles("stack")) as okta:
        assert working("administrator", okta) == set()
        assert working("administrator", okta, by_token=True) == set()


def test_the_page_lists_the_scopes_that_are_asked_for() -> None:
    assert page.granted("stack") == {*READ, TOUCH}
    assert page.granted("administrator") == {*MANAGE_HOOKS, *SEE_HOOKS, SEE_GRANTS, SEE_ROLES}
