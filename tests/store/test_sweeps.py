"""What a report and a list of sweeps read: as much as a page shows, however much there is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lib.model import Attribute, Subject
from lib.rules.sweep import Found, Kind, Phase, Sweep
from lib.store.table import Table
from tests.fakes.clock import START
from tests.fakes.dynamodb import dynamodb, new_table
from tests.fakes.dynamodb_clients import Counting
from tests.fakes.make import APP, OTHER_APP

SWEEP = Sweep("sw-0000000001", Kind.HAND, (APP,), START, START)


def row(number: int, app: str = APP, what: str = "differs") -> Found:
    return Found(Subject(app, f"00u{number:017d}"), what, START, (Attribute.MOBILE_PHONE,))


def paged(table: Table, most: int, app: str = "") -> tuple[list[Found], list[int]]:
    """Everything page by page, and how much each held."""
    found: list[Found] = []
    sizes: list[int] = []
    while True:
        after = found[-1].subject if found else None
        part = table.found_page(SWEEP.id, most, after, app)
        found += part
        sizes.append(len(part))
        if len(part) < most:
            return found, sizes


def test_what_was_found_is_read_in_parts(table: Table) -> None:
    rows = [row(number) for number in range(23)] + [row(5, OTHER_APP)]
    table.keep_found(SWEEP.id, rows)
    # Neighbours that are not of the report.
    table.begin_sweep(SWEEP, storm=False)
    table.keep_seen(SWEEP.id, APP, 0, b"12345678", START)
    table.keep_found("sw-0000000002", [row(99)])
    found, sizes = paged(table, 10)
    assert found == rows
    assert sizes == [10, 10, 4]
    assert found == list(table.found(SWEEP.id))


def test_a_last_page_that_is_full_is_followed_by_an_empty_one(table: Table) -> None:
    table.keep_found(SWEEP.id, [row(number) for number in range(20)])
    assert paged(table, 10)[1] == [10, 10, 0]
    assert table.found_page("sw-0000000002", 10) == []


def test_one_app_alone(table: Table) -> None:
    rows = [row(n, app) for app in (APP, OTHER_APP) for n in range(12)]
    # An id that begins with another's.
    longer = [row(n, APP + "x") for n in range(3)]
    table.keep_found(SWEEP.id, rows + longer)
    assert paged(table, 5, APP)[0] == rows[:12]
    assert paged(table, 5, OTHER_APP)[0] == rows[12:]
    assert paged(table, 5, "0oaNOBODY")[0] == []
    # From a place in another app: its own rows, from their first or none.
    assert table.found_page(SWEEP.id, 99, rows[0].subject, OTHER_APP) == rows[12:]
    assert table.found_page(SWEEP.id, 99, rows[-1].subject, APP) == []


def test_what_is_told_twice_is_one_row_and_the_later_word(table: Table) -> None:
    table.keep_found(SWEEP.id, [row(1)])
    table.keep_found(SWEEP.id, [row(1, what="agrees now")])
    assert [found.what for found in table.found_page(SWEEP.id, 10)] == ["agrees now"]


def test_the_running_ones_place_is_no_sweep(table: Table) -> None:
    table.begin_sweep(SWEEP, storm=False)
    assert table.sweep("running") is None
    assert table.sweep(SWEEP.id) == SWEEP


@pytest.fixture(scope="module")
def moto() -> Iterator[Any]:
    """The simulation's DynamoDB answers no query from its end."""
    with dynamodb() as found:
        yield found


@pytest.fixture
def many(moto: Any) -> Table:
    """Thirty sweeps, one after the other."""
    table = new_table(moto)
    for number in range(30):
        began = START + timedelta(hours=number)
        one = replace(SWEEP, id=f"sw-{number:010x}", started_at=began, updated_at=began)
        table.begin_sweep(one, storm=False)
        lease = table.take_lease("sweep", began, began + timedelta(seconds=9))
        table.advance_sweep(one, replace(one, step=1, phase=Phase.DONE), lease)
    return table


def test_the_latest_sweeps_cost_two_requests(many: Table) -> None:
    counting = Counting(many._client)
    many._client = counting  # type: ignore[assignment]
    latest = many.recent_sweeps(10)
    assert [int(one.id[3:], 16) for one in latest] == list(range(29, 19, -1))
    assert counting.calls == {"query": 1, "batch_get_item": 1}
    earlier = many.recent_sweeps(10, latest[-1].started_at)
    assert [int(one.id[3:], 16) for one in earlier] == list(range(19, 9, -1))
    assert many.recent_sweeps(10, START) == []
    assert many.recent_sweeps(100) == many.sweeps()


def test_before_the_first_there_is_none(moto: Any) -> None:
    assert new_table(moto).recent_sweeps(10) == []
