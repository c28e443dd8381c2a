"""Errors are pages with one clear sentence; what else is known stays in the terminal, by kind."""

from __future__ import annotations

import sys
from http import HTTPStatus

from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, render_template
from werkzeug.exceptions import HTTPException, InternalServerError

from lib.errors import Conflict, PushproofError, Transient
from ops.connection import Misuse, Refusal, Trouble

_TOLD = {
    404: "There is no such page; the overview leads everywhere.",
    405: "That can not be done here.",
    413: "That is more than a form of the console holds.",
}


class Stop(Exception):
    """A request that ends here. `sentence` holds no value and no name."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def handle(app: Flask) -> None:
    @app.errorhandler(Stop)
    def stopped(error: Stop) -> tuple[str, int]:
        return _page(error.status, error.sentence)

    @app.errorhandler(Trouble)
    def trouble(error: Trouble) -> tuple[str, int]:
        return _page(status_of(error), error.message)

    @app.errorhandler(PushproofError)
    def failed(error: PushproofError) -> tuple[str, int]:
        later = isinstance(error, Transient) and not isinstance(error, Conflict)
        told = f"{sentence(str(error))} Try again in a moment." if later else sentence(str(error))
        return _page(503 if later else 409, told)

    @app.errorhandler(ClientError)
    def refused(error: ClientError) -> tuple[str, int]:
        code = error.response["Error"]["Code"]
        return _page(502, f"AWS answered {code}: are you still signed in, and allowed to?")

    @app.errorhandler(BotoCoreError)
    def unreachable(error: BotoCoreError) -> tuple[str, int]:
        return _page(502, f"AWS can not be asked ({type(error).__name__}).")

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> tuple[str, int]:
        if isinstance(error, InternalServerError) and error.original_exception is not None:
            # Its text may hold a value.
            kind = type(error.original_exception).__name__
            print(f"Error: the console failed with {kind}.", file=sys.stderr)
        code = error.code or 500
        return _page(code, _TOLD.get(code, "The console itself failed; nothing was decided by it."))


def status_of(error: Trouble) -> int:
    if isinstance(error, Refusal):
        return 409
    return 400 if isinstance(error, Misuse) else 502


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _page(status: int, told: str) -> tuple[str, int]:
    known = {phrase.value: phrase.phrase for phrase in HTTPStatus}
    return render_template("error.html", told=told, phrase=known.get(status, "Error")), status
