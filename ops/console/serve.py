"""Serves the console on loopback until interrupted."""

from __future__ import annotations

import errno
import secrets
import socket
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from ops.connection import Trouble
from ops.console.app import create_console
from ops.console.desk import Desk

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    """Writes no request down: the first one carries the key."""

    timeout = 30

    def log(self, *_: Any) -> None:
        return


def open_console(desk: Desk) -> tuple[BaseWSGIServer, str]:
    """A server that listens, and the address that lets a browser in. Raises Trouble.

    `desk.port` 0 takes any that is free, and is set to it.
    """
    try:
        listening = socket.create_server((HOST, desk.port))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        told = f"Port {desk.port} can not be used here; name another with --port, 0 for any."
        raise Trouble(told) from None
    with listening:
        desk.port = int(listening.getsockname()[1])
        key = secrets.token_urlsafe(24)
        server = make_server(
            HOST,
            desk.port,
            create_console(desk, key),
            threaded=True,
            request_handler=_Quiet,
            fd=listening.fileno(),
        )
    return server, f"http://{HOST}:{desk.port}/enter/{key}"
