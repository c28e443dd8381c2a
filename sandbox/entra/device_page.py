"""The page where a person enters a device code and says who signs in."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, Response, render_template_string, request

from sandbox.entra.device_codes import DeviceCode, DeviceCodes
from sandbox.entra.directory import Directory
from sandbox.world_model import Identity

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit }
input { padding: .5rem; margin-bottom: 1rem }
button { padding: .5rem; margin-bottom: .5rem }
</style>
</head>
<body>
<h1>{{ title }}</h1>
{% if problem %}<p role="alert">{{ problem }}</p>{% endif %}
{% if form %}
<form method="post" action="/device">
<label for="code">Code shown on your device</label>
<input id="code" name="code" value="{{ code }}" autocomplete="off" required autofocus>
<label for="account">Who signs in</label>
<input id="account" name="account" list="accounts" value="{{ account }}" required>
<datalist id="accounts">
{% for each in accounts %}<option value="{{ each }}">{% endfor %}
</datalist>
<button name="answer" value="continue">Continue</button>
<button name="answer" value="cancel" formnovalidate>Cancel</button>
</form>
{% else %}<p>You can close this page and go back to your device.</p>{% endif %}
</body>
</html>
"""


def device_page(
    directory: Directory, codes: DeviceCodes, identities: Mapping[str, Identity]
) -> Blueprint:
    """GET /device shows the form; POST takes `code`, `account` and `answer` (continue, cancel)."""
    routes = Blueprint("device_page", __name__)

    @routes.get("/device")
    def ask() -> Response:
        return _form("Sign in", code=request.args.get("code", ""))

    @routes.post("/device")
    def answer() -> Response:
        typed = request.form.get("code", "")
        account = request.form.get("account", "").strip()
        code = codes.by_user(typed)
        if code is None:
            problem = "That code did not work. Check the code and try again."
            return _form("Sign in", problem, typed, account)
        if request.form.get("answer") == "cancel":
            code.declined = True
            return _page("Sign-in was cancelled")
        problem = _sign_in(code, account)
        if problem:
            return _form("Sign in", problem, typed, account)
        return _page(f"You have signed in to {identities[code.client_id].name}")

    def _sign_in(code: DeviceCode, account: str) -> str:
        user = directory.user(account)
        if user is None:
            return "AADSTS50034: The user account does not exist in this directory."
        if user.values["accountEnabled"] is not True:
            return "AADSTS50057: The user account is disabled."
        allowed = identities[code.client_id].permissions
        for scope in code.scopes:
            name = scope.rpartition("/")[2]
            # The vendor leaves the device waiting while an administrator's consent is missing.
            if "/" in scope and name != ".default" and name not in allowed:
                return "AADSTS65001: Nobody has consented to what this application asks for."
        code.user_id = user.id
        return ""

    def _form(title: str, problem: str = "", code: str = "", account: str = "") -> Response:
        return _page(title, problem, form=True, code=code, account=account)

    def _page(
        title: str, problem: str = "", *, form: bool = False, code: str = "", account: str = ""
    ) -> Response:
        accounts = [
            user.user_principal_name
            for user in directory.listed()
            if user.values["accountEnabled"] is True
        ]
        text = render_template_string(
            _PAGE,
            title=title,
            problem=problem,
            form=form,
            code=code,
            account=account,
            accounts=accounts,
        )
        status = 400 if problem else 200
        return Response(text, status=status, mimetype="text/html")

    return routes
