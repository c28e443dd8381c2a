"""The authority, driven by MSAL itself."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import msal
import pytest
import requests

from tests.sandbox.entra.conftest import ORDINARY, TENANT, Entra

# Tests poll sooner than a device would.
pytestmark = pytest.mark.filterwarnings("ignore:Attempted too soon")

OPERATOR = "5e1f0000-0000-4000-8000-000000000007"
READER = "5e1f0000-0000-4000-8000-000000000003"


def app_for(entra: Entra, client_id: str = READER, secret: str = "reader-secret") -> Any:
    return msal.ConfidentialClientApplication(
        client_id,
        client_credential=secret,
        authority=f"{entra.url}/{TENANT}",
        instance_discovery=False,
        verify=entra.ca_file,
    )


def public_app(entra: Entra) -> Any:
    return msal.PublicClientApplication(
        OPERATOR,
        authority=f"{entra.url}/{TENANT}",
        instance_discovery=False,
        verify=entra.ca_file,
    )


def default_scope(entra: Entra) -> list[str]:
    return [f"{entra.url}/graph/.default"]


def delegated_scope(entra: Entra, name: str = "Directory.AccessAsUser.All") -> list[str]:
    return [f"{entra.url}/graph/{name}"]


def answer_page(entra: Entra, **form: str) -> requests.Response:
    return requests.post(f"{entra.url}/device", data=form, verify=entra.ca_file, timeout=5)


def token_request(entra: Entra, tenant: str = TENANT, **form: str) -> requests.Response:
    url = f"{entra.url}/{tenant}/oauth2/v2.0/token"
    return requests.post(url, data=form, verify=entra.ca_file, timeout=5)


def get_me(entra: Entra, token: str, path: str = "/me") -> requests.Response:
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{entra.url}/graph/v1.0{path}"
    return requests.get(url, headers=headers, verify=entra.ca_file, timeout=5)


def once(flow: object) -> bool:
    """Ends MSAL's polling after one answer."""
    return True


def test_an_app_signs_in_and_its_token_works(entra: Entra) -> None:
    app = app_for(entra)
    result = app.acquire_token_for_client(default_scope(entra))
    assert result["token_source"] == "identity_provider"
    assert result["expires_in"] == 3599
    assert get_me(entra, result["access_token"], f"/users/{ORDINARY}").status_code == 200
    again = app.acquire_token_for_client(default_scope(entra))
    assert (again["token_source"], again["access_token"]) == ("cache", result["access_token"])
    assert entra.tenant.calls["POST /{tenant}/oauth2/v2.0/token"] == 1


def test_a_wrong_secret(entra: Entra) -> None:
    result = app_for(entra, secret="wrong").acquire_token_for_client(default_scope(entra))
    assert result["error"] == "invalid_client"
    assert result["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert result["error_codes"] == [7000215]
    assert result["correlation_id"]
    assert "wrong" not in result["error_description"]


def test_the_status_of_refusals(entra: Entra) -> None:
    common = {"grant_type": "client_credentials", "scope": f"{entra.url}/graph/.default"}
    wrong = token_request(entra, client_id=READER, client_secret="x", **common)
    assert wrong.status_code == 401
    unknown = token_request(entra, client_id="nobody", client_secret="x", **common)
    assert (unknown.status_code, unknown.json()["error_codes"]) == (400, [700016])
    none = token_request(entra, client_id=READER, **common)
    assert none.json()["error_codes"] == [7000216]
    tenant = token_request(entra, "00000000-0000-0000-0000-000000000000", **common)
    assert tenant.json()["error_codes"] == [90002]
    grant = token_request(entra, grant_type="password", client_id=READER)
    assert grant.json()["error"] == "unsupported_grant_type"
    assertion = token_request(entra, client_id=READER, client_assertion="jwt", **common)
    assert assertion.json()["error_codes"] == [70021]


@pytest.mark.parametrize(
    ("scope", "number"),
    [("User.Read.All", 70011), ("https://other.example/.default", 500011), ("", 70011)],
)
def test_scopes_an_app_cannot_ask_for(entra: Entra, scope: str, number: int) -> None:
    answer = token_request(
        entra,
        grant_type="client_credentials",
        client_id=READER,
        client_secret="reader-secret",
        scope=scope,
    )
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [number])


def test_a_tenant_msal_cannot_find(entra: Entra) -> None:
    with pytest.raises(ValueError, match="authority"):
        msal.ConfidentialClientApplication(
            READER,
            client_credential="x",
            authority=f"{entra.url}/00000000-0000-0000-0000-000000000000",
            instance_discovery=False,
            verify=entra.ca_file,
        ).acquire_token_for_client(default_scope(entra))


def test_a_person_signs_in_by_device_code(entra: Entra) -> None:
    app = public_app(entra)
    flow = app.initiate_device_flow(delegated_scope(entra))
    assert flow["verification_uri"] == f"{entra.url}/device"
    assert flow["user_code"] in flow["message"]
    pending = app.acquire_token_by_device_flow(flow, exit_condition=once)
    assert pending["error"] == "authorization_pending"
    assert pending["error_codes"] == [70016]

    page = answer_page(
        entra,
        code=flow["user_code"].lower(),
        account="privileged.admin@corp.example",
        answer="continue",
    )
    assert (page.status_code, "You have signed in" in page.text) == (200, True)
    result = app.acquire_token_by_device_flow(flow, exit_condition=once)
    assert "access_token" in result, result
    assert result["id_token_claims"]["preferred_username"] == "privileged.admin@corp.example"
    (account,) = app.get_accounts()
    assert account["username"] == "privileged.admin@corp.example"
    me = get_me(entra, result["access_token"]).json()
    assert me["userPrincipalName"] == "privileged.admin@corp.example"
    used = app.acquire_token_by_device_flow(flow, exit_condition=once)
    assert used["error"] == "bad_verification_code"


def test_msal_polls_until_the_person_is_done(entra: Entra) -> None:
    entra.tenant.device_codes.interval_seconds = 1
    app = public_app(entra)
    flow = app.initiate_device_flow(delegated_scope(entra))
    found: dict[str, Any] = {}
    thread = threading.Thread(target=lambda: found.update(app.acquire_token_by_device_flow(flow)))
    thread.start()
    while not entra.tenant.calls["POST /{tenant}/oauth2/v2.0/token"]:
        time.sleep(0.01)
    form = {"account": "user.admin@corp.example", "answer": "continue"}
    answer_page(entra, code=flow["user_code"], **form)
    thread.join(timeout=10)
    assert found["id_token_claims"]["oid"] == entra.tenant.get_user("users").id


def test_a_token_is_renewed_silently(entra: Entra) -> None:
    app = public_app(entra)
    scopes = delegated_scope(entra)
    flow = app.initiate_device_flow(scopes)
    answer_page(entra, code=flow["user_code"], account="user.admin@corp.example", answer="continue")
    first = app.acquire_token_by_device_flow(flow, exit_condition=once)["access_token"]
    entra.tenant.tokens.revoke_all()
    assert get_me(entra, first).status_code == 401
    (account,) = app.get_accounts()
    second = app.acquire_token_silent(scopes, account, force_refresh=True)["access_token"]
    assert get_me(entra, second).status_code == 200


def test_declining_and_expiring(entra: Entra) -> None:
    app = public_app(entra)
    flow = app.initiate_device_flow(delegated_scope(entra))
    answer_page(entra, code=flow["user_code"], account="", answer="cancel")
    declined = app.acquire_token_by_device_flow(flow, exit_condition=once)
    assert declined["error"] == "authorization_declined"
    flow = app.initiate_device_flow(delegated_scope(entra))
    entra.clock.forward(900)
    page = answer_page(
        entra, code=flow["user_code"], account="user.admin@corp.example", answer="continue"
    )
    assert page.status_code == 400
    expired = app.acquire_token_by_device_flow(flow, exit_condition=once)
    assert expired["error"] == "expired_token"


@pytest.mark.parametrize(
    ("account", "says"),
    [("disabled.user@corp.example", "AADSTS50057"), ("nobody@corp.example", "AADSTS50034")],
)
def test_who_cannot_sign_in(entra: Entra, account: str, says: str) -> None:
    app = public_app(entra)
    flow = app.initiate_device_flow(delegated_scope(entra))
    page = answer_page(entra, code=flow["user_code"], account=account, answer="continue")
    assert (page.status_code, says in page.text) == (400, True)
    pending = app.acquire_token_by_device_flow(flow, exit_condition=once)
    assert pending["error"] == "authorization_pending"


def test_without_consent_the_device_waits(entra: Entra) -> None:
    app = public_app(entra)
    flow = app.initiate_device_flow(delegated_scope(entra, "Mail.Send"))
    page = answer_page(
        entra, code=flow["user_code"], account="global.admin@corp.example", answer="continue"
    )
    assert (page.status_code, "AADSTS65001" in page.text) == (400, True)
    pending = app.acquire_token_by_device_flow(flow, exit_condition=once)
    assert pending["error"] == "authorization_pending"


def test_the_page_is_a_form_a_person_can_use(entra: Entra) -> None:
    page = requests.get(f"{entra.url}/device", verify=entra.ca_file, timeout=5)
    assert page.headers["Content-Type"].startswith("text/html")
    assert re.findall(r'name="(\w+)"', page.text) == [
        "viewport",
        "code",
        "account",
        "answer",
        "answer",
    ]
    assert "global.admin@corp.example" in page.text
    assert "disabled.user@corp.example" not in page.text


def test_the_page_escapes_what_was_typed(entra: Entra) -> None:
    page = answer_page(entra, code='"><script>', account="<b>", answer="continue")
    assert (page.status_code, "<script>" in page.text, "<b>" in page.text) == (400, False, False)


def test_an_app_with_a_secret_cannot_use_device_codes(entra: Entra) -> None:
    url = f"{entra.url}/{TENANT}/oauth2/v2.0/devicecode"
    form = {"client_id": READER, "scope": "openid"}
    answer = requests.post(url, data=form, verify=entra.ca_file, timeout=5)
    assert answer.json()["error_codes"] == [7000218]


def test_a_code_is_good_for_its_own_client_only(entra: Entra) -> None:
    flow = public_app(entra).initiate_device_flow(delegated_scope(entra))
    answer = token_request(
        entra,
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        client_id="5e1f0000-0000-4000-8000-00000000000c",
        device_code=flow["device_code"],
    )
    assert answer.json()["error"] == "bad_verification_code"


def test_an_outage_of_the_token_endpoint(entra: Entra) -> None:
    entra.tenant.faults.add("POST /{tenant}/oauth2/v2.0/token", 503)
    with pytest.raises(msal.exceptions.MsalServiceError, match="503"):
        app_for(entra).acquire_token_for_client(default_scope(entra))
    assert "access_token" in app_for(entra).acquire_token_for_client(default_scope(entra))
