"""Does the token read what the product reads, and only through answers of 200?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from lib.errors import NotFound, Permanent, PushproofError, Refused, Transient
from lib.http import Reply, segment
from lib.okta_admin import OktaAdmin
from lib.okta_parse import items, mapping, text
from lib.times import to_text
from ops.doctor.finding import Finding
from ops.doctor.hook import reason
from ops.doctor.texts import finding


class OktaReads:
    """One GET for each kind of read the product does."""

    def __init__(self, admin: OktaAdmin) -> None:
        self._admin = admin
        self._rejected = False

    def examine(self, app_ids: tuple[str, ...], now: datetime) -> list[Finding]:
        found: list[Finding] = []
        for app_id in app_ids:
            found += self._app(app_id)
            if self._rejected:
                return found
        since = to_text(now - timedelta(minutes=5))
        found += self._one("the System Log", "/api/v1/logs", {"since": since, "limit": "1"})[0]
        return found

    def _app(self, app_id: str) -> Iterator[Finding]:
        path = f"/api/v1/apps/{segment(app_id)}"
        for what, address, params in (
            (f"app {app_id}", path, None),
            (
                f"the schema of {app_id}",
                f"/api/v1/meta/schemas/apps/{segment(app_id)}/default",
                None,
            ),
            (
                f"the mappings of {app_id}",
                "/api/v1/mappings",
                {"targetId": app_id, "limit": "1"},
            ),
        ):
            yield from self._one(what, address, params)[0]
            if self._rejected:
                return
        told, reply = self._one(f"who is assigned to {app_id}", f"{path}/users", {"limit": "1"})
        yield from told
        if reply is None:
            return
        user_id = next((text(mapping(each), "id") for each in items(reply.body)), None)
        if user_id is None:
            yield finding("okta_nobody", app=app_id)
            return
        one = f"{path}/users/{segment(user_id)}"
        yield from self._one(f"one assignment of {app_id}", one, {"expand": "user"})[0]
        yield from self._one("one user", f"/api/v1/users/{segment(user_id)}", None)[0]

    def _one(
        self, what: str, path: str, params: dict[str, str] | None
    ) -> tuple[list[Finding], Reply | None]:
        try:
            reply = self._admin.probe(path, params)
        except PushproofError as error:
            return [self._failed(what, error)], None
        return [finding("okta_reads", what=what)], reply

    def _failed(self, what: str, error: PushproofError) -> Finding:
        if isinstance(error, Refused | NotFound):
            return finding("okta_refused", what=what, why=reason(error))
        if isinstance(error, Transient):
            return finding("okta_not_told", what=what, why=error)
        if isinstance(error, Permanent):
            self._rejected = True
            return finding("okta_no_token", why=error)
        raise error
