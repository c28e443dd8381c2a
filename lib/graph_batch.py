"""Microsoft Graph's $batch for reads: 20 parts a round trip, answers in any order.

Source: the vendor's JSON batching guide. The outer answer is 200 even when parts fail, each part
is throttled by itself and carries its own headers.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from lib.errors import Transient
from lib.graph_parse import mapping
from lib.http import Http, Reply

PARTS = 20
# Round trips side by side: a page of a sweep takes two.
TRIPS = 2
PATH = "/v1.0/$batch"

Part = Reply | Transient


def read_parts(http: Http, urls: Sequence[str]) -> list[Part]:
    """GETs relative addresses (below /v1.0); the answers are in the order of `urls`.

    A part that the answer leaves out is Transient. Raises what the outer call raises.
    """
    shares = [urls[start : start + PARTS] for start in range(0, len(urls), PARTS)]
    if len(shares) < 2:
        return [part for share in shares for part in _round_trip(http, share)]
    with ThreadPoolExecutor(min(TRIPS, len(shares))) as pool:
        trips = pool.map(lambda share: _round_trip(http, share), shares)
        return [part for trip in trips for part in trip]


def literal(value: str) -> str:
    """An OData string literal inside an address: quotes doubled, then percent-encoded."""
    doubled = value.replace("'", "''")
    return f"'{quote(doubled, safe='')}'"


def _round_trip(http: Http, urls: Sequence[str]) -> list[Part]:
    requests = [
        {"id": str(number), "method": "GET", "url": url} for number, url in enumerate(urls, start=1)
    ]
    reply = http.request("POST", PATH, json={"requests": requests}, repeatable=True)
    responses = mapping(reply.body).get("responses")
    answered: dict[object, Part] = {}
    for raw in responses if isinstance(responses, list) else []:
        given = mapping(raw)
        status = given.get("status")
        if isinstance(status, int):
            headers = {str(k).lower(): str(v) for k, v in mapping(given.get("headers")).items()}
            if "date" in reply.headers:
                headers.setdefault("date", reply.headers["date"])
            answered[given.get("id")] = Reply(status, headers, given.get("body"), reply.received_at)
    missing = Transient("Graph's batch answer leaves a part out")
    return [answered.get(request["id"], missing) for request in requests]
