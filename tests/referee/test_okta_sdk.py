"""Okta's official Python SDK understands what the simulated org answers.

Its models are strict: an unknown status, a missing field or another type is an error there.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import flask
import pytest
from okta import models
from okta.client import Client
from okta.pagination import PaginationHelper

from sandbox.serve import serve
from tests.referee.conftest import Vendors

APP = "0oaGraphAppUnderTest"
USER = "00uOrdinaryUserTest0"
LEAVER = "00uLeaverUserInTest0"
PUSH = "application.provision.user.push_profile"


def ask(
    vendors: Vendors, call: Callable[[Client], Awaitable[Any]], token: str = "test-token"
) -> tuple[Any, Any, Any]:
    """(object, response, error) as the SDK gives them, of one call of one fresh client."""

    async def run() -> tuple[Any, Any, Any]:
        client = Client(
            {"orgUrl": vendors.okta_url, "token": token, "rateLimit": {"maxRetries": 0}}
        )
        # The generated half of version 3.4.6 joins the scheme and the token without the space.
        client.configuration.authorization_mode = "SSWS "
        # It also copies its settings deeply, which its own sslContext does not survive.
        trusted = ssl.create_default_context(cafile=str(vendors.tls.ca_file))
        connector = aiohttp.TCPConnector(ssl=trusted)
        async with aiohttp.ClientSession(connector=connector) as session:
            client.get_request_executor().set_session(session)
            return await call(client)

    found: tuple[Any, Any, Any] = asyncio.run(run())
    return found


def understood(vendors: Vendors, call: Callable[[Client], Awaitable[Any]]) -> Any:
    found, _, error = ask(vendors, call)
    assert error is None, error
    return found


def test_an_assigned_user_with_the_user_beside_it(vendors: Vendors) -> None:
    found = understood(vendors, lambda c: c.get_application_user(APP, USER, expand="user"))
    assert isinstance(found, models.AppUser)
    assert found.id == USER
    assert found.status == "PROVISIONED"
    assert found.scope == "USER"
    assert found.external_id == "a0000000-0000-4000-8000-000000000001"
    assert found.credentials.user_name == "ordinary.user@corp.example"
    assert found.profile["mobilePhone"] == "+1 202 555 0100"
    assert found.profile["otherMails"] == ["ordinary.private@example.net"]
    assert isinstance(found.last_updated, datetime)
    assert found.embedded["user"]["status"] == "ACTIVE"


def test_a_user_who_is_not_assigned(vendors: Vendors) -> None:
    found, response, error = ask(vendors, lambda c: c.get_application_user(APP, LEAVER))
    assert found is None
    assert response.status == 404
    assert error.error_code == "E0000007"
    assert LEAVER in error.message


def test_everyone_assigned_and_one_by_name(vendors: Vendors) -> None:
    everyone = understood(vendors, lambda c: c.list_application_users(APP, limit=500))
    assert [each.id for each in everyone] == [USER]
    one = understood(vendors, lambda c: c.list_application_users(APP, q="ordinary.user"))
    assert [each.id for each in one] == [USER]
    assert understood(vendors, lambda c: c.list_application_users(APP, q="nobody")) == []


@pytest.mark.parametrize(("user", "status"), [(USER, "ACTIVE"), (LEAVER, "DEPROVISIONED")])
def test_a_user_and_its_type(vendors: Vendors, user: str, status: str) -> None:
    found = understood(vendors, lambda c: c.get_user(user))
    assert found.status == status
    assert found.profile.login.endswith("@corp.example")
    assert found.type.id.startswith("oty")


def test_a_user_nobody_knows(vendors: Vendors) -> None:
    _, response, error = ask(vendors, lambda c: c.get_user("00uNobodyAtAll000000"))
    assert (response.status, error.error_code) == (404, "E0000007")


def test_the_app_and_its_features(vendors: Vendors) -> None:
    found = understood(vendors, lambda c: c.get_application(APP))
    assert isinstance(found, models.Application)
    assert found.id == APP
    assert "PUSH_PROFILE_UPDATES" in found.features


def test_the_provisioning_feature(vendors: Vendors) -> None:
    found = understood(vendors, lambda c: c.get_feature_for_application(APP, "USER_PROVISIONING"))
    assert found.capabilities.update.profile.status == "ENABLED"
    assert found.capabilities.update.lifecycle_deactivate.status == "ENABLED"


def test_the_schema_names_the_external_attributes(vendors: Vendors) -> None:
    found = understood(vendors, lambda c: c.get_application_user_schema(APP))
    custom = found.definitions.custom.properties
    assert custom["mobilePhone"].external_name == "mobilePhone"
    assert custom["otherMails"].type == "array"


def test_mappings_towards_the_app(vendors: Vendors) -> None:
    listed = understood(vendors, lambda c: c.list_profile_mappings(target_id=APP, limit=200))
    assert len(listed) == 1
    assert listed[0].target.id == APP
    assert not listed[0].to_dict().get("properties")
    one = understood(vendors, lambda c: c.get_profile_mapping(listed[0].id))
    assert one.source.type == "user"
    assert one.properties["mobilePhone"].expression == "user.mobilePhone"
    assert one.properties["mobilePhone"].push_status == "PUSH"
    assert one.properties["otherMails"].push_status == "DONT_PUSH"


def touch(vendors: Vendors, attribute: str, value: str) -> tuple[Any, Any, Any]:
    body = models.AppUserUpdateRequest(
        models.AppUserProfileRequestPayload(profile={attribute: value})
    )
    return ask(vendors, lambda c: c.update_application_user(APP, USER, body))


def test_a_touch_is_taken_and_pushed(vendors: Vendors) -> None:
    found, _, error = touch(vendors, "department", "touched")
    assert error is None, error
    assert found.profile["department"] == "touched"
    vendors.settle()
    expression = f'eventType eq "{PUSH}" and target.id eq "{USER}" and target.id eq "{APP}"'
    since = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    events, response, error = ask(
        vendors,
        lambda c: c.list_log_events(since=since, filter=expression, sort_order="ASCENDING"),
    )
    assert error is None, error
    assert [each.legacy_event_type for each in events] == [
        "app.user_management.push_profile_update",
        "app.user_management.push_profile_update_success",
    ]
    assert {each.outcome.result for each in events} == {"SUCCESS"}
    assert {target.type for target in events[0].target} == {"User", "AppUser", "AppInstance"}
    assert {target.id for target in events[0].target} >= {USER, APP}
    assert all(each.published.tzinfo for each in events)

    # Polling mode: there is always a next page, also behind the last entry.
    for _ in range(2):
        after = PaginationHelper.extract_next_cursor(response.headers)
        assert after
        events, response, error = ask(
            vendors, lambda c, after=after: c.list_log_events(after=after, filter=expression)
        )
        assert (events, error) == ([], None)


def test_a_mapped_attribute_cannot_be_touched(vendors: Vendors) -> None:
    found, response, error = touch(vendors, "mobilePhone", "+1 202 555 0199")
    assert found is None
    assert (response.status, error.error_code) == (403, "E0000075")
    assert "has a field mapping" in error.message


def test_a_wrong_token(vendors: Vendors) -> None:
    _, response, error = ask(vendors, lambda c: c.get_user(USER), token="another")
    assert (response.status, error.error_code) == (401, "E0000011")


def test_the_rate_limit_is_announced(vendors: Vendors) -> None:
    _, response, _ = ask(vendors, lambda c: c.get_user(USER))
    headers = {name.lower(): value for name, value in response.headers.items()}
    assert int(headers["x-rate-limit-remaining"]) < int(headers["x-rate-limit-limit"])
    assert int(headers["x-rate-limit-reset"]) > 0
    assert headers["date"].endswith("GMT")


def test_a_used_up_rate_limit_is_an_error_that_names_its_reset(vendors: Vendors) -> None:
    vendors.org.limits.set_limit("users", 1)
    understood(vendors, lambda c: c.get_user(USER))
    _, response, error = ask(vendors, lambda c: c.get_user(USER))
    assert (response.status, error.error_code) == (429, "E0000047")
    # What the SDK itself computes its pause from.
    assert int(response.headers["X-Rate-Limit-Reset"]) > 0
    assert response.headers["X-Rate-Limit-Remaining"] == "0"
    assert "Date" in response.headers


def test_a_hook_is_registered_and_verified(vendors: Vendors) -> None:
    app = flask.Flask("hook")

    @app.get("/okta/events")
    def challenge() -> dict[str, str]:
        return {"verification": flask.request.headers["X-Okta-Verification-Challenge"]}

    server = serve(app, vendors.tls)
    hook = models.EventHook(
        name="pushproof",
        events=models.EventSubscriptions(type="EVENT_TYPE", items=[PUSH]),
        channel=models.EventHookChannel(
            type="HTTP",
            version="1.0.0",
            config=models.EventHookChannelConfig(
                uri=f"{server.url}/okta/events",
                auth_scheme=models.EventHookChannelConfigAuthScheme(
                    type="HEADER", key="Authorization", value="hook-secret-under-test"
                ),
            ),
        ),
    )
    made = understood(vendors, lambda c: c.create_event_hook(hook))
    assert (made.status, made.verification_status) == ("ACTIVE", "UNVERIFIED")
    assert made.channel.config.auth_scheme.value is None
    verified = understood(vendors, lambda c: c.verify_event_hook(made.id))
    assert verified.verification_status == "VERIFIED"
    server.stop()
