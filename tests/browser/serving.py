"""The console as `pushproof console` serves it, in a thread of the test's own process."""

from __future__ import annotations

import threading

from ops.console.desk import Desk
from ops.console.serve import HOST, open_console


class Served:
    """`address` lets a browser in; `root` has no slash at its end."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._server, self.address = open_console(desk)
        self.root = f"http://{HOST}:{desk.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """May be called twice."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
