"""How things are written on a page. Everything that varies goes through here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

from lib.incident import CauseName
from lib.rules.cause_table import CAUSES
from lib.rules.mask import printable
from lib.times import from_text_or_none, to_text
from ops.console.desk import desk

# Of anything from a queue, an event or a directory.
LONGEST = 20_000
TIME = Markup('<time datetime="{}">{}</time>')


def teach(app: Flask) -> None:
    # Whoever owns a profile or sends an event decides no character that steers the screen.
    app.jinja_env.finalize = plain
    app.jinja_env.filters.update(
        when=when, day=day, ago=ago, lines=lines, words=words, cause=cause_title
    )


def plain(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(cut(value))
    return "" if value is None else value


def cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… (cut)"


def lines(text: str) -> Markup:
    """For <pre>: keeps line ends, and only these."""
    return Markup("\n").join(escape(printable(line)) for line in cut(text).split("\n"))


def words(code: str) -> str:
    """waiting_approval -> waiting approval"""
    return str(code).replace("_", " ")


def cause_title(name: str) -> str:
    known = {cause.value: CAUSES[cause].title for cause in CauseName}
    return known.get(str(name), str(name))


def when(moment: datetime | str | None) -> Markup:
    """A time element: UTC, to the second."""
    return _time(moment, "%Y-%m-%d %H:%M:%S")


def day(moment: datetime | str | None) -> Markup:
    """A time element, to the minute and without the year: beside how long ago it was."""
    return _time(moment, "%m-%d %H:%M")


def _time(moment: datetime | str | None, form: str) -> Markup:
    known = from_text_or_none(moment) if isinstance(moment, str) else moment
    if known is None:
        return Markup("–")
    return TIME.format(to_text(known), known.strftime(form))


def ago(moment: datetime | str | None) -> str:
    known = from_text_or_none(moment) if isinstance(moment, str) else moment
    return span(desk().clock() - known) if known else "unknown"


def span(lasting: timedelta) -> str:
    """95 s, 12 min, 5 h, 3 d"""
    seconds = max(0, int(lasting.total_seconds()))
    for most, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds // unit} {name}"
    return f"{seconds // 86_400} d"
