"""Sweeps: their state, which one runs, what they found and whom they saw."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lib.errors import Conflict
from lib.model import Subject
from lib.rules.sweep import Found, Phase, Sweep
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.cursors import Cursors, Lease
from lib.store.many import side_by_side, written
from lib.times import to_text

# Reports are kept this long; whom a sweep saw only until it ends, with a margin.
KEPT = timedelta(days=90)
SEEN_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Running:
    """The one sweep that runs. `storm`: hints are marked for it instead of being checked.
    `everywhere`: it lists every watched app.
    """

    sweep_id: str
    storm: bool
    stopping: bool = False
    everywhere: bool = True


class Sweeps(Cursors):
    def begin_sweep(self, sweep: Sweep, *, storm: bool, everywhere: bool = True) -> None:
        """Raises Conflict while another one runs."""
        running = {
            **keys.running_sweep(),
            "sweep": sweep.id,
            "storm": storm,
            "everywhere": everywhere,
        }
        self._transact(
            [
                self._put(running, "attribute_not_exists(pk)"),
                self._put(self._head(sweep), "attribute_not_exists(pk)"),
            ]
        )

    def running_sweep(self) -> Running | None:
        item = self._get(keys.running_sweep())
        if item is None:
            return None
        return Running(
            str(item["sweep"]),
            bool(item["storm"]),
            stopping=bool(item.get("stopping")),
            everywhere=bool(item.get("everywhere", True)),
        )

    def becomes_storm(self, sweep_id: str) -> bool:
        """Hints are marked for the sweep that runs. False: it does not run any more."""
        return self._ask(sweep_id, "storm")

    def ask_to_stop(self, sweep_id: str) -> bool:
        return self._ask(sweep_id, "stopping")

    def sweep(self, sweep_id: str) -> Sweep | None:
        item = self._get(keys.sweep(sweep_id))
        # "running" and "baseline" share the prefix, and are none.
        return decode(Sweep, str(item["body"])) if item and "body" in item else None

    def sweeps(self) -> list[Sweep]:
        """Latest first, as far back as they are kept. The index may lag."""
        rows = self._query("open_pk = :p", {":p": keys.ALL_SWEEPS}, index="open")
        found = [self.sweep(str(row["pk"]).removeprefix("SWEEP#")) for row in rows]
        return sorted((s for s in found if s), key=lambda s: s.started_at, reverse=True)

    def recent_sweeps(self, most: int, before: datetime | None = None) -> list[Sweep]:
        """At most `most` (100), the latest first, of those begun before. The index may lag."""
        answer = self._call(
            self._client.query,
            TableName=self._name,
            IndexName="open",
            KeyConditionExpression="open_pk = :p" + (" AND open_sk < :b" if before else ""),
            ExpressionAttributeValues={
                ":p": keys.ALL_SWEEPS,
                **({":b": to_text(before)} if before else {}),
            },
            ScanIndexForward=False,
            Limit=most,
        )
        heads = [{"pk": str(row["pk"]), "sk": str(row["sk"])} for row in answer["Items"]]
        found: list[Sweep] = []
        ask: Any = {self._name: {"Keys": heads, "ConsistentRead": True}} if heads else None
        while ask:
            answer = self._call(self._client.batch_get_item, RequestItems=ask)
            items = answer["Responses"].get(self._name, [])
            found += [decode(Sweep, str(item["body"])) for item in items]
            ask = answer.get("UnprocessedKeys")
        return sorted(found, key=lambda one: one.started_at, reverse=True)

    def advance_sweep(self, before: Sweep, after: Sweep, lease: Lease) -> None:
        """Raises Conflict when somebody else has the lease by now, or took this step."""
        held = {
            "TableName": self._name,
            "Key": keys.lease(lease.name),
            "ConditionExpression": "epoch = :e",
            "ExpressionAttributeValues": {":e": lease.epoch},
        }
        puts: list[dict[str, Any]] = [
            {"ConditionCheck": held},
            self._put(self._head(after), "step = :s", {":s": before.step}),
        ]
        frees = (Phase.LAST, Phase.DONE)
        if after.phase in frees and before.phase not in frees:
            puts.append(
                {
                    "Delete": {
                        "TableName": self._name,
                        "Key": keys.running_sweep(),
                        "ConditionExpression": "attribute_not_exists(pk) OR sweep = :id",
                        "ExpressionAttributeValues": {":id": before.id},
                    }
                }
            )
        self._transact(puts)

    # -- what it found, whom it saw ----------------------------------------------------------

    def keep_found(self, sweep_id: str, rows: Sequence[Found]) -> None:
        items = [
            {
                **keys.found(sweep_id, row.subject),
                "body": encode(row),
                "expires": int((row.at + KEPT).timestamp()),
            }
            for row in rows
        ]
        written(self._client, self._name, items, self._call)

    def found(self, sweep_id: str) -> Iterator[Found]:
        """In the order of subjects, read as it is asked for."""
        pk = keys.sweep(sweep_id)["pk"]
        for row in self._each("pk = :p AND begins_with(sk, :s)", {":p": pk, ":s": "FOUND#"}):
            yield decode(Found, str(row["body"]))

    def found_page(
        self, sweep_id: str, most: int, after: Subject | None = None, app_id: str = ""
    ) -> list[Found]:
        """The next `most` in the order of subjects, of one app or of all; fewer are the last."""
        of = f"FOUND#{app_id}" if app_id else "FOUND"
        first = keys.found(sweep_id, after)["sk"] if after else ""
        # "$" is the character after "#", the end of the prefix.
        low, high = max(first, f"{of}#") + " ", f"{of}$"
        if low > high:
            return []  # DynamoDB refuses such a range
        rows = self._query(
            "pk = :p AND sk BETWEEN :a AND :b",
            {":p": keys.sweep(sweep_id)["pk"], ":a": low, ":b": high},
            most=most,
        )
        return [decode(Found, str(row["body"])) for row in rows[:most]]

    def keep_seen(self, sweep_id: str, app_id: str, page: int, seen: bytes, at: datetime) -> None:
        """Fingerprints of everybody on one page, one after the other."""
        item = {
            **keys.seen(sweep_id, app_id, page),
            "who": seen,
            "expires": int((at + SEEN_FOR).timestamp()),
        }
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def seen(self, sweep_id: str) -> Iterator[bytes]:
        pk = keys.sweep(sweep_id)["pk"]
        for row in self._each("pk = :p AND begins_with(sk, :s)", {":p": pk, ":s": "SEEN#"}):
            yield bytes(row["who"])

    def linked(self, app_id: str, shard: int, after: str, most: int) -> list[Subject]:
        """Users of an app that were ever linked to an Entra account, `most` after this one.

        The index may lag, which costs a night.
        """
        rows = self._query(
            "open_pk = :p AND open_sk > :a",
            {":p": keys.linked_shard(app_id, shard), ":a": after or " "},
            index="open",
            most=most,
        )
        return [Subject(app_id, str(row["open_sk"])) for row in rows[:most]]

    # -- how large the apps are ----------------------------------------------------------------

    def app_size(self, app_id: str) -> int | None:
        """How many users the last complete sweep listed; None: there was none."""
        item = self._get(keys.fact("app_size", app_id))
        return int(item["users"]) if item else None

    def record_app_size(self, app_id: str, users: int, at: datetime) -> None:
        item = {**keys.fact("app_size", app_id), "users": users, "at": to_text(at)}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def had_baseline(self) -> bool:
        """Whether a sweep of everybody ever came to its end."""
        return self._get(keys.fact("baseline")) is not None

    def record_baseline(self, sweep_id: str, at: datetime) -> None:
        item = {**keys.fact("baseline"), "sweep": sweep_id, "at": to_text(at)}
        self._call(self._client.put_item, TableName=self._name, Item=item)

    def baseline_of(self, subject: Subject) -> str:
        """The first sweep that found this subject's drift; "" where none did."""
        item = self._get(keys.baseline(subject))
        return str(item["sweep"]) if item else ""

    def keep_baseline(self, sweep_id: str, subjects: Sequence[Subject], at: datetime) -> None:
        """What is found of them is in that sweep's summary. Forgotten after a week."""
        side_by_side(
            lambda subject: self._call(
                self._client.put_item,
                TableName=self._name,
                Item={
                    **keys.baseline(subject),
                    "sweep": sweep_id,
                    "expires": int((at + SEEN_FOR).timestamp()),
                },
            ),
            subjects,
        )

    # -- within ----------------------------------------------------------------------------

    def _head(self, sweep: Sweep) -> dict[str, Any]:
        item: dict[str, Any] = {
            **keys.sweep(sweep.id),
            "body": encode(sweep),
            "step": sweep.step,
            "open_pk": keys.ALL_SWEEPS,
            "open_sk": to_text(sweep.started_at),
            "expires": int((sweep.updated_at + KEPT).timestamp()),
        }
        if sweep.due_at:
            item |= keys.due_index(sweep.id, to_text(sweep.due_at))
        return item

    def _ask(self, sweep_id: str, what: str) -> bool:
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.running_sweep(),
                UpdateExpression="SET #w = :yes",
                ConditionExpression="sweep = :id",
                ExpressionAttributeNames={"#w": what},
                ExpressionAttributeValues={":yes": True, ":id": sweep_id},
            )
        except Conflict:
            return False
        return True

    def _each(self, condition: str, values: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Rows as they are read, so that a million take no more memory than a page of them."""
        more: dict[str, Any] = {"ConsistentRead": True}
        while True:
            answer = self._call(
                self._client.query,
                TableName=self._name,
                KeyConditionExpression=condition,
                ExpressionAttributeValues=values,
                **more,
            )
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
