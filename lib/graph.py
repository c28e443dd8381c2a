"""Microsoft Graph v1.0: users in bulk and one by one, how privileged they are, the few writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from lib.errors import NotFound, Permanent, Refused, Transient
from lib.graph_applications import Application, read_application
from lib.graph_audit import read_audit
from lib.graph_batch import Part, literal, read_parts
from lib.graph_parse import USER_FIELDS, directory_sync, entra_user, mapping, members, next_link
from lib.graph_standing import read_standing
from lib.http import Http, Reply, segment
from lib.http_answers import error_for, vendor_error
from lib.model import (
    Attribute,
    AuditLog,
    DirectorySync,
    EntraUser,
    KeyKind,
    Receipt,
    Standing,
    UserKey,
    Value,
)

# The most values an `in` filter takes, by the vendor's filter reference.
IN_VALUES = 15
PAGE_SIZE = 999
_SELECT = "$select=" + ",".join(USER_FIELDS)
_SYNC_PATH = "/v1.0/directory/onPremisesSynchronization"

Answer = EntraUser | Transient | Refused | None
Chunk = tuple[UserKey, ...]


class Graph:
    """One tenant as one caller sees it. `http` carries the Graph root and the caller's token."""

    def __init__(self, http: Http, *, applications: bool = True) -> None:
        self._http, self._applications = http, applications

    def read_users(self, keys: Sequence[UserKey]) -> dict[UserKey, Answer]:
        """300 users a round trip. None: no such user. Reads after writes may be stale.

        A chunk of keys that is answered 400 is read again one by one, so only the key that is
        at fault is Refused. Raises what a whole $batch call raises.
        """
        chunks = [
            of_kind[start : start + IN_VALUES]
            for kind in KeyKind
            for of_kind in [tuple(dict.fromkeys(key for key in keys if key.kind is kind))]
            for start in range(0, len(of_kind), IN_VALUES)
        ]
        found: dict[UserKey, Answer] = {}
        again: list[Chunk] = []
        for chunk, part in self._read_chunks(chunks):
            if isinstance(part, Reply) and part.status == 400 and len(chunk) > 1:
                again += [(key,) for key in chunk]
            else:
                found.update(self._answers(chunk, part))
        for chunk, part in self._read_chunks(again):
            found.update(self._answers(chunk, part))
        return {key: found[key] for key in keys}

    def read_user(self, object_id: str) -> EntraUser | None:
        """One user by id, not through a filter's index. None: Graph says there is no such user."""
        reply = self._http.request(
            "GET",
            f"/v1.0/users/{segment(object_id)}",
            params={"$select": ",".join(USER_FIELDS)},
            accept=(404,),
        )
        if reply.status == 404:
            # An absent user reads as a disabled one: a 404 of anything on the way is not believed.
            if vendor_error(reply).code != "Request_ResourceNotFound":
                raise Transient("HTTP 404 that is not Graph's own answer about a user")
            return None
        return entra_user(reply.body)

    def standing(self, object_id: str) -> Standing:
        """Roles, role-assignable groups and owned applications of a user or service principal.

        Of a user only where whoever signed in may not read applications (`applications` False).
        """
        return read_standing(self._http, object_id, applications=self._applications)

    def audit_log(self, object_id: str, since: datetime) -> AuditLog:
        """Who updated this user since then, by the directory audit log; its entries come late."""
        return read_audit(self._http, object_id, since)

    def application(self, client_id: str) -> Application:
        """An application's service principal and its Graph permissions, by client id."""
        return read_application(self._http, client_id)

    def directory_sync(self) -> DirectorySync:
        """Refused (403) means unknown, never false: documented for delegated callers only.

        NotFound when the tenant has no such object.
        """
        found = directory_sync(self._http.request("GET", _SYNC_PATH).body)
        if found is None:
            raise NotFound("the tenant has no onPremisesSynchronization object")
        return found

    def set_bypass(self, directory_sync_id: str, enabled: bool) -> Receipt:
        """bypassDirSyncOverridesEnabled, tenant-wide, without undo. Features left out stay."""
        body = {"features": {"bypassDirSyncOverridesEnabled": enabled}}
        path = f"{_SYNC_PATH}/{segment(directory_sync_id)}"
        return _receipt(self._http.request("PATCH", path, json=body))

    def patch_user(self, object_id: str, changes: Mapping[Attribute, Value]) -> Receipt:
        """PATCH /users/{id}; otherMails is always the whole list. Never repeated inside.

        Permanent when something else than a watched attribute, or a value of another type,
        is to be written; Refused when Graph says no.
        """
        body = {str(name): _written(name, value) for name, value in changes.items()}
        if not body:
            raise Permanent("nothing to write")
        path = f"/v1.0/users/{segment(object_id)}"
        return _receipt(self._http.request("PATCH", path, json=body))

    def synced_users(self) -> Iterator[EntraUser]:
        """Everybody with onPremisesSyncEnabled, page by page."""
        reply = self._http.request(
            "GET",
            "/v1.0/users",
            params={
                "$filter": "onPremisesSyncEnabled eq true",
                "$select": ",".join(USER_FIELDS),
                "$top": str(PAGE_SIZE),
            },
        )
        while True:
            for each in members(reply.body):
                yield entra_user(each)
            link = next_link(reply.body)
            if link is None:
                return
            reply = self._http.request("GET", link)

    def signed_in_user(self) -> str:
        """The object id of whoever signed in; Graph refuses the question to an application."""
        reply = self._http.request("GET", "/v1.0/me", params={"$select": "id"})
        object_id = mapping(reply.body).get("id")
        if not isinstance(object_id, str) or not object_id:
            raise Transient("Graph's user has no id field")
        return object_id

    def _read_chunks(self, chunks: Sequence[Chunk]) -> list[tuple[Chunk, Part]]:
        if not chunks:
            return []
        parts = read_parts(self._http, [_in_filter(chunk) for chunk in chunks])
        return list(zip(chunks, parts, strict=True))

    def _answers(self, chunk: Chunk, part: Part) -> dict[UserKey, Answer]:
        try:
            users = self._users(part)
        except (Transient, Refused) as error:
            return dict.fromkeys(chunk, error)
        answers: dict[UserKey, Answer] = dict.fromkeys(chunk)
        for each in users:
            # One whose fields are missing is no user at all for the key it answers.
            name = chunk[0].kind
            found = _fold(name, mapping(each).get(name))
            for key in chunk:
                if _fold(name, key.value) == found:
                    try:
                        answers[key] = entra_user(each)
                    except Transient as error:
                        answers[key] = error
        return answers

    def _users(self, part: Part) -> list[object]:
        """A filter that names at most 15 users may still be answered in pages."""
        if isinstance(part, Transient):
            raise part
        if part.status != 200:
            error = error_for(part, "a part of GET /users")
            if isinstance(error, Transient | Refused):
                raise error
            said = vendor_error(part)
            raise Refused(part.status, said.code, said.message, said.request_id)
        body: object = part.body
        users = list(members(body))
        for _ in range(IN_VALUES):
            link = next_link(body)
            if link is None:
                return users
            body = self._http.request("GET", link).body
            users += members(body)
        raise Transient("Graph pages a filter without end")


def _in_filter(chunk: Chunk) -> str:
    values = ",".join(literal(key.value) for key in chunk)
    return f"/users?$filter={chunk[0].kind}%20in%20({values})&{_SELECT}"


def _fold(kind: KeyKind, value: object) -> object:
    """Ids and user principal names are matched whatever their letter case; immutable ids
    (base64) are not."""
    if isinstance(value, str) and kind is not KeyKind.IMMUTABLE_ID:
        return value.casefold()
    return value


def _written(name: object, value: Value) -> object:
    match name, value:
        case Attribute.MOBILE_PHONE, str() | None if isinstance(name, Attribute):
            return value
        case Attribute.OTHER_MAILS, tuple() if isinstance(name, Attribute):
            return list(value)
        case Attribute.ACCOUNT_ENABLED, bool() if isinstance(name, Attribute):
            return value
    raise Permanent("only a watched attribute with a value of its own type is ever written")


def _receipt(reply: Reply) -> Receipt:
    """Graph took the write; a missing Date header must not make it look undone."""
    at = reply.date if "date" in reply.headers else reply.received_at
    headers = reply.headers
    return Receipt(at, reply.status, headers.get("request-id"), headers.get("client-request-id"))
