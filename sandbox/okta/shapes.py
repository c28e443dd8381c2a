"""The JSON of users, apps and AppUsers as the management API returns it."""

from __future__ import annotations

from sandbox.okta.ids import USER_TYPE_ID
from sandbox.okta.state import App, AppUser, User
from sandbox.okta.times import iso

Json = dict[str, object]


def user_json(user: User, base_url: str) -> Json:
    return {
        "id": user.id,
        "status": user.status,
        "created": iso(user.created),
        "activated": None if user.status == "STAGED" else iso(user.created),
        "statusChanged": iso(user.status_changed),
        "lastLogin": None,
        "lastUpdated": iso(user.last_updated),
        "passwordChanged": None,
        "type": {"id": USER_TYPE_ID},
        "profile": dict(user.profile),
        "credentials": {"provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": {"self": {"href": f"{base_url}/api/v1/users/{user.id}"}},
    }


def app_user_json(app_user: AppUser, base_url: str, expanded: User | None = None) -> Json:
    """`id` is the Okta user id. `syncState` stays DISABLED: office365 is no profile source here,
    and what Okta reports for it is not documented."""
    app_url = f"{base_url}/api/v1/apps/{app_user.app_id}"
    body: Json = {
        "id": app_user.user_id,
        "externalId": app_user.external_id,
        "created": iso(app_user.created),
        "lastUpdated": iso(app_user.last_updated),
        "scope": app_user.scope,
        "status": app_user.status,
        "statusChanged": iso(app_user.status_changed),
        "passwordChanged": None,
        "syncState": "DISABLED",
        "lastSync": iso(app_user.last_sync) if app_user.last_sync else None,
        "credentials": {"userName": app_user.user_name},
        "profile": dict(app_user.profile),
        "_links": {
            "app": {"href": app_url},
            "user": {"href": f"{base_url}/api/v1/users/{app_user.user_id}"},
        },
    }
    if expanded is not None:
        body["_embedded"] = {"user": user_json(expanded, base_url)}
    return body


def app_json(app: App, base_url: str, domain: str) -> Json:
    me = f"{base_url}/api/v1/apps/{app.id}"
    return {
        "id": app.id,
        "name": "office365",
        "label": app.label,
        "status": "ACTIVE",
        "signOnMode": "SAML_1_1",
        "features": sorted(app.features),
        "accessibility": {"selfService": False, "errorRedirectUrl": None, "loginRedirectUrl": None},
        "visibility": {"autoSubmitToolbar": False, "hide": {"iOS": False, "web": False}},
        "settings": {"app": {"domain": domain, "msftTenant": domain.partition(".")[0]}},
        "_links": {
            "self": {"href": me},
            "users": {"href": f"{me}/users"},
        },
    }


def schema_json(app: App, base_url: str) -> Json:
    """The app's user schema: what the app brings along under `base`, what an admin added under
    `custom`. With User Sync the phone is built in; with Profile Sync both are custom."""
    built_in = {"displayName": "displayName", "firstName": "givenName", "lastName": "surname"}
    base = {name: _property(name, external) for name, external in built_in.items()}
    custom: dict[str, Json] = {}
    for name, external in app.schema.items():
        place = base if app.path == "dirsync" and external == "mobilePhone" else custom
        place[name] = _property(name, external)
    me = f"{base_url}/api/v1/meta/schemas/apps/{app.id}/default"
    return {
        "id": me,
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": "office365",
        "title": f"{app.label} User",
        "definitions": {
            "base": {"id": "#base", "type": "object", "properties": base, "required": []},
            "custom": {"id": "#custom", "type": "object", "properties": custom, "required": []},
        },
        "type": "object",
        "properties": {
            "profile": {"allOf": [{"$ref": "#/definitions/custom"}, {"$ref": "#/definitions/base"}]}
        },
        "_links": {"self": {"href": me}},
    }


def is_collection(external_name: str) -> bool:
    """Microsoft's otherMails is a collection; everything else the app knows is one value."""
    return external_name == "otherMails"


BUILT_IN = frozenset({"displayName", "firstName", "lastName"})


def _property(name: str, external_name: str) -> Json:
    kind: Json = {"type": "string"}
    if is_collection(external_name):
        kind = {"type": "array", "items": {"type": "string"}}
    return {
        "title": name,
        **kind,
        "externalName": external_name,
        "externalNamespace": "microsoft:graph:user",
        "scope": "NONE",
        "master": {"type": "PROFILE_MASTER"},
    }
