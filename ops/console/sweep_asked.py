"""What an address of the sweep's pages asks for: ids and words of lists, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from flask import request

from lib.model import Subject
from lib.rules.sweep import Sweep
from lib.times import from_text_or_none
from ops.console.errors import Stop
from ops.sweep_rows import ATTRIBUTES, INCIDENT, WHATS, Wanted

# An app's id and a user's.
_AFTER = re.compile(r"([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})")
_NO_PAGE = "That is no page of this list; begin at its first."


def choices(sweep: Sweep) -> dict[str, Sequence[str]]:
    """What a report can be narrowed to."""
    return {
        "what": tuple(WHATS),
        "attribute": ATTRIBUTES,
        "app": sweep.apps,
        "incident": INCIDENT,
    }


def wanted(sweep: Sweep) -> Wanted:
    given = {name: request.args.get(name, "") for name in choices(sweep)}
    for name, allowed in choices(sweep).items():
        if given[name] and given[name] not in allowed:
            raise Stop(400, f"The report has no such filter of {name}; choose one of the list.")
    return Wanted(**given)


def after(narrowed: Wanted) -> Subject | None:
    """Whom a page of the report follows."""
    given = request.args.get("after", "")
    if not given:
        return None
    found = _AFTER.fullmatch(given)
    if found is None or narrowed.app not in ("", found[1]):
        raise Stop(400, _NO_PAGE)
    return Subject(found[1], found[2])


def before() -> datetime | None:
    """When what a page of the list follows was begun."""
    given = request.args.get("before", "")
    found = from_text_or_none(given)
    if given and found is None:
        raise Stop(400, _NO_PAGE)
    return found
