"""The table's keys, after its access patterns.

| pattern | key |
|---|---|
| a subject's link, coverage, look chain, open incidents | SUBJECT#app#user / STATE |
| an incident | INCIDENT#id / HEAD |
| its timeline, its pages | INCIDENT#id / ENTRY#time#nonce, PAGE#key |
| who is listed by a shared cause's incident | INCIDENT#id / MEMBER#app#user#attribute |
| how many ever joined it | INCIDENT#id / JOINED |
| what is open, most recent first | index `open`: OPEN#shard / opened_at |
| what was closed, most recent first | index `open`: CLOSED#shard / updated_at |
| what is due: unsent pages, looks, waits, steps without outcome | index `due`: DUE#shard / time |
| approvals of an incident (only approve writes) | APPROVAL#id / digest#person |
| what a person dismissed, by subject (only approve writes) | RULING#app#user / attribute |
| the mode (only approve writes) | CONTROL#mode / HEAD |
| who decided what, newest first (only approve writes) | AUDIT#month / time#nonce |
| a fact with its age (the tenant's flag, a preview) | FACT#name / HEAD |
| a touch proved on a test user (doctor) | FACT#touch_proof / app |
| Okta's connector, learned from the audit log | FACT#connector / app |
| a preview's rows, expiring | FACT#preview / PART#time#number |
| the preview the flag was set by; its rows stay | FACT#preview / KEPT#time |
| hourly counters, expiring | COUNTER#name#hour / HEAD |
| whose a place of an hourly counter is, expiring | COUNTER#name#hour / PLACE#who |
| the tenant lock | LOCK#tenant / HEAD |
| a lease with its epoch | LOCK#name / HEAD |
| where reading Okta's log stopped (only catch_up writes) | CURSOR#system_log / HEAD |
| which road hints came by, expiring | FACT#hook_marks / time#nonce |
| whether the hook still delivers | FACT#hook_health / HEAD |
| the overview, as tick last drew it | FACT#overview / HEAD |
| parked work | PARKED#shard / time#id |
| parked work that a person threw away, expiring | PARKED#discarded / time#id |
| a sweep | SWEEP#id / HEAD |
| the one sweep that runs | SWEEP#running / HEAD |
| what a sweep found, whom its first round saw | SWEEP#id / FOUND#app#user, SEEN#app#page |
| all sweeps, by their start | index `open`: SWEEPS / started_at |
| whom the first sweep's summary tells of, expiring | SWEEP#baseline / app#user |
| how many users an app has, by the last sweep | FACT#app_size / app |
| who was ever linked, so that leavers are found | index `open`: LINKED#app#shard / user |
| subjects that a sweep's rounds have to read | WANTED#shard / app#user |

The first word of pk is what IAM conditions (dynamodb:LeadingKeys) separate writers by.
One open incident per subject and attribute: the subject's own item holds the map, and every
write of it is conditional on its version.
"""

from __future__ import annotations

import zlib

from lib.model import Attribute, Subject

SHARDS = 4


def subject(of: Subject) -> dict[str, str]:
    return {"pk": f"SUBJECT#{of.app_id}#{of.user_id}", "sk": "STATE"}


def incident(incident_id: str, part: str = "HEAD") -> dict[str, str]:
    return {"pk": f"INCIDENT#{incident_id}", "sk": part}


def member(parent_id: str, of: Subject, attribute: Attribute) -> dict[str, str]:
    return incident(parent_id, f"MEMBER#{of.app_id}#{of.user_id}#{attribute.value}")


def approval(incident_id: str, digest: str, person: str) -> dict[str, str]:
    return {"pk": f"APPROVAL#{incident_id}", "sk": f"{digest}#{person}"}


def ruling(of: Subject, attribute: str) -> dict[str, str]:
    return {"pk": f"RULING#{of.app_id}#{of.user_id}", "sk": attribute}


def audit(at: str, nonce: str) -> dict[str, str]:
    """`at` as lib/times.py writes it; a month to a partition."""
    return {"pk": audit_month(at), "sk": f"{at}#{nonce}"}


def audit_month(at: str) -> str:
    return f"AUDIT#{at[:7]}"


def control(name: str) -> dict[str, str]:
    return {"pk": f"CONTROL#{name}", "sk": "HEAD"}


def fact(name: str, of: str = "HEAD") -> dict[str, str]:
    """`of`: the app a fact is about, where it is not about the tenant."""
    return {"pk": f"FACT#{name}", "sk": of}


def counter(name: str, hour: str) -> dict[str, str]:
    return {"pk": f"COUNTER#{name}#{hour}", "sk": "HEAD"}


def place(name: str, hour: str, who: str) -> dict[str, str]:
    return {**counter(name, hour), "sk": f"PLACE#{who}"}


def preview_part(at: str, number: int) -> dict[str, str]:
    return fact("preview", f"PART#{at}#{number:05d}")


def preview_kept(at: str) -> dict[str, str]:
    return fact("preview", f"KEPT#{at}")


def tenant_lock() -> dict[str, str]:
    return {"pk": "LOCK#tenant", "sk": "HEAD"}


def lease(name: str) -> dict[str, str]:
    return {"pk": f"LOCK#{name}", "sk": "HEAD"}


def cursor(name: str) -> dict[str, str]:
    return {"pk": f"CURSOR#{name}", "sk": "HEAD"}


def hook_mark(at: str, nonce: str) -> dict[str, str]:
    return fact("hook_marks", f"{at}#{nonce}")


def shard(of: str) -> int:
    return zlib.crc32(of.encode()) % SHARDS


def parked(at: str, identifier: str) -> dict[str, str]:
    return {"pk": f"PARKED#{shard(identifier)}", "sk": f"{at}#{identifier}"}


def discarded(at: str, work_id: str) -> dict[str, str]:
    return {"pk": "PARKED#discarded", "sk": f"{at}#{work_id}"}


# Partition of the index `open`.
ALL_SWEEPS = "SWEEPS"


def sweep(sweep_id: str) -> dict[str, str]:
    return {"pk": f"SWEEP#{sweep_id}", "sk": "HEAD"}


def running_sweep() -> dict[str, str]:
    return sweep("running")


def found(sweep_id: str, of: Subject) -> dict[str, str]:
    return {"pk": f"SWEEP#{sweep_id}", "sk": f"FOUND#{of.app_id}#{of.user_id}"}


def seen(sweep_id: str, app_id: str, page: int) -> dict[str, str]:
    return {"pk": f"SWEEP#{sweep_id}", "sk": f"SEEN#{app_id}#{page:06d}"}


def baseline(of: Subject) -> dict[str, str]:
    return {"pk": "SWEEP#baseline", "sk": f"{of.app_id}#{of.user_id}"}


def linked_shard(app_id: str, number: int) -> str:
    return f"LINKED#{app_id}#{number}"


def linked_index(of: Subject) -> dict[str, str]:
    return {"open_pk": linked_shard(of.app_id, shard(of.user_id)), "open_sk": of.user_id}


def wanted(of: Subject) -> dict[str, str]:
    return {"pk": wanted_shard(shard(of.user_id)), "sk": f"{of.app_id}#{of.user_id}"}


def wanted_shard(number: int) -> str:
    return f"WANTED#{number}"


def open_index(incident_id: str, at: str, *, closed: bool = False) -> dict[str, str]:
    word = "CLOSED" if closed else "OPEN"
    return {"open_pk": f"{word}#{shard(incident_id)}", "open_sk": at}


def due_index(of: str, at: str) -> dict[str, str]:
    """`of` only spreads the load: an incident's id or a user's."""
    return {"due_pk": f"DUE#{shard(of)}", "due_sk": at}
