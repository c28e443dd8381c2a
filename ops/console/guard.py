"""Who may talk to the console: this machine's browser that was let in, and nobody through it.

A page of another site may send requests to 127.0.0.1, under a name of its own (DNS rebinding) or
with the person's cookies (cross-site requests); another user of the machine may connect as well.
So: the Host header names us, a key that only the terminal showed opens the door, and every change
carries a token and comes from our own pages.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response as Answer

from ops.console.desk import desk
from ops.console.errors import Stop

# Of a form: a reason of 500 characters, a digest, a token.
MOST_BYTES = 64 * 1024
# What a browser adds to a field when it sends it: % and two digits for most characters.
ENCODED = 3
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: with it browsers send "Origin: null" with a form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_OPEN = ("door.enter", "static")

V = TypeVar("V", bound=Callable[..., Any])

door = Blueprint("door", __name__)


def takes(most: int) -> Callable[[V], V]:
    """A page whose form may hold more than others: `most` bytes of text."""

    def mark(view: V) -> V:
        view.takes = most * ENCODED + MOST_BYTES  # type: ignore[attr-defined]
        return view

    return mark


def protect(app: Flask, key: str) -> None:
    """`key`: what the printed address carries. Everything ends with the process."""
    app.secret_key = secrets.token_bytes(32)
    app.config.update(
        # Browsers keep one jar for all ports of a host.
        SESSION_COOKIE_NAME=f"pushproof_{desk_port(app)}",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        MAX_CONTENT_LENGTH=MOST_BYTES,
        DOOR_KEY=key,
    )
    app.register_blueprint(door)
    app.before_request(_check)
    app.after_request(_headers)
    app.jinja_env.globals["csrf"] = csrf


def desk_port(app: Flask) -> int:
    return int(app.extensions["pushproof"].port)


def csrf() -> str:
    """The token of this browser's session; it is in no cookie."""
    return hmac.new(_secret(), str(session.get("id", "")).encode(), sha256).hexdigest()


@door.get("/enter/<key>")
def enter(key: str) -> Answer:
    if not hmac.compare_digest(key.encode(), str(current_app.config["DOOR_KEY"]).encode()):
        raise Stop(403, "This address is of an earlier start: open the one printed now.")
    session.clear()
    session["id"] = secrets.token_urlsafe(24)
    return redirect(url_for("overview.page"), 303)


def _check() -> None:
    port = desk().port
    ours = (f"127.0.0.1:{port}", f"localhost:{port}")
    host = request.headers.get("Host", "")
    if host not in ours:
        raise Stop(421, "The console answers as 127.0.0.1 and localhost only.")
    if request.endpoint in _OPEN and request.method == "GET":
        return
    if not session.get("id"):
        raise Stop(403, "Open the address that pushproof console printed in its terminal.")
    if request.method in ("GET", "HEAD"):
        return
    view = current_app.view_functions.get(request.endpoint or "")
    request.max_content_length = getattr(view, "takes", MOST_BYTES)
    request.max_form_memory_size = request.max_content_length
    if desk().read_only:
        raise Stop(403, "This console was started with --read-only: it changes nothing.")
    if request.headers.get("Origin") != f"http://{host}":
        raise Stop(403, "This came from another page than the console's: nothing was done.")
    if not hmac.compare_digest(request.form.get("csrf", "").encode(), csrf().encode()):
        raise Stop(403, "The form is of an earlier start: reload the page and send it again.")


def _headers(answer: Response) -> Response:
    for name, value in HEADERS.items():
        answer.headers[name] = value
    return answer


def _secret() -> bytes:
    secret = current_app.secret_key
    return secret if isinstance(secret, bytes) else str(secret).encode()
