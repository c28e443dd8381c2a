"""Subjects: link, coverage, look chain, what is open, what is still to be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lib.errors import Conflict
from lib.model import Subject
from lib.rules.due import subject_due
from lib.store import keys
from lib.store.codec import decode, encode
from lib.store.incidents import Incidents
from lib.store.many import side_by_side
from lib.store.records import IncidentChange, SubjectState
from lib.times import to_text


class Subjects(Incidents):
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
        self,
        state: SubjectState,
        changes: Sequence[IncidentChange] = (),
        conditions: Sequence[Mapping[str, Any]] = (),
    ) -> SubjectState:
        """Coverage, incidents, pages and intents in one transaction.

        Refused (Conflict) when a newer read of the subject is already stored, when one of the
        incidents changed since it was read, or when one of `conditions` does not hold.
        """
        stored = replace(state, version=state.version + 1)
        puts = [self._subject_put(state, stored)]
        puts.extend({"ConditionCheck": check} for check in conditions)
        for change in changes:
            puts.extend(self._incident_puts(change))
        self._transact(puts)
        return stored

    def store_subjects(self, states: Sequence[SubjectState]) -> set[Subject]:
        """Each by itself, side by side; answers whose newer state was stored meanwhile."""

        def store(state: SubjectState) -> Subject | None:
            put = self._subject_put(state, replace(state, version=state.version + 1))["Put"]
            try:
                self._call(self._client.put_item, **put)
            except Conflict:
                return state.subject
            return None

        return {lost for lost in side_by_side(store, states) if lost}

    def _subject_put(self, state: SubjectState, stored: SubjectState) -> dict[str, Any]:
        item = {
            **keys.subject(state.subject),
            "body": encode(stored),
            "version": stored.version,
            "last_read": to_text(state.last_read) if state.last_read else "",
            **_due(stored),
        }
        if state.link:
            item |= keys.linked_index(state.subject)
        condition = "attribute_not_exists(pk)"
        values: dict[str, Any] = {}
        if state.version:
            condition, values = "version = :v", {":v": state.version}
        if state.version and state.last_read:
            condition += " AND last_read < :t"
            values[":t"] = item["last_read"]
        return self._put(item, condition, values)

    def errands_done(self, state: SubjectState) -> None:
        """Forgets the errands that were run; a newer state keeps them, which costs a repeat."""
        stored = replace(state, errands=(), version=state.version + 1)
        due = _due(stored)
        more = ", due_pk = :dp, due_sk = :ds" if due else " REMOVE due_pk, due_sk"
        values = {":b": encode(stored), ":n": stored.version, ":v": state.version}
        if due:
            values |= {":dp": due["due_pk"], ":ds": due["due_sk"]}
        try:
            self._call(
                self._client.update_item,
                TableName=self._name,
                Key=keys.subject(state.subject),
                UpdateExpression="SET body = :b, version = :n" + more,
                ConditionExpression="version = :v",
                ExpressionAttributeValues=values,
            )
        except Conflict:
            return


def _due(state: SubjectState) -> dict[str, str]:
    at = subject_due(state.next_look, state.errands, state.last_read)
    return keys.due_index(state.subject.user_id, to_text(at)) if at else {}
