"""Whom the tenant flag would overwrite: a lower bound, taken before anybody enables it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.errors import Refused
from lib.flows.evidence import Evidence
from lib.flows.preview import Overwrite, Preview, record, recorded, take
from tests.fakes.clock import START
from tests.fakes.make import (
    APP,
    OBJECT,
    OLD_PHONE,
    OTHER_APP,
    OTHER_OBJECT,
    PHONE,
    SUBJECT,
    app_user,
    entra_user,
)
from tests.fakes.stage import Stage


def preview(stage: Stage) -> Preview:
    evidence = Evidence(stage.okta, stage.graph, stage.table, None, stage.clock)
    return take(stage.okta, stage.graph, evidence, (APP, OTHER_APP), stage.clock)


@pytest.mark.parametrize(
    ("okta", "cloud", "changes"),
    [
        (PHONE, PHONE, False),
        (PHONE, "+1 555 0100", False),
        (PHONE, OLD_PHONE, True),
        (PHONE, None, True),
        # Another format is overwritten as well, and so is a number that Okta does not hold.
        ("+447700900123", "07700 900123", True),
        (None, OLD_PHONE, True),
        (None, None, False),
    ],
)
def test_whose_number_would_change(
    stage: Stage, okta: str | None, cloud: str | None, changes: bool
) -> None:
    stage.okta.assigned[SUBJECT] = app_user(profile={"mobilePhone": okta})
    stage.graph.set(synced=True, mobile_phone=cloud)
    found = preview(stage)
    assert (found.synced, found.compared) == (1, 1)
    expected = (Overwrite(OBJECT, SUBJECT.user_id, cloud, okta),) if changes else ()
    assert found.overwrites == expected


def test_the_immutable_id_links_too(stage: Stage) -> None:
    stage.okta.assigned[SUBJECT] = app_user(external_id="aW1tdXRhYmxl")
    stage.graph.set(synced=True, mobile_phone=OLD_PHONE, immutable_id="aW1tdXRhYmxl")
    assert len(preview(stage).overwrites) == 1


def test_cloud_users_are_no_concern_and_strangers_are_only_counted(stage: Stage) -> None:
    stage.graph.set(mobile_phone=OLD_PHONE)
    stage.graph.users[OTHER_OBJECT] = entra_user(object_id=OTHER_OBJECT, synced=True)
    found = preview(stage)
    assert (found.synced, found.compared, found.overwrites) == (1, 0, ())


def test_without_the_schema_nothing_is_compared(stage: Stage) -> None:
    stage.okta.trouble["configuration"] = Refused(403, "E0000006", "no")
    stage.graph.set(synced=True, mobile_phone=OLD_PHONE)
    found = preview(stage)
    assert (found.synced, found.compared) == (1, 0)


def test_a_preview_is_kept_with_its_date(stage: Stage) -> None:
    found = preview(stage)
    record(stage.table, found)
    kept = stage.table.preview()
    assert kept
    assert kept[0] == found.taken_at


def test_a_large_tenant_fits_too(stage: Stage) -> None:
    """A table's item holds 400 KB; ten thousand overwritten numbers need more than three."""
    rows = tuple(
        Overwrite(f"{n:08x}-0000-4000-8000-000000000000", f"00u{n:017d}", OLD_PHONE, PHONE)
        for n in range(10_000)
    )
    record(stage.table, Preview(stage.clock(), 10_000, 10_000, rows))
    kept = recorded(stage.table)
    assert kept
    assert kept.overwritten == 10_000


ROWS = st.builds(
    Overwrite,
    st.sampled_from([OBJECT, OTHER_OBJECT]),
    st.sampled_from(["00u1", "00u2"]),
    st.none() | st.sampled_from([PHONE, OLD_PHONE]),
    st.none() | st.sampled_from([PHONE, OLD_PHONE]),
)


@given(rows=st.lists(ROWS, max_size=5), others=st.integers(0, 3), data=st.data())
def test_the_digest_is_of_whom_and_what_in_any_order(
    rows: list[Overwrite], others: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    one = Preview(START, len(rows) + others, len(rows), tuple(rows))
    other = Preview(START + timedelta(hours=1), 9 + others, 9, tuple(shuffled))
    assert one.digest == other.digest


@pytest.mark.parametrize(
    "change",
    [
        {"overwrites": ()},
        {"overwrites": (Overwrite(OTHER_OBJECT, "00u1", OLD_PHONE, PHONE),)},
        {"overwrites": (Overwrite(OBJECT, "00u2", OLD_PHONE, PHONE),)},
        {"overwrites": (Overwrite(OBJECT, "00u1", PHONE, PHONE),)},
        {"overwrites": (Overwrite(OBJECT, "00u1", OLD_PHONE, None),)},
        {"synced": 3},
    ],
)
def test_another_digest_for_anything_an_approver_agrees_to(change: dict[str, Any]) -> None:
    one = Preview(START, 2, 2, (Overwrite(OBJECT, "00u1", OLD_PHONE, PHONE),))
    assert replace(one, **change).digest != one.digest


def test_a_preview_of_an_unknown_form_is_none(stage: Stage) -> None:
    stage.table.record_preview("{}", [], stage.clock())
    assert recorded(stage.table) is None
