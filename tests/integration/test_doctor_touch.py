"""pushproof doctor --prove-touch against the running shape."""

from __future__ import annotations

from collections import Counter

import pytest
from click.testing import Result

from ops.doctor.touch_proof import TouchTrial
from ops.doctor.visit import Visit
from tests.integration.conftest import GRAPH_APP, Deployed
from tests.integration.doctoring import Doctor, codes
from tests.integration.staff import name


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Visit.trial

    def trial(visit: Visit) -> TouchTrial:
        found = made(visit)
        found._longest, found._pause = 3.0, 0.3
        return found

    monkeypatch.setattr(Visit, "trial", trial)


def prove(doctor: Doctor, person: str) -> Result:
    return doctor("--prove-touch", f"{person}@corp.example", "--yes", "--json")


@pytest.mark.usefixtures("quick")
def test_a_touch_is_proved_and_then_known(deployed: Deployed, doctor: Doctor) -> None:
    person = name(57)
    before = dict(deployed.org.app_user(person, GRAPH_APP).profile)
    values = deployed.tenant.get_user(person)
    result = prove(doctor, person)
    assert codes(result, ok=True) == Counter({"proof_recorded": 1})
    assert result.exit_code == 0
    deployed.settle()
    assert deployed.org.app_user(person, GRAPH_APP).profile == before
    after = deployed.tenant.get_user(person)
    assert (after.mobile_phone, after.other_mails) == (values.mobile_phone, values.other_mails)
    assert not deployed.state(deployed.subject(person)).open
    seen = codes(doctor("--only", "okta", "--json"), ok=True)
    assert seen["touch_ready"] == 1
    assert seen["touch_unproved"] == 1, "the other app was not proved"


@pytest.mark.usefixtures("quick")
def test_a_touch_that_is_not_pushed_is_not_recorded(deployed: Deployed, doctor: Doctor) -> None:
    person = name(58)
    deployed.org.suppress_push(person, "lost")
    result = prove(doctor, person)
    assert "proof_no_push" in codes(result)
    assert result.exit_code == 2
    assert codes(doctor("--only", "okta", "--json"))["touch_unproved"] == 2


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "person", ["global.admin", "eligible.admin", "group.member", "nobody.at.all"]
)
def test_nobody_who_matters_is_touched(deployed: Deployed, doctor: Doctor, person: str) -> None:
    route = "POST /api/v1/apps/{app}/users/{user}"
    before = deployed.org.calls[route]
    result = prove(doctor, person)
    assert codes(result) == Counter({"proof_impossible": 1})
    assert deployed.org.calls[route] == before


def test_it_asks_before_it_touches(deployed: Deployed, doctor: Doctor) -> None:
    route = "POST /api/v1/apps/{app}/users/{user}"
    before = deployed.org.calls[route]
    assert doctor("--prove-touch", f"{name(57)}@corp.example").exit_code == 1
    assert deployed.org.calls[route] == before
