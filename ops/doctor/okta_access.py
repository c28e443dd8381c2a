"""How Pushproof signs in to Okta, and whether it may do more or less than it needs.

A service app may do what its granted scopes and its admin roles both allow; a token whatever its
maker may. Grants and roles are told to few, so they are asked for with the administrator's own
token where there is one; what is not told is unknown. Source: the vendor's guide for service apps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lib.errors import Permanent, PushproofError, Refused, Transient
from lib.http import segment
from lib.okta_admin import OktaAdmin
from lib.okta_credential import ApiToken, okta_credential
from lib.okta_parse import items, mapping, text
from lib.okta_sign_in import READ, TOUCH
from ops.doctor.finding import Finding
from ops.doctor.hook import reason
from ops.doctor.texts import finding

# Signs in as the service app for these scopes; gives the Authorization header's scheme.
SignIn = Callable[[Sequence[str]], str]

SEE_GRANTS, SEE_ROLES = "okta.appGrants.read", "okta.roles.read"
_SET_UP = "okta.eventHooks.manage"
# Never missed: they let doctor and `hook status` look without an administrator's token.
_WELCOME = frozenset({SEE_GRANTS, SEE_ROLES, "okta.eventHooks.read"})
# Okta's words for roles. The first reads everything that is read here, the second also touches.
_READER, _TOUCHER, _CUSTOM = "READ_ONLY_ADMIN", "APP_ADMIN", "CUSTOM"
_BROAD = frozenset({"SUPER_ADMIN", "ORG_ADMIN"})
_NOT_GRANTED = "invalid_scope"


@dataclass(frozen=True)
class Lookers:
    """Who may ask about grants, about roles, and about the token itself."""

    grants: OktaAdmin
    roles: OktaAdmin
    own: OktaAdmin


def examine(
    secret: Callable[[], str], sign_in: SignIn, lookers: Lookers, *, touches: bool
) -> list[Finding]:
    """`secret`: what the Okta secret holds. `touches`: a touch attribute is configured."""
    try:
        credential = okta_credential(secret())
    except PushproofError as error:
        return [finding("okta_unsigned", why=error)]
    if isinstance(credential, ApiToken):
        return [finding("okta_is_token"), *_of_token(lookers, touches=touches)]
    needed = (*READ, TOUCH) if touches else READ
    who = segment(credential.client_id)
    return [
        *_scopes(sign_in, needed),
        *_extra(lookers.grants, f"/api/v1/apps/{who}/grants", needed),
        *_roles(lookers.roles, f"/oauth2/v1/clients/{who}/roles", touches=touches),
    ]


def _scopes(sign_in: SignIn, needed: Sequence[str]) -> Iterator[Finding]:
    """By asking for tokens: a scope that was not granted refuses the whole request. The answers
    also tell whether Okta demands proof of possession, which the sign-in first does without."""
    scheme = None
    refused: set[str] = set()
    try:
        scheme = sign_in(needed)
    except Transient as error:
        yield finding("okta_scopes_untold", why=error)
        yield finding("okta_dpop_unknown", why=error)
        return
    except Permanent as error:
        if not str(error).endswith(_NOT_GRANTED):
            # What the reads of this visit say as well: Okta does not know the key or the app.
            yield finding("okta_scopes_untold", why=error)
            yield finding("okta_dpop_unknown", why=error)
            return
        for scope in needed:
            try:
                scheme = sign_in((scope,))
            except (Permanent, Transient) as found:
                if not str(found).endswith(_NOT_GRANTED):
                    yield finding("okta_scopes_untold", why=found)
                    yield finding("okta_dpop_unknown", why=found)
                    return
                refused.add(scope)
    for scope in needed:
        yield finding("okta_scope_missing" if scope in refused else "okta_scope", scope=scope)
    yield _dpop(scheme)


def _dpop(scheme: str | None) -> Finding:
    if scheme is None:
        return finding("okta_dpop_unknown", why="no sign-in succeeded")
    return finding("okta_dpop" if scheme == "DPoP" else "okta_dpop_off")


def _extra(admin: OktaAdmin, path: str, needed: Sequence[str]) -> Iterator[Finding]:
    try:
        granted = {
            text(mapping(each), "scopeId")
            for each in items(admin.probe(path).body)
            if mapping(each).get("status") == "ACTIVE"
        }
    except PushproofError as error:
        yield finding("okta_grants_unread", why=reason(error))
        return
    for scope in sorted(str(each) for each in granted - {None, *needed, *_WELCOME}):
        code = "okta_scope_writes" if scope.endswith(".manage") else "okta_scope_not_needed"
        yield finding("okta_scope_set_up" if scope == _SET_UP else code, scope=scope)


def _of_token(lookers: Lookers, *, touches: bool) -> Iterator[Finding]:
    try:
        owner = text(mapping(lookers.own.probe("/api/v1/users/me").body), "id")
    except (Refused, Permanent, Transient) as error:
        yield finding("okta_roles_unread", why=reason(error))
        return
    if owner is None:
        yield finding("okta_roles_unread", why="Okta does not say whose token it is")
        return
    yield from _roles(lookers.roles, f"/api/v1/users/{segment(owner)}/roles", touches=touches)


def _roles(admin: OktaAdmin, path: str, *, touches: bool) -> Iterator[Finding]:
    try:
        listed = [mapping(each) for each in items(admin.probe(path).body)]
    except PushproofError as error:
        yield finding("okta_roles_unread", why=reason(error))
        return
    held = {
        str(each.get("type")): text(each, "label") or str(each.get("type"))
        for each in listed
        if each.get("status") == "ACTIVE"
    }
    if not held:
        yield finding("okta_role_none")
    for kind, label in sorted(held.items()):
        code = "okta_role_not_needed"
        if kind in _BROAD:
            code = "okta_role_broad"
        elif kind == _CUSTOM:
            code = "okta_role_custom"
        elif kind == _READER or (kind == _TOUCHER and touches):
            code = "okta_role"
        yield finding(code, role=label)
    if touches and held and not held.keys() & {_TOUCHER, _CUSTOM, "SUPER_ADMIN"}:
        yield finding("okta_role_untouching")
