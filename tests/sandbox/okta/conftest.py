"""An org served over TLS on loopback, a tenant that records what it is sent, and hook endpoints."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import flask
import pytest
import requests

from sandbox.okta.app import create_org
from sandbox.okta.org import Org
from sandbox.okta.state import AppUser, User
from sandbox.serve import Server, serve
from sandbox.tls import Tls, make_authority
from sandbox.world import World, load_world

APP = "0oaGraphAppUnderTest"
DIRSYNC_APP = "0oaDirSyncUnderTest0"
ORDINARY = "00uOrdinaryUserTest0"
SYNCED = "00uSyncedUserInTest0"
UNASSIGNED = "00uUnassignedInTest0"
TOKEN = "SSWS test-token"


class MovingClock:
    """The real time plus whatever a test skipped."""

    def __init__(self) -> None:
        self._skipped = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._skipped

    def advance(self, seconds: float) -> None:
        self._skipped += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Refusal:
    status: int
    code: str
    message: str
    method: str
    path: str
    request_id: str = "f0000000-0000-4000-8000-000000000001"
    client_request_id: str = "f0000000-0000-4000-8000-000000000002"


class RecordingTenant:
    """Takes every write as it comes: the rules of a real tenant are tested with the tenant."""

    def __init__(self, world: World) -> None:
        self.written: Counter[str] = Counter()
        self.accounts: dict[str, dict[str, Any]] = {
            person.entra.id: {
                "mobilePhone": person.entra.mobile_phone,
                "otherMails": list(person.entra.other_mails),
                "accountEnabled": person.entra.account_enabled,
            }
            for person in world.people
            if person.entra
        }

    def connector_write(self, object_id: str, changes: Mapping[str, object], /) -> Refusal | None:
        return self._write("connector_write", object_id, changes)

    def sync_write(
        self, object_id: str, changes: Mapping[str, object], app_id: str, /
    ) -> Refusal | None:
        assert app_id == DIRSYNC_APP
        return self._write("sync_write", object_id, changes)

    def _write(self, how: str, object_id: str, changes: Mapping[str, object]) -> Refusal | None:
        self.written[how] += 1
        if object_id not in self.accounts:
            message = f"Resource '{object_id}' does not exist."
            return Refusal(404, "Request_ResourceNotFound", message, "PATCH", f"/users/{object_id}")
        self.accounts[object_id].update(changes)
        return None


@dataclass
class Okta:
    """The org under test and a client for it."""

    org: Org
    tenant: RecordingTenant
    clock: MovingClock
    url: str
    session: requests.Session

    def get(
        self, path: str, *, authorization: str | None = TOKEN, **params: str
    ) -> requests.Response:
        url = path if path.startswith("https:") else self.url + path
        headers = {"Authorization": authorization}
        return self.session.get(url, params=params, headers=headers, timeout=10)

    def post(
        self, path: str, body: object, *, authorization: str | None = TOKEN
    ) -> requests.Response:
        headers = {"Authorization": authorization}
        return self.session.post(self.url + path, json=body, headers=headers, timeout=10)

    def delete(self, path: str) -> requests.Response:
        return self.session.delete(self.url + path, timeout=10)

    def settle(self) -> None:
        assert self.org.wait_idle(timeout=20)

    def logged(self, event_type: str) -> list[dict[str, Any]]:
        """What the log holds of one type, oldest first, as the API would return it."""
        events = json.loads(json.dumps(self.org.log.everything()))
        return [event for event in events if event["eventType"] == event_type]

    def entra(self, name: str) -> dict[str, Any]:
        return self.tenant.accounts[str(self.org.user(name).entra_id)]

    def add_user(self, user_id: str, login: str) -> None:
        """Somebody assigned to APP who has no account in the tenant."""
        now = self.clock()
        profile: dict[str, object] = {"login": login, "mobilePhone": "+1 555 0100"}
        state = self.org.state
        state.users[user_id] = User(user_id, login, "ACTIVE", profile, now, now, now)
        state.app_users[APP, user_id] = AppUser(
            APP, user_id, None, login, "PROVISIONED", "USER", now, now, now
        )


@dataclass
class Received:
    method: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Endpoint:
    """A hook receiver. `verification` is right, wrong, not json, slow or a status."""

    server: Server
    url: str
    released: threading.Event = field(default_factory=threading.Event)
    verification: str | int = "right"
    answers: list[int | str] = field(default_factory=list)
    requests: list[Received] = field(default_factory=list)

    def posts(self) -> list[Received]:
        return [request for request in self.requests if request.method == "POST"]

    def events(self) -> list[dict[str, Any]]:
        return [event for post in self.posts() for event in post.json()["data"]["events"]]

    def stop(self) -> None:
        self.released.set()
        self.server.stop()

    def answer(self) -> tuple[str, int]:
        request = flask.request
        self.requests.append(
            Received(request.method, dict(request.headers), request.get_data(cache=True))
        )
        verifying = request.method == "GET"
        plan = self.verification if verifying else (self.answers or [200]).pop(0)
        challenge = request.headers.get("X-Okta-Verification-Challenge", "")
        if plan == "slow":
            # Longer than any time-out in these tests, unless the test ends before that.
            self.released.wait(10)
        if plan == "not json":
            return challenge, 200
        body = json.dumps({"verification": "another" if plan == "wrong" else challenge})
        return body, plan if isinstance(plan, int) else 200


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return make_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def world() -> World:
    return load_world(Path(__file__).with_name("world.yaml"))


@pytest.fixture
def okta(world: World, tls: Tls) -> Iterator[Okta]:
    clock, tenant = MovingClock(), RecordingTenant(world)
    address: list[str] = []
    org = create_org(world, tenant, clock, tls.ca_file, lambda: address[0])
    server = serve(org.flask, tls)
    address.append(server.url)
    org.start()
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(tls.ca_file)
        session.headers["Authorization"] = TOKEN
        yield Okta(org, tenant, clock, server.url, session)
    org.stop()
    server.stop()


def start_endpoint(tls: Tls) -> Endpoint:
    app = flask.Flask("hook")
    server = serve(app, tls)
    endpoint = Endpoint(server, server.url + "/okta/events")

    @app.route("/okta/events", methods=["GET", "POST"])
    def receive() -> tuple[str, int]:
        return endpoint.answer()

    return endpoint


@pytest.fixture
def endpoint(tls: Tls) -> Iterator[Endpoint]:
    started = start_endpoint(tls)
    yield started
    started.stop()


@pytest.fixture
def stranger(tmp_path: Path) -> Iterator[Endpoint]:
    """An endpoint whose certificate comes from an authority the org does not know."""
    started = start_endpoint(make_authority(tmp_path))
    yield started
    started.stop()
