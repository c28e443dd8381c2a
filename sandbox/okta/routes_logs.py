"""GET /api/v1/logs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from flask import Blueprint, Response

from sandbox.okta.log_query import read_page
from sandbox.okta.syslog import SystemLog
from sandbox.okta.web import arguments, linked


def log_routes(
    log: SystemLog, clock: Callable[[], datetime], base_url: Callable[[], str]
) -> Blueprint:
    routes = Blueprint("logs", __name__, url_prefix="/api/v1/logs")

    @routes.get("")
    def read() -> Response:
        page = read_page(log, arguments(), clock())
        return linked(page.events, base_url(), page.next_query)

    return routes
