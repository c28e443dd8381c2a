"""A file that is made while it is sent, so that its length costs no memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain, islice

from werkzeug.wrappers import Response

from lib.errors import PushproofError

# Lines that are sent together.
PART = 100


def csv_file(name: str, lines: Iterator[str]) -> Response:
    """Raises what its first part raises: that outage is a page which says so.

    A later one breaks the connection off, which a browser calls a failed download. A file that
    just ended there would be taken for all of it.
    """
    parts = _parts(lines)
    first = next(parts, "")
    answer = Response(chain([first], _sent(parts)), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _parts(lines: Iterator[str]) -> Iterator[str]:
    while part := "".join(islice(lines, PART)):
        yield part


def _sent(parts: Iterator[str]) -> Iterator[str]:
    try:
        yield from parts
    except PushproofError as error:
        print(f"Error: a download broke off: {error}.", file=sys.stderr)
        # Werkzeug takes it for the browser's going away: no traceback, no orderly end.
        raise ConnectionAbortedError from None
