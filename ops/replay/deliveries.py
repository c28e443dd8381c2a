"""What can be sent: samples, files, pasted text, entries of Okta's log; each one request of Okta's.

Source of the envelope: Okta's event hook documentation (eventId names the delivery, not an event).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from lib.rules.mask import printable
from lib.times import from_text_or_none, to_text
from ops import samples
from ops.connection import Misuse, Trouble
from ops.samples import FOLDER, Sample

HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}
# Receive takes 5 MB; what a person pastes is a delivery or a few entries of the log.
LONGEST = 5_000_000
LONGEST_NAME = 60


def of_name(name_or_file: str) -> Sample:
    """A sample by name, or a file that holds whatever of_text takes. Raises Trouble."""
    file = FOLDER / f"{name_or_file}.json"
    if name_or_file not in samples.names():
        file = Path(name_or_file)
    if not _is_file(file):
        # A delivery given in place of its file holds values.
        name = printable(name_or_file[:LONGEST_NAME])
        raise Trouble(f"There is no sample or file {name}; samples: {', '.join(samples.names())}.")
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError):
        raise Trouble(f"{file.name} can not be read as text.") from None
    return of_text(text, file.stem, file.name)


def of_text(text: str, name: str, said: str = "The text") -> Sample:
    """A sample, a delivery of Okta's, one entry of its System Log, or a list of such entries.

    `said`: what a refusal calls it. Raises Misuse.
    """
    if len(text) > LONGEST:
        raise Misuse(f"{said} is larger than {LONGEST} bytes, more than the hook takes.")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise Misuse(f"{said} is not JSON{where}.") from None
    match found:
        case {"method": _, "headers": _}:
            return _of_sample(found, name, said)
        case {"data": {"events": list()}}:
            return Sample(name, "POST", HEADERS, json.dumps(found))
        case {"eventType": str(), "uuid": str()}:
            return of_entries([found], name)
        case [dict(), *_] if all(isinstance(each, dict) and "eventType" in each for each in found):
            return of_entries(found, name)
    raise Misuse(
        f"{said} is no delivery of Okta's: it needs data.events, or eventType and uuid as an entry "
        "of the System Log has them, or a list of such entries, or method and headers as a sample."
    )


def of_entries(entries: Sequence[object], name: str, source: str = "") -> Sample:
    """Entries of the System Log in one delivery: a hook carries the same objects. `source`: the
    hook's address at Okta, which nothing relies on.
    """
    body = {
        "eventType": "com.okta.event_hook",
        "eventTypeVersion": "1.0",
        "cloudEventsVersion": "0.1",
        "source": source or "https://replayed.invalid/api/v1/eventHooks",
        "eventId": str(uuid.uuid4()),
        "data": {"events": list(entries)},
        "eventTime": _latest(entries),
        "contentType": "application/json",
    }
    return Sample(name, "POST", HEADERS, json.dumps(body))


def rewritten(sample: Sample, *, new_ids: bool = False, now: datetime | None = None) -> Sample:
    """With ids that were never sent, or with times moved so that the latest is `now`.

    A hint older than its subject's last read is answered already, so a sample sent twice needs
    new times to make anybody look. What holds no events stays as it is.
    """
    body = _body(sample) if new_ids or now else None
    events = body["data"]["events"] if body else []
    if body is None or not events:
        return sample
    if new_ids:
        body["eventId"] = str(uuid.uuid4())
        _renew_ids(events)
    if now:
        body["eventTime"] = to_text(now)
        _move_times(events, now)
    return replace(sample, body=json.dumps(body))


def events_of(sample: Sample) -> list[object]:
    """As sent; none where the hook answers by itself."""
    body = _body(sample)
    return list(body["data"]["events"]) if body else []


def pretty(sample: Sample) -> str | None:
    """The body to be read by people; as it is where it is not JSON."""
    try:
        return json.dumps(json.loads(sample.body), indent=2) if sample.body is not None else None
    except (ValueError, RecursionError):
        return sample.body


# -- within --------------------------------------------------------------------------------


def _of_sample(found: Mapping[str, Any], name: str, said: str) -> Sample:
    method, headers, body = found["method"], found["headers"], found.get("body")
    if method not in ("GET", "POST") or not isinstance(headers, dict):
        raise Misuse(f"{said} is no sample: its method is GET or POST, and its headers a mapping.")
    if not all(_is_header(part) for pair in headers.items() for part in pair):
        raise Misuse(f"{said} is no sample: each header is one line of ASCII text.")
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    if text is not None and not _is_text(text):
        raise Misuse(f"{said} is no sample: its body holds halves of characters.")
    return Sample(name, str(method), {str(key): value for key, value in headers.items()}, text)


def _is_file(file: Path) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):  # longer than a name may be, or with a NUL
        return False


def _is_header(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable()


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _body(sample: Sample) -> dict[str, Any] | None:
    try:
        body = json.loads(sample.body or "")
    except (ValueError, RecursionError):
        return None
    match body:
        case {"data": {"events": list()}}:
            return dict(body)
    return None


def _latest(entries: Sequence[object]) -> str | None:
    known = [moment for entry in entries if (moment := _published(entry))]
    return to_text(max(known)) if known else None


def _published(entry: object) -> datetime | None:
    return from_text_or_none(entry.get("published")) if isinstance(entry, Mapping) else None


def _renew_ids(events: Sequence[Any]) -> None:
    """Events that shared an id go on sharing one: a duplicate stays a duplicate."""
    new: dict[str, str] = {}
    for event in events:
        if isinstance(event, dict) and isinstance(event.get("uuid"), str):
            event["uuid"] = new.setdefault(event["uuid"], str(uuid.uuid4()))


def _move_times(events: Sequence[Any], now: datetime) -> None:
    """All by the same span, so that their order and distances stay."""
    known = [moment for event in events if (moment := _published(event))]
    if not known:
        return
    span = now - max(known)
    try:
        for event in events:
            moment = _published(event)
            if moment:
                event["published"] = to_text(moment + span)
    except OverflowError:
        raise Misuse("Their times are too far apart to be moved.") from None
