"""What can arrive at the door: deliveries, broken ones, and what is none at all."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from lib.rules.hints import WATCHED_EVENTS
from tests.fakes.make import APP, OTHER_APP, USER
from tests.fuzz.door import PREVIOUS, SECRET

# Whatever a sender puts in; none of it may show in a log line.
CANARY = "canary+12025550147@corp.example"
EVENTS = Path(__file__).resolve().parents[2] / "events"
SAMPLES = [
    body
    for path in sorted(EVENTS.glob("*.json"))
    if isinstance(body := json.loads(path.read_text(encoding="utf-8")).get("body"), dict)
]

# -- values -------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.sampled_from(
        [
            *(
                "",
                CANARY,
                USER,
                APP,
                OTHER_APP,
                "unknown",
                "?",
                "../..",
                "\ud800",
                "a\r\nb",
                "\x00",
            ),
            *("x" * 101, "😀" * 100, "é" * 100, "2026-01-02T03:04:05.678Z", "12025550147"),
        ]
    ),
    st.text(max_size=12),
    st.text(st.characters(categories=["Cs", "Cc", "So"]), max_size=6),
)
NUMBERS = st.sampled_from([0, -1, True, 1e308, float("inf"), float("nan"), 10**100]) | st.integers()
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from([USER, APP, OTHER_APP, CANARY]) | TEXTS | JSON
TIMES = JSON | st.sampled_from(
    ["0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "2026-01-02T03:04:05.678Z"]
)
TARGETS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["User", "AppUser", "AppInstance"]) | JSON,
        "id": IDS,
        "alternateId": st.just(CANARY) | TEXTS | JSON,
    }
)
HOOK_EVENTS = st.fixed_dictionaries(
    {
        "eventType": st.sampled_from(sorted(WATCHED_EVENTS)) | JSON,
        "target": st.lists(TARGETS | JSON, max_size=4) | JSON,
    },
    optional={"uuid": TEXTS | JSON, "published": TIMES, CANARY: JSON},
)
DELIVERIES = st.lists(HOOK_EVENTS | JSON, max_size=5).map(
    lambda events: {"eventType": CANARY, "data": {"events": events}}
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A sample delivery with some of its values replaced, removed or doubled."""
    body = json.loads(json.dumps(draw(st.sampled_from(SAMPLES))))
    for _ in range(draw(st.integers(1, 4))):
        holder, key = draw(st.sampled_from(places(body)))
        change = draw(st.sampled_from(["replace", "remove", "double"]))
        if change == "replace":
            holder[key] = draw(JSON)
        elif change == "double" and isinstance(holder, list):
            holder.append(holder[key])
        else:
            del holder[key]
        if not places(body):
            break
    return body


def places(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    keys = value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0)
    for key in keys:
        found.append((value, key))
        found += places(value[key])
    return found


# -- bodies -------------------------------------------------------------------------------------

# Values that no JSON writer makes, as text.
ODD_TEXTS = (
    *("", " ", "null", "[", "{}", '{"data":{"events":[]}}x', "\ufeff{}", CANARY),
    *('{"data":{"events":[1e999,-1e999,NaN,-Infinity]}}', "1" * 100_000, "-" + "9" * 100_000),
    '{"data":{"events":[' + "0." + "3" * 100_000 + "]}}",
    '{"data":{"events":[' + "7" * 100_000 + "]}}",
    *("[" * 100_000, '{"data":' * 100_000, "[" * 100_000 + "]" * 100_000),
    '{"data":{"events":' + "[" * 900 + "]" * 900 + "}}",
    '{"data":{"events":[]},"data":{"events":[{"eventType":"user.lifecycle.activate"}]}}',
    '{"data":{"events":[{"uuid":"a","uuid":"b","eventType":"user.lifecycle.activate"}]}}',
    '{"data":{"events":[' + ",".join(["{}"] * 20_000) + "]}}",
    *('{"data":{"events":["\\ud800"]}}', '{"data":{"events":["\ud800"]}}', "\ud800", "\x00" * 100),
)
TEXT_BODIES = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=60),
    (DELIVERIES | mutated() | JSON).map(lambda value: json.dumps(value, ensure_ascii=True)),
    (DELIVERIES | mutated()).map(lambda value: json.dumps(value, ensure_ascii=False)),
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1", "cp037"])
RAW_BODIES = st.one_of(
    st.binary(max_size=80),
    st.builds(lambda text, coding: text.encode(coding, "replace"), TEXT_BODIES, ENCODINGS),
    # Cut anywhere: half a character, half an object.
    st.builds(
        lambda text, part: text.encode("utf-8", "replace")[: int(len(text) * part)],
        TEXT_BODIES,
        st.floats(0, 1),
    ),
)
BASE64_BODIES = RAW_BODIES.map(lambda data: base64.b64encode(data).decode())
WELL_MADE = (DELIVERIES | mutated()).map(json.dumps)
BODIES = st.one_of(
    st.tuples(WELL_MADE, st.just(False)),
    st.tuples(WELL_MADE.map(lambda text: base64.b64encode(text.encode()).decode()), st.just(True)),
    st.tuples(TEXT_BODIES, st.booleans()),
    st.tuples(BASE64_BODIES, st.booleans()),
    st.tuples(BASE64_BODIES.map(lambda text: text[:-1] + "\n"), st.just(True)),
    st.tuples(JSON, st.booleans()),
)

# -- requests -----------------------------------------------------------------------------------

RIGHT = st.sampled_from([SECRET, SECRET, SECRET, PREVIOUS])
NEARLY = st.sampled_from(
    [
        *("", " ", SECRET.upper(), SECRET + " ", " " + SECRET, SECRET[:-1], SECRET + "x"),
        *(SECRET[::-1], f"{SECRET},{SECRET}", f"{SECRET}, {PREVIOUS}", f"Bearer {SECRET}"),
        *(f"{SECRET}\r\nx: y", f"{SECRET}\x00", SECRET + PREVIOUS),
        *(SECRET.replace("e", "е"), SECRET.encode("utf-16").decode("latin-1")),
    ]
)
WRONG = NEARLY | TEXTS.filter(lambda text: text not in (SECRET, PREVIOUS)) | JSON
HEADER_NAMES = st.sampled_from(
    ["Authorization", "AUTHORIZATION", "content-type", "x-okta-verification-challenge", "cookie"]
) | TEXTS.filter(lambda text: text.lower() != "authorization")
CHALLENGES = TEXTS | st.just("a\r\nset-cookie: x=y") | st.just("x" * 10_000) | st.just("Me-_1")


@st.composite
def api_events(draw: st.DrawFn, authorization: st.SearchStrategy[Any] | None) -> dict[str, Any]:
    """An HTTP API event (payload format 2.0) as it should be, around a body of any kind."""
    body, encoded = draw(BODIES)
    method = draw(
        st.sampled_from(["POST"] * 20 + ["GET", "GET", "PUT", "get", "TRACE", "", "HEAD"])
    )
    headers: dict[str, Any] = {"content-type": draw(TEXTS), "user-agent": CANARY}
    if authorization is not None:
        headers["authorization"] = draw(authorization)
    if method == "GET" or draw(st.booleans()):
        headers["x-okta-verification-challenge"] = draw(CHALLENGES)
    return {
        "version": "2.0",
        "routeKey": f"{method} /okta/events",
        "rawPath": draw(st.sampled_from(["/okta/events", "/", "//", "/okta/../approve", CANARY])),
        "rawQueryString": f"a={CANARY}",
        "headers": headers,
        "requestContext": {"http": {"method": method, "sourceIp": "192.0.2.7"}},
        "body": body,
        "isBase64Encoded": encoded,
    }


@st.composite
def broken(draw: st.DrawFn, events: st.SearchStrategy[Any]) -> Any:
    """An event with keys missing or of the wrong type, as nobody's gateway sends it."""
    event = draw(events)
    for _ in range(draw(st.integers(1, 3))):
        # A secret that is moved elsewhere must not count; one that stays in place may.
        spots = [(h, k) for h, k in places(event) if k != "authorization"]
        if not spots:
            break
        holder, key = draw(st.sampled_from(spots))
        if draw(st.booleans()):
            del holder[key]
        else:
            holder[key] = draw(JSON)
    return event


KNOWN = api_events(RIGHT)
UNKNOWN = api_events(WRONG) | api_events(None)
ANYTHING = KNOWN | broken(KNOWN) | UNKNOWN | broken(UNKNOWN) | JSON
