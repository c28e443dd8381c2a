"""The one table: every write is conditional, and what belongs together is one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from lib.errors import Conflict, Transient
from lib.incident import Entry, Incident, Page
from lib.model import Attribute, Link, Subject
from lib.rules.causes import BypassFact
from lib.rules.looks import Chain
from lib.rules.policy import Approval
from lib.settings import Mode
from lib.store import keys
from lib.store.codec import decode, encode
from lib.times import from_text, to_text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class Errand:
    """Something to send once a transaction has committed: a page, or a remediation."""

    incident_id: str
    page_key: str = ""
    digest: str = ""
    attempt: int = 0


@dataclass(frozen=True)
class SubjectState:
    """What is remembered of one subject. `version` 0: nothing yet."""

    subject: Subject
    version: int = 0
    link: Link | None = None
    covered_to: datetime | None = None
    wanted_to: datetime | None = None
    last_read: datetime | None = None
    chain: Chain | None = None
    next_look: datetime | None = None  # a look that is queued reads no earlier than this
    open: dict[Attribute, str] = field(default_factory=dict)
    touched_at: dict[Attribute, datetime] = field(default_factory=dict)
    errands: tuple[Errand, ...] = ()


@dataclass(frozen=True)
class IncidentChange:
    """One incident's new state with what is told of it. Its `version` is the one that was read."""

    incident: Incident
    entries: tuple[Entry, ...] = ()
    pages: tuple[Page, ...] = ()


class Table:
    """Raises Conflict when somebody was faster, Transient when DynamoDB can not answer."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    # -- subjects ---------------------------------------------------------------------------

    def subjects(self, wanted: Sequence[Subject]) -> dict[Subject, SubjectState]:
        """Consistent reads, a hundred a request (BatchGetItem's limit)."""
        found = {subject: SubjectState(subject) for subject in wanted}
        names = list(found)
        for start in range(0, len(names), 100):
            ask: Any = {
                self._name: {
                    "Keys": [keys.subject(s) for s in names[start : start + 100]],
                    "ConsistentRead": True,
                }
            }
            while ask:
                answer = self._call(self._client.batch_get_item, RequestItems=ask)
                for item in answer["Responses"].get(self._name, []):
                    state = decode(SubjectState, str(item["body"]))
                    found[state.subject] = state
                ask = answer.get("UnprocessedKeys")
        return found

    def commit_subject(
        self, state: SubjectState, changes: Sequence[IncidentChange] = ()
    ) -> SubjectState:
        """Coverage, incidents, pages and intents in one transaction.

        Refused (Conflict) when a newer read of the subject is already stored, or when one of
        the incidents changed since it was read.
        """
        stored = replace(state, version=state.version + 1)
        item = {
            **keys.subject(state.subject),
            "body": encode(stored),
            "version": stored.version,
            "last_read": to_text(state.last_read) if state.last_read else "",
        }
        condition = "attribute_not_exists(pk)"
        values: dict[str, Any] = {}
        if state.version:
            condition = "version = :v AND last_read < :t"
            values = {":v": state.version, ":t": item["last_read"]}
        puts = [self._put(item, condition, values)]
        for change in changes:
            puts.extend(self._incident_puts(change))
        self._transact(puts)
        return stored

    def errands_done(self, state: SubjectState) -> None:
        """Forgets the errands that were run; a newer state keeps them, which costs a repeat."""
        stored = replace(state, errands=(), version=state.version + 1)
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.subject(state.subject),
                UpdateExpression="SET body = :b, version = :n",
                ConditionExpression="version = :v",
                ExpressionAttributeValues={
                    ":b": encode(stored),
                    ":n": stored.version,
                    ":v": state.version,
                },
            )
        except Conflict:
            return

    # -- incidents --------------------------------------------------------------------------

    def incident(self, incident_id: str) -> Incident | None:
        item = self._get(keys.incident(incident_id))
        return decode(Incident, str(item["body"])) if item else None

    def commit_incident(self, change: IncidentChange) -> Incident:
        """One incident outside a check: steps, outcomes, decisions by people."""
        self._transact(self._incident_puts(change))
        return replace(change.incident, version=change.incident.version + 1)

    def timeline(self, incident_id: str) -> list[Entry]:
        rows = self._query(
            "pk = :p AND begins_with(sk, :s)",
            {":p": keys.incident(incident_id)["pk"], ":s": "ENTRY#"},
        )
        return [decode(Entry, str(row["body"])) for row in rows]

    def add_entry(self, incident_id: str, entry: Entry) -> None:
        self._call(
            self._client.put_item, TableName=self._name, Item=_entry_item(incident_id, entry)
        )

    def summaries(self, *, closed: bool = False) -> list[Mapping[str, Any]]:
        """What is open (or was closed), from the sharded index; most recent first."""
        word = "CLOSED" if closed else "OPEN"
        rows: list[Mapping[str, Any]] = []
        for number in range(keys.SHARDS):
            rows.extend(self._query("open_pk = :p", {":p": f"{word}#{number}"}, index="open"))
        return sorted(rows, key=lambda row: str(row["open_sk"]), reverse=True)

    # -- pages ------------------------------------------------------------------------------

    def unsent_pages(self, incident_id: str) -> list[Page]:
        rows = self._query(
            "pk = :p AND begins_with(sk, :s)",
            {":p": keys.incident(incident_id)["pk"], ":s": "PAGE#"},
        )
        return [decode(Page, str(row["body"])) for row in rows if "sent_at" not in row]

    def page_sent(self, page: Page, at: datetime) -> None:
        self._call(
            self._client.update_item,
            TableName=self._name,
            Key=keys.incident(page.incident_id, f"PAGE#{page.key}"),
            UpdateExpression="SET sent_at = :t REMOVE due_pk, due_sk",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":t": to_text(at)},
        )

    # -- people -----------------------------------------------------------------------------

    def approvals(self, incident_id: str) -> list[Approval]:
        rows = self._query("pk = :p", {":p": f"APPROVAL#{incident_id}"})
        return [decode(Approval, str(row["body"])) for row in rows]

    def approve(self, incident_id: str, approval: Approval, oldest: datetime) -> bool:
        """False when this person already approved this plan: the first approval stands.

        One given before `oldest` has run out and is replaced.
        """
        key = keys.approval(incident_id, approval.digest, approval.person)
        try:
            self._call(
                self._client.put_item,
                TableName=self._name,
                Item={**key, "body": encode(approval), "approved_at": to_text(approval.at)},
                ConditionExpression="attribute_not_exists(pk) OR approved_at < :oldest",
                ExpressionAttributeValues={":oldest": to_text(oldest)},
            )
        except Conflict:
            return False
        return True

    def mode(self, default: Mode) -> Mode:
        """The stored mode, or the deployed one. What is stored and unreadable fails closed."""
        item = self._get(keys.control("mode"))
        if item is None:
            return default
        stored = str(item.get("mode"))
        return Mode(stored) if stored in {mode.value for mode in Mode} else Mode.OBSERVE

    def set_mode(self, mode: Mode, person: str, at: datetime) -> None:
        item = {**keys.control("mode"), "mode": mode.value, "by": person, "at": to_text(at)}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    # -- facts, caps, lock, parked work -----------------------------------------------------

    def bypass_fact(self) -> BypassFact | None:
        item = self._get(keys.fact("bypass"))
        return decode(BypassFact, str(item["body"])) if item else None

    def record_bypass(self, fact: BypassFact) -> None:
        self._call(
            self._client.put_item,
            TableName=self._name,
            Item={**keys.fact("bypass"), "body": encode(fact)},
        )

    def record_preview(self, body: str, at: datetime) -> None:
        item = {**keys.fact("preview"), "body": body, "at": to_text(at)}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def preview(self) -> tuple[datetime, str] | None:
        item = self._get(keys.fact("preview"))
        return (from_text(str(item["at"])), str(item["body"])) if item else None

    def count(self, name: str, now: datetime, limit: int) -> bool:
        """Takes one of `limit` places in this hour; False when none is left."""
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.counter(name, now.strftime("%Y-%m-%dT%H")),
                UpdateExpression="SET expires = :e ADD used :one",
                ConditionExpression="(attribute_not_exists(used) AND :limit > :zero)"
                " OR used < :limit",
                ExpressionAttributeValues={
                    ":e": int((now + timedelta(hours=3)).timestamp()),
                    ":one": 1,
                    ":zero": 0,
                    ":limit": limit,
                },
            )
        except Conflict:
            return False
        return True

    def take_tenant_lock(self, holder: str, now: datetime, lasting: timedelta) -> None:
        """Raises Conflict while somebody else holds it."""
        self._call(
            self._client.put_item,
            TableName=self._name,
            Item={**keys.tenant_lock(), "holder": holder, "until": to_text(now + lasting)},
            ConditionExpression="attribute_not_exists(pk) OR holder = :h OR #u < :now",
            ExpressionAttributeNames={"#u": "until"},
            ExpressionAttributeValues={":h": holder, ":now": to_text(now)},
        )

    def release_tenant_lock(self, holder: str) -> None:
        try:
            self._call(
                self._client.delete_item,
                TableName=self._name,
                Key=keys.tenant_lock(),
                ConditionExpression="holder = :h",
                ExpressionAttributeValues={":h": holder},
            )
        except Conflict:
            return  # it ran out and somebody else took it

    def tenant_locked(self, now: datetime) -> bool:
        item = self._get(keys.tenant_lock())
        return item is not None and str(item["until"]) >= to_text(now)

    def park(self, identifier: str, reason: str, body: str, now: datetime) -> None:
        """Work that can not be done, kept with its reason and without expiry."""
        key = keys.parked(to_text(now), identifier)
        item = {**key, "reason": reason, "body": body}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def parked(self) -> list[Mapping[str, Any]]:
        rows: list[Mapping[str, Any]] = []
        for number in range(keys.SHARDS):
            rows.extend(self._query("pk = :p", {":p": f"PARKED#{number}"}))
        return sorted(rows, key=lambda row: str(row["sk"]))

    # -- plumbing ---------------------------------------------------------------------------

    def _incident_puts(self, change: IncidentChange) -> list[dict[str, Any]]:
        read = change.incident
        stored = replace(read, version=read.version + 1)
        item = {
            **keys.incident(read.id),
            "body": encode(stored),
            "version": stored.version,
            **_summary(stored),
        }
        condition = "version = :v" if read.version else "attribute_not_exists(pk)"
        values = {":v": read.version} if read.version else {}
        puts = [self._put(item, condition, values)]
        puts.extend(self._put(_entry_item(read.id, entry)) for entry in change.entries)
        for page in change.pages:
            row = {
                **keys.incident(read.id, f"PAGE#{page.key}"),
                "body": encode(page),
                **keys.due_index(read.id, to_text(read.updated_at)),
            }
            puts.append(self._put(row))
        return puts

    def _put(
        self, item: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        put: dict[str, Any] = {"TableName": self._name, "Item": item}
        if condition:
            put["ConditionExpression"] = condition
        if values:
            put["ExpressionAttributeValues"] = values
        return {"Put": put}

    def _transact(self, puts: list[dict[str, Any]]) -> None:
        self._call(self._client.transact_write_items, TransactItems=puts)

    def _get(self, key: Mapping[str, str]) -> Mapping[str, Any] | None:
        answer = self._call(
            self._client.get_item, TableName=self._name, Key=key, ConsistentRead=True
        )
        item = answer.get("Item")
        return item if item else None

    def _query(
        self, condition: str, values: Mapping[str, Any], index: str | None = None
    ) -> list[Mapping[str, Any]]:
        more: dict[str, Any] = {"IndexName": index} if index else {"ConsistentRead": True}
        rows: list[Mapping[str, Any]] = []
        while True:
            answer = self._call(
                self._client.query,
                TableName=self._name,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                **more,
            )
            rows.extend(answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return rows
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    @staticmethod
    def _call(operation: Callable[..., Any], **arguments: Any) -> Any:
        try:
            return operation(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("ConditionalCheckFailedException", "TransactionCanceledException"):
                raise Conflict("a newer state is stored") from None
            raise Transient(f"DynamoDB answered {code}") from None
        except BotoCoreError as error:
            raise Transient(f"DynamoDB can not be reached ({type(error).__name__})") from None


def _summary(incident: Incident) -> dict[str, Any]:
    """What lists show without reading each incident: no value, no name."""
    plan = incident.plan
    known = {
        "incident": incident.id,
        "subject": f"{incident.subject.app_id}/{incident.subject.user_id}",
        "attribute": incident.attribute.value,
        "cause": incident.lead.name.value,
        "severity": incident.severity.value,
        "status": incident.status.value,
        "opened_at": to_text(incident.opened_at),
        "updated_at": to_text(incident.updated_at),
        "object_id": plan.link.object_id if plan.link else "",
    }
    is_open = incident.status.open
    when = incident.opened_at if is_open else incident.updated_at
    return known | keys.open_index(incident.id, to_text(when), closed=not is_open)


def _entry_item(incident_id: str, entry: Entry) -> dict[str, Any]:
    # The nonce keeps two entries of one millisecond apart.
    part = f"ENTRY#{to_text(entry.at)}#{secrets.token_hex(3)}"
    return {**keys.incident(incident_id, part), "body": encode(entry)}
