"""What a try of setting the flag uses up, and which numbers are kept of whom it overwrites."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import NotDone, PushproofError, Transient, Unauthorized
from lib.flows.runs import Ended
from lib.model import DirectorySync
from lib.store.facts import PREVIEW_KEPT
from tests.fakes.make import TENANT
from tests.fakes.stage import Stage
from tests.unit.flows.test_bypass import (
    REFUSAL,
    approved,
    bypass,
    disable,
    enable,
    overridden,
    parent,
    told,
)

__all__ = ["approved", "overridden"]


def tried(stage: Stage) -> Ended | None:
    try:
        return enable(stage).ended
    except PushproofError:
        stage.clock.pass_by(1)
        return None


def free(stage: Stage, name: str = "tenant-wide") -> bool:
    return stage.table.take_place(name, "another", stage.clock(), 1)


@pytest.mark.parametrize("trouble", [REFUSAL, Unauthorized("401"), NotDone("429")])
def test_a_refusal_leaves_the_hours_place(approved: Stage, trouble: PushproofError) -> None:
    approved.graph.trouble["set_bypass"] = trouble  # type: ignore[assignment]
    assert tried(approved) in (Ended.REFUSED, None)
    approved.graph.trouble.clear()
    assert enable(approved).ended is Ended.DONE
    assert not free(approved)


def test_an_unknown_outcome_keeps_the_place_for_its_own_next_try(approved: Stage) -> None:
    approved.graph.trouble["set_bypass"] = Transient("503")
    assert tried(approved) is None
    assert not free(approved)
    approved.graph.trouble.clear()
    assert enable(approved).ended is Ended.DONE


def test_a_refusal_after_an_unknown_outcome_gives_nothing_back(approved: Stage) -> None:
    approved.graph.trouble["set_bypass"] = Transient("503")
    tried(approved)
    approved.graph.trouble["set_bypass"] = REFUSAL
    assert tried(approved) is Ended.REFUSED
    assert not free(approved)
    assert kept(approved)


@pytest.mark.parametrize("trouble", [Unauthorized("401"), NotDone("429")])
def test_what_was_not_done_after_an_unknown_outcome_hides_nothing(
    approved: Stage, trouble: PushproofError
) -> None:
    """The first try may have happened, whatever became of those after it."""
    approved.graph.trouble["set_bypass"] = Transient("503")
    tried(approved)
    approved.graph.trouble["set_bypass"] = trouble  # type: ignore[assignment]
    with pytest.raises(type(trouble)):
        enable(approved)
    assert told(approved)[-1] == "bypass_enable not done"
    assert parent(approved).in_flight == "bypass_enable"
    approved.graph.trouble["set_bypass"] = REFUSAL
    for _ in range(2):
        assert tried(approved) is Ended.REFUSED
        assert parent(approved).in_flight == "bypass_enable"
    assert not free(approved)
    assert kept(approved)


@pytest.mark.parametrize("trouble", [Unauthorized("401"), NotDone("429")])
def test_a_sign_in_or_patience_that_ends_after_the_patch_is_no_refusal(
    approved: Stage, monkeypatch: pytest.MonkeyPatch, trouble: PushproofError
) -> None:
    """It was written; only reading it back failed."""
    write = approved.graph.set_bypass

    def then_ends(*given: Any) -> Any:
        receipt = write(*given)
        approved.graph.trouble["directory_sync"] = trouble  # type: ignore[assignment]
        return receipt

    monkeypatch.setattr(approved.graph, "set_bypass", then_ends)
    with pytest.raises(Transient, match="can not be read back"):
        bypass(approved).enable(lambda _question: True)
    assert parent(approved).in_flight == "bypass_enable"
    assert not free(approved)


def test_the_way_back_is_tried_again_under_the_same_place(approved: Stage) -> None:
    enable(approved)
    approved.graph.trouble["set_bypass"] = Transient("503")
    for _ in range(2):
        with pytest.raises(Transient):
            disable(approved)
    approved.graph.trouble["set_bypass"] = REFUSAL
    assert disable(approved).ended is Ended.REFUSED
    approved.graph.trouble.clear()
    assert disable(approved).ended is Ended.DONE
    assert not free(approved, "tenant-wide-back")


@pytest.mark.parametrize("trouble", [REFUSAL, Unauthorized("401"), NotDone("429")])
def test_a_way_back_that_may_have_been_done_keeps_it(
    approved: Stage, trouble: PushproofError
) -> None:
    """Its first try was answered, and the flag still read true."""
    enable(approved)
    approved.graph.trouble["set_bypass"] = Transient("it still reads true")
    with pytest.raises(Transient):
        disable(approved)
    approved.graph.trouble["set_bypass"] = trouble  # type: ignore[assignment]
    for _ in range(2):
        with suppress(Unauthorized, NotDone):
            disable(approved)
    assert not free(approved, "tenant-wide-back")


def test_a_way_back_that_was_not_done_leaves_its_place(approved: Stage) -> None:
    enable(approved)
    approved.graph.trouble["set_bypass"] = NotDone("429")
    with pytest.raises(NotDone):
        disable(approved)
    assert "bypass_disable not done" in told(approved)
    assert free(approved, "tenant-wide-back")


def test_the_way_back_of_another_switching_on_has_a_place_of_its_own(approved: Stage) -> None:
    enable(approved)
    assert disable(approved).ended is Ended.DONE
    approved.graph.sync = DirectorySync(TENANT, True)
    run = disable(approved)
    assert (run.ended, "cap of 1" in run.reason) == (Ended.REFUSED, True)


def test_nothing_that_was_recorded_is_undone_by_a_topic_that_is_down(approved: Stage) -> None:
    approved.pager.down = True
    approved.graph.trouble["set_bypass"] = REFUSAL
    assert enable(approved).ended is Ended.REFUSED
    assert parent(approved).in_flight is None


# -- the numbers --------------------------------------------------------------------------------


def rows(stage: Stage) -> list[dict[str, Any]]:
    found = stage.table._client.scan(TableName=stage.table._name)["Items"]
    return [row for row in found if row["pk"] == "FACT#preview" and row["sk"] != "HEAD"]


def kept(stage: Stage) -> list[str]:
    """What stays for good."""
    return sorted(str(row["sk"]).split("#")[0] for row in rows(stage) if "expires" not in row)


def test_numbers_of_a_preview_expire(overridden: Stage) -> None:
    bypass(overridden).preview()
    (part,) = rows(overridden)
    last = (overridden.clock() + PREVIEW_KEPT).timestamp()
    assert last - 60 < int(part["expires"]) <= last


def test_those_the_flag_was_set_by_stay_and_no_others(approved: Stage) -> None:
    enable(approved)
    assert kept(approved) == ["KEPT", "PART"]
    assert len(rows(approved)) == 3  # the preview that was approved expires
    disable(approved)
    approved.clock.pass_by(timedelta(hours=2).total_seconds())
    bypass(approved).preview()
    assert kept(approved) == ["KEPT", "PART"]


def test_they_stay_from_before_the_patch_on(approved: Stage) -> None:
    approved.graph.trouble["set_bypass"] = Transient("the answer was lost")
    tried(approved)
    assert kept(approved) == ["KEPT", "PART"]


@pytest.mark.parametrize("trouble", [REFUSAL, Unauthorized("401")])
def test_a_flag_that_was_not_set_keeps_nobodys_number(
    approved: Stage, trouble: PushproofError
) -> None:
    approved.graph.trouble["set_bypass"] = trouble  # type: ignore[assignment]
    tried(approved)
    assert kept(approved) == []
    assert len(rows(approved)) == 2
