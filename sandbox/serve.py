"""Serves a Flask app on loopback: threads, keep-alive, TLS, and a stop that leaves nothing."""

from __future__ import annotations

import errno
import io
import socket
import ssl
import threading
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from sandbox.tls import Tls

_HOST = "127.0.0.1"
_HANDSHAKE_SECONDS = 10.0
_BACKLOG = 128
_BODY_LIMIT = 16 * 1024 * 1024


class PortTaken(Exception):
    """Somebody else listens on the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"Port {port} of {_HOST} is already taken; stop what uses it or name another."
        )
        self.port = port


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are written separately; Nagle would hold the body back for 40 ms.
    disable_nagle_algorithm = True
    _keep_alive = False
    _dated = False

    def setup(self) -> None:
        """The handshake runs here, in the connection's own thread, and may not take for ever."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(_HANDSHAKE_SECONDS)
            self.request.do_handshake()
            self.request.settimeout(None)
        super().setup()

    def run_wsgi(self) -> None:
        """Takes the body off the connection first, so that the next request line follows it."""
        length = self.headers.get("Content-Length", "0")
        drained = length.isdecimal() and int(length) <= _BODY_LIMIT
        if not drained or "Transfer-Encoding" in self.headers:
            self._keep_alive = False
            super().run_wsgi()
            return
        self._keep_alive = True
        connection = self.rfile
        self.rfile = io.BytesIO(connection.read(int(length)))
        try:
            super().run_wsgi()
        finally:
            self.rfile = connection

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without Date and Server: both belong to the app, and twice is once too often."""
        self._dated = False
        self.send_response_only(code, message)

    def send_header(self, keyword: str, value: str) -> None:
        """Werkzeug ends every connection because it does not drain bodies; here they are."""
        if keyword.lower() == "connection" and self._keep_alive:
            return
        self._dated |= keyword.lower() == "date"
        super().send_header(keyword, value)

    def end_headers(self) -> None:
        if not self._dated:
            self.send_header("Date", self.date_time_string())
        super().end_headers()

    def log(self, type: str, message: str, *args: Any) -> None:
        """Requests carry tokens and names; none of that belongs on a terminal."""


class _Listener(ThreadedWSGIServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, app: Flask, listening: socket.socket, tls: Tls | None) -> None:
        # A descriptor of our own, because the server ends the process when it cannot bind.
        super().__init__(
            _HOST, listening.getsockname()[1], app, handler=_Handler, fd=listening.fileno()
        )
        if tls is not None:
            # Set afterwards: a wrapped listening socket would shake hands in the accept loop.
            self.ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.ssl_context.load_cert_chain(tls.cert_file, tls.key_file)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = self.socket.accept()
        if self.ssl_context is not None:
            connection = self.ssl_context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Idle keep-alive connections would otherwise outlive the server."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already gone

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up or fails the handshake is its own business."""


class Server:
    """A running server. `url` has no trailing slash."""

    def __init__(self, listener: _Listener) -> None:
        self._listener = listener
        self._thread = threading.Thread(
            target=listener.serve_forever,
            kwargs={"poll_interval": 0.05},
            name=f"serve-{listener.port}",
            daemon=True,
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._listener.port)

    @property
    def url(self) -> str:
        scheme = "http" if self._listener.ssl_context is None else "https"
        return f"{scheme}://{_HOST}:{self.port}"

    def stop(self) -> None:
        """Closes the port and every connection; safe to call twice."""
        self._listener.shutdown()
        self._listener.server_close()
        self._listener.close_connections()
        self._thread.join(timeout=5)


def serve(app: Flask, tls: Tls | None, port: int = 0) -> Server:
    """Serves `app` on 127.0.0.1; port 0 takes a free one. PortTaken when the port is in use."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((_HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortTaken(port) from error
            raise
        listening.listen(_BACKLOG)
        return Server(_Listener(app, listening, tls))
