"""The server under both simulators."""

from __future__ import annotations

import http.client
import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask

from sandbox.serve import PortTaken, Server, serve
from sandbox.tls import Tls


@pytest.fixture
def app() -> Flask:
    app = Flask("served")
    app.add_url_rule("/", view_func=lambda: "hello")
    return app


@pytest.fixture
def server(app: Flask, tls: Tls) -> Iterator[Server]:
    server = serve(app, tls)
    yield server
    server.stop()


def test_it_is_trusted_by_its_authority_only(
    server: Server, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    for url in (server.url, f"https://localhost:{server.port}"):
        assert requests.get(url, verify=str(tls.ca_file), timeout=5).text == "hello"
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(server.url, timeout=5)


def test_the_key_is_readable_by_its_owner_only(tls: Tls) -> None:
    assert stat.S_IMODE(Path(tls.key_file).stat().st_mode) == 0o600
    assert "PRIVATE" not in Path(tls.ca_file).read_text()


def test_a_client_that_never_shakes_hands_blocks_nobody(server: Server, tls: Tls) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        assert requests.get(server.url, verify=str(tls.ca_file), timeout=5).text == "hello"


def test_connections_are_kept_open(server: Server, tls: Tls) -> None:
    context = ssl.create_default_context(cafile=str(tls.ca_file))
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=5, context=context)
    connection.connect()
    first = connection.sock
    for method, body in (("POST", "unread by the app"), ("GET", None), ("POST", "")):
        connection.request(method, "/", body)
        answer = connection.getresponse()
        assert answer.read()
        assert answer.headers.get_all("Date") is not None
        assert len(answer.headers.get_all("Date") or ()) == 1
        assert connection.sock is first
    connection.close()


def test_a_body_of_unknown_length_ends_the_connection(server: Server, tls: Tls) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"some"

    answer = requests.post(server.url, data=chunks(), verify=str(tls.ca_file), timeout=5)
    assert answer.headers["Connection"] == "close"


def test_without_tls(app: Flask) -> None:
    server = serve(app, None)
    try:
        assert server.url.startswith("http://")
        assert requests.get(server.url, timeout=5).text == "hello"
    finally:
        server.stop()


def test_a_taken_port_is_one_sentence(app: Flask, server: Server) -> None:
    with pytest.raises(PortTaken) as taken:
        serve(app, None, server.port)
    assert taken.value.port == server.port
    assert str(server.port) in str(taken.value)
    assert "\n" not in str(taken.value)


def test_a_stopped_server_frees_its_port_and_its_connections(app: Flask, tls: Tls) -> None:
    server = serve(app, tls)
    with requests.Session() as session:
        session.get(server.url, timeout=5)
        server.stop()
        server.stop()
        with pytest.raises(requests.ConnectionError):
            session.get(server.url, timeout=5)
    again = serve(app, tls, server.port)
    again.stop()
