"""Puts the console together."""

from __future__ import annotations

from flask import Flask
from jinja2 import StrictUndefined

from ops.console import (
    audit,
    doctor,
    errors,
    guard,
    incident,
    incidents,
    overview,
    parked,
    sent,
    sweep,
    words,
    world,
)
from ops.console import replay as replaying
from ops.console.desk import NAME, Desk

PAGES = (
    ("overview.page", "Overview"),
    ("incidents.page", "Incidents"),
    ("parked.page", "Parked"),
    ("sweep.page", "Sweep"),
    ("replay.page", "Replay"),
    ("doctor.page", "Doctor"),
    ("audit.page", "Audit"),
)
# Of a sandbox that may be changed and broken only.
WORLD = ("world.page", "World")
# Pages that belong to another one's place.
WITHIN = {"incident": "incidents", "sent": "replay"}


def create_console(desk: Desk, key: str) -> Flask:
    app = Flask(__name__)
    app.extensions[NAME] = desk
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(desk=desk, pages=PAGES, within=WITHIN)
    words.teach(app)
    errors.handle(app)
    guard.protect(app, key)
    for module in (overview, incidents, incident, parked, sweep, replaying, sent, doctor, audit):
        app.register_blueprint(module.pages)
    if desk.connection.is_sandbox and desk.connection.control:
        app.jinja_env.globals["pages"] = (*PAGES, WORLD)
        app.register_blueprint(world.pages)
    # A traceback holds what was being worked on; errors.py tells the kind.
    app.log_exception = lambda *_: None  # type: ignore[method-assign]
    return app
