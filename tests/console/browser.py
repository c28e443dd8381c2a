"""A browser at the console, without a browser: cookies, the token of a form, the Origin header."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PORT = 8765
ROOT = f"http://127.0.0.1:{PORT}"
KEY = "the-key-of-this-start"
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class Browser:
    """`entered`: has opened the printed address."""

    def __init__(self, app: Flask, *, entered: bool = True) -> None:
        self.client: FlaskClient = app.test_client()
        self.visited: list[str] = []
        if entered:
            assert self.get(f"/enter/{KEY}").status_code == 303

    def get(self, path: str, root: str = ROOT, **more: Any) -> TestResponse:
        answer = self.client.get(path, base_url=root, **more)
        self.visited += [path, answer.headers.get("Location", "")]
        return answer

    def read(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    @property
    def token(self) -> str:
        """Of the audit page's neighbour with a form."""
        found = _TOKEN.search(self.get("/").text)
        return found[1] if found else ""

    def post(
        self,
        path: str,
        *,
        token: str | None = None,
        origin: str | None = ROOT,
        root: str = ROOT,
        **fields: str,
    ) -> TestResponse:
        """As its own form would: with the token it holds, from its own origin."""
        csrf = self.token if token is None else token
        headers = {"Origin": origin} if origin else {}
        answer = self.client.post(
            path, base_url=root, data={"csrf": csrf, **fields}, headers=headers
        )
        self.visited += [path, answer.headers.get("Location", "")]
        return answer

    def done(self, path: str, **fields: str) -> str:
        """Posts, follows the redirect, and answers the page it leads to."""
        answer = self.post(path, **fields)
        assert answer.status_code == 303, answer.text
        return self.read(answer.headers["Location"])


class Markup(HTMLParser):
    """What a browser would make of a page: its tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
