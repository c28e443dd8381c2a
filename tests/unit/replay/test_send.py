"""What goes over the wire: the secret is ours, nothing is followed, nothing is told of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from ops.connection import Misuse
from ops.replay.send import SECRET, Post, Target, target_at
from ops.samples import Sample

KEY = "the-secret-of-the-hook"


class Receiver:
    """An address that answers what a test wants, and remembers what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str, dict[str, list[str]], bytes]] = []
        self.status, self.headers = 200, {}  # type: int, dict[str, str]
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers: dict[str, list[str]] = {}
                for name, value in self.headers.items():
                    headers.setdefault(name.lower(), []).append(value)
                outer.got.append((self.command, self.path, headers, self.rfile.read(length)))
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/okta/events"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.server.shutdown()
    found.server.server_close()


def sample(**headers: str) -> Sample:
    return Sample("made", "POST", {"Content-Type": "application/json", **headers}, '{"ü": 1}')


def test_it_is_sent_as_okta_would(receiver: Receiver) -> None:
    with Post(Target("here", receiver.url, KEY)) as post:
        sent = post.send(sample())
    assert (sent.status, sent.taken, sent.answer) == (200, True, "{}")
    ((method, path, headers, body),) = receiver.got
    assert (method, path, body.decode()) == ("POST", "/okta/events", '{"ü": 1}')
    assert headers["authorization"] == [KEY]
    assert headers["content-type"] == ["application/json"]


@pytest.mark.parametrize("name", ["authorization", "AUTHORIZATION", "Host", "Cookie"])
def test_a_sample_can_not_replace_what_is_ours(receiver: Receiver, name: str) -> None:
    with Post(Target("here", receiver.url, KEY)) as post:
        post.send(sample(**{name: "attacker.example"}))
    ((_, _, headers, _),) = receiver.got
    assert headers["authorization"] == [KEY]
    assert "attacker.example" not in str(headers)


def test_a_redirect_is_an_answer_and_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 302, {"Location": receiver.url + "/elsewhere"}
    with Post(Target("here", receiver.url, KEY)) as post:
        assert not post.send(sample()).taken
    assert len(receiver.got) == 1


def test_no_answer_is_one_sentence_without_the_secret() -> None:
    with Post(Target("here", "http://127.0.0.1:1/", KEY)) as post:
        sent = post.send(sample())
    assert (sent.status, sent.taken, sent.maybe) == (0, False, False)
    assert sent.answer == "the hook could not be reached (ConnectionError)"
    assert KEY not in repr(sent)


def test_an_answer_that_is_late_may_have_been_a_yes(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*_: Any, **__: Any) -> Any:
        raise requests.ReadTimeout

    with Post(Target("here", receiver.url, KEY)) as post:
        monkeypatch.setattr(post._session, "request", late)
        sent = post.send(sample())
    assert (sent.status, sent.taken, sent.maybe) == (0, False, True)


def test_no_file_of_the_machine_replaces_the_secret(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password of-theirs\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Post(Target("here", receiver.url, KEY)) as post:
        post.send(sample())
    ((_, _, headers, _),) = receiver.got
    assert headers["authorization"] == [KEY]


def test_no_proxy_sees_what_stays_on_this_machine(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    for url in (receiver.url, receiver.url.replace("127.0.0.1", "localhost")):
        with Post(Target("here", url, KEY)) as post:
            assert post.send(sample()).taken


def test_the_secret_is_in_no_repr() -> None:
    assert KEY not in repr(Target("here", "https://hook.example", KEY))


@pytest.mark.parametrize(
    "url",
    [
        "http://hook.example/okta/events",
        "ftp://127.0.0.1/",
        "https://",
        "hook.example",
        "https://[",
        "https://hook.example:99999/",
        "https://person:word@hook.example/",
        "",
    ],
)
def test_an_address_is_https_or_this_machine(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv(SECRET, KEY)
    with pytest.raises(Misuse, match="--url takes an https address"):
        target_at(url)


def test_an_address_needs_its_secret_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("", "sécret", "two\nlines"):
        monkeypatch.setenv(SECRET, wrong)
        with pytest.raises(Misuse, match=f"Set {SECRET}"):
            target_at("https://hook.example/okta/events")
    monkeypatch.setenv(SECRET, KEY)
    assert target_at("https://hook.example/okta/events").secret == KEY
    assert target_at("http://127.0.0.1:9/").name == "http://127.0.0.1:9/"
