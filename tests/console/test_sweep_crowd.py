"""Ten thousand found cost no more than a page, on the page, in its picture and in its file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from lib.rules.sweep import Counts
from lib.store.table import Table
from ops.connection import Connection
from ops.console import tally
from ops.console.desk import NAME, Desk
from ops.console.serve import open_console
from ops.console.sweep import PEOPLE
from ops.sweep_rows import PART, PARTS
from tests.console.browser import ROOT, Browser
from tests.console.conftest import Make
from tests.console.swept import OUTPUTS, cells, next_page, row, users
from tests.fakes.dynamodb import new_table
from tests.fakes.dynamodb_clients import Counting, Down
from tests.fakes.make import APP, OTHER_APP
from tests.fakes.sweeping import ENDED, as_if_swept, who
from tests.simulation.memory import MemoryDynamoDB

MANY = 10_000


@pytest.fixture(scope="module")
def crowd() -> Table:
    """In the simulation's DynamoDB, whose answers hold a thousand rows as 1 MB would."""
    table = new_table(MemoryDynamoDB(page=1_000))
    as_if_swept(table, replace(ENDED, counts=Counts(listed=3 * MANY, differing=MANY)))
    words = ("differs", "differs", "differs", "agrees now")
    found = [row(n, words[n % 4], (APP, OTHER_APP)[n // (MANY // 2)]) for n in range(MANY)]
    table.keep_found(ENDED.id, [*found[:-1], replace(found[-1], what="gone")])
    return table


@pytest.fixture
def crowded(make: Make, crowd: Table) -> Iterator[tuple[Browser, Counting]]:
    app = make(OUTPUTS)
    kept = crowd._client
    counting = Counting(kept)
    crowd._client = counting  # type: ignore[assignment]
    app.extensions[NAME].table = crowd
    yield Browser(app), counting
    crowd._client = kept


def test_ten_thousand_cost_a_page(crowded: tuple[Browser, Counting]) -> None:
    browser, counting = crowded
    text = browser.read(f"/sweep/{ENDED.id}")
    assert len(users(text)) == PEOPLE
    assert len(text) < 60_000
    assert sum(counting.calls.values()) <= 6
    assert counting.rows <= PEOPLE + 1 + tally.PART
    counting.calls.clear()
    text = browser.read(next_page(text))
    assert users(text)[0] == who(PEOPLE).user_id
    assert sum(counting.calls.values()) <= 6


def test_all_pages_are_everybody_once(crowded: tuple[Browser, Counting]) -> None:
    browser, _ = crowded
    # From the four thousandth on.
    after = f"{APP}.{who(3_999).user_id}"
    path, pages = f"/sweep/{ENDED.id}?app={APP}&what=agrees+now&after={after}", list[list[str]]()
    while path:
        text = browser.read(path)
        pages.append(users(text))
        path = next_page(text)
    wanted = [who(n).user_id for n in range(4_003, MANY // 2, 4)]
    assert [user for page in pages for user in page] == wanted
    assert [len(page) for page in pages[:5]] == [PEOPLE] * 5


def test_a_filter_that_leaves_few_looks_on_from_where_it_stopped(
    crowded: tuple[Browser, Counting],
) -> None:
    browser, counting = crowded
    # Three thousand are left.
    after = f"{OTHER_APP}.{who(MANY - 3_001).user_id}"
    path, texts = f"/sweep/{ENDED.id}?what=gone&after={after}", list[str]()
    while path:
        counting.rows = 0
        texts.append(browser.read(path))
        assert counting.rows <= PART * PARTS + tally.PART
        path = next_page(texts[-1])
    *empty, last, end = texts
    assert len(empty) == 3_000 // (PART * PARTS) - 1
    assert all("None so far; there is more to look through." in text for text in empty)
    assert users(last) == [who(MANY - 1, OTHER_APP).user_id]
    assert "Nobody more." in end


def test_the_counts_grow_with_each_look(crowded: tuple[Browser, Counting]) -> None:
    browser, counting = crowded
    path = f"/sweep/{ENDED.id}/tally"
    texts: list[str] = []
    while not texts or "data-still" not in texts[-1]:
        counting.rows = 0
        texts.append(browser.read(path))
        assert counting.rows <= tally.PART
    assert f"{tally.PART} so far" in texts[0]
    assert len(texts) == MANY // tally.PART + 1
    assert "differs: 7500, agrees now: 2499, gone: 1, unreadable: 0" in texts[-1]
    assert 'id="counting"' not in texts[-1]
    counting.calls.clear()
    assert browser.read(path) == texts[-1]
    assert counting.calls["query"] == 0


def test_all_of_them_as_one_file(crowded: tuple[Browser, Counting]) -> None:
    browser, counting = crowded
    path = f"/sweep/{ENDED.id}/report.csv"
    answer = browser.client.get(path, base_url=ROOT, buffered=False)
    parts = iter(answer.response)
    first = next(parts)
    assert str(first, "utf-8").startswith('"app","user"')  # type: ignore[arg-type]
    assert counting.rows == 1_000  # the rest is read as it is sent
    assert sum(str(part, "utf-8").count("\n") for part in [first, *parts]) == MANY + 1  # type: ignore[arg-type]
    assert len(cells(browser.get(f"{path}?app={OTHER_APP}"))) == MANY // 2 + 1


def test_an_outage_midway_does_not_look_like_the_end(
    crowded: tuple[Browser, Counting], crowd: Table, capfd: pytest.CaptureFixture[str]
) -> None:
    here = Desk(Connection("here", OUTPUTS, is_sandbox=True), crowd, 0)
    server, address = open_console(here)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = f"http://127.0.0.1:{here.port}/sweep/{ENDED.id}/report.csv"
    try:
        with requests.Session() as browser:
            browser.get(address, timeout=5, allow_redirects=False)
            whole = browser.get(path, timeout=30)
            assert whole.text.count("\n") == MANY + 1
            crowded[1]._client = Down(crowded[1]._client, 9)
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                browser.get(path, timeout=30)
            # One that begins with it is a page.
            told = browser.get(path, timeout=5)
            assert told.status_code == 503
            assert "Content-Disposition" not in told.headers
    finally:
        server.shutdown()
        server.server_close()
    said = capfd.readouterr()
    assert "a download broke off: DynamoDB can not be reached" in said.err
    assert "Traceback" not in said.err
    assert who(0).user_id not in said.out + said.err
