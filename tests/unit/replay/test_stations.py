"""Four stations for every outcome: what is done, what moves, what waits, what is still ahead."""

from __future__ import annotations

import pytest

from ops.replay.fates import Outcome
from ops.replay.stations import Standing, stations
from tests.fakes.stage import Stage
from tests.unit.replay.conftest import Sending, only
from tests.unit.replay.test_following import STORIES

D, N, W, F, A, NONE = (
    Standing.DONE,
    Standing.NOW,
    Standing.WAITS,
    Standing.FAILED,
    Standing.AHEAD,
    Standing.NONE,
)
EXPECTED = {
    Outcome.WAITING: (D, N, A, A),
    Outcome.MARKED: (D, N, A, A),
    Outcome.LOOKING: (D, N, A, A),
    Outcome.ONCE_MORE: (D, N, A, A),
    Outcome.MENDING: (D, D, N, A),
    Outcome.PROVING: (D, D, D, N),
    Outcome.PARKED: (D, F, A, A),
    Outcome.FOR_PERSON: (D, D, W, A),
    Outcome.FOR_APPROVAL: (D, D, W, A),
    Outcome.OBSERVED: (D, D, NONE, NONE),
    Outcome.DISMISSED: (D, D, NONE, NONE),
    Outcome.PROVED: (D, D, D, D),
    Outcome.EQUAL: (D, D, NONE, NONE),
    Outcome.ANSWERED: (D, D, NONE, NONE),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_station_stands_as_it_went(stage: Stage, sending: Sending, name: Outcome) -> None:
    delivered = STORIES[name](stage, sending)
    (lane,) = only(delivered).lanes
    stops = stations(delivered.sent, lane)
    assert [stop.name for stop in stops] == ["receive", "check", "remediate", "proof"]
    assert tuple(stop.standing for stop in stops) == EXPECTED[name]
    assert stops[0].at == delivered.sent.at
    if name in (Outcome.WAITING, Outcome.MARKED, Outcome.PARKED):
        assert stops[1].at is None
    elif name in (Outcome.LOOKING, Outcome.ONCE_MORE, Outcome.EQUAL, Outcome.ANSWERED):
        assert stops[1].at == lane.state.last_read
    else:  # when it called the difference drift; a later read may have proved the mend
        assert stops[1].at is not None
        assert lane.state.last_read is not None
        assert stops[1].at <= lane.state.last_read


def test_times_are_those_of_the_decisions(stage: Stage, sending: Sending) -> None:
    delivered = STORIES[Outcome.PROVED](stage, sending)
    (lane,) = only(delivered).lanes
    receive, check, remediate, proof = stations(delivered.sent, lane)
    assert receive.at is not None
    assert remediate.at is not None
    assert proof.at is not None
    assert receive.at < remediate.at < proof.at
    assert check.at is not None
    assert receive.at < check.at < remediate.at
    assert (remediate.told, proof.told) == ("mended", "expected = actual")
