"""A touch is trusted only after it was seen to push and to change nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lib.errors import Permanent, Refused, Transient
from lib.model import Attribute, MappingRule
from ops.doctor.finding import Finding
from ops.doctor.proof_record import KEY, ProofRecord
from ops.doctor.touch_proof import NotTried, TouchTrial
from tests.fakes.clock import FakeClock
from tests.fakes.graph import FakeGraph
from tests.fakes.make import (
    APP,
    LOGIN,
    OBJECT,
    OLD_PHONE,
    OTHER_APP,
    SECRETS,
    SUBJECT,
    USER,
    configuration,
    push,
    role,
    standing,
    started,
)
from tests.fakes.okta import FakeOkta
from tests.unit.doctor.aws import FakeAws

WHERE = "department"


class Trial:
    """The trial with everything around it; time passes only by sleeping."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.okta, self.graph, self.aws = FakeOkta(self.clock), FakeGraph(self.clock), FakeAws()
        held = self.okta.assigned[SUBJECT]
        self.profile = {**held.profile, WHERE: "Sales"}
        self.okta.assigned[SUBJECT] = replace(held, profile=self.profile)
        self.okta.after_touch = self.push
        self.after_sleep: Callable[[], None] = lambda: None
        self.result = "SUCCESS"

    def push(self) -> None:
        at = self.clock() + timedelta(seconds=3)
        self.okta.log += [started(at), push(self.result, at)]

    def change(self, **changes: Any) -> None:
        held = self.okta.assigned[SUBJECT]
        self.okta.assigned[SUBJECT] = replace(held, **changes)

    def run(self) -> list[Finding]:
        def sleep(seconds: float) -> None:
            self.clock.pass_by(seconds)
            self.after_sleep()

        trial = TouchTrial(
            self.okta,  # type: ignore[arg-type]
            self.graph,  # type: ignore[arg-type]
            ProofRecord(self.aws, "table"),
            self.clock,
            settle=1,
            longest=20,
            sleep=sleep,
        )
        return trial.run(SUBJECT, WHERE)


@pytest.fixture
def trial() -> Trial:
    return Trial()


def codes(found: list[Finding]) -> list[str]:
    return [each.code for each in found]


def test_a_good_touch_is_recorded_and_taken_back(trial: Trial) -> None:
    assert codes(trial.run()) == ["proof_recorded"]
    proof = ProofRecord(trial.aws, "table").read(APP)
    assert proof is not None
    assert (proof.attribute, proof.user_id, proof.push_uuid) == (WHERE, USER, "push-success")
    assert list(trial.aws.items) == [(KEY, APP)]
    assert [value for _, _, value in trial.okta.touches][-1] == "Sales"
    assert trial.okta.assigned[SUBJECT].profile == trial.profile
    assert trial.graph.patches == []


def test_an_attribute_without_a_value_keeps_ours_and_it_is_said(trial: Trial) -> None:
    trial.change(profile={k: v for k, v in trial.profile.items() if k != WHERE})
    assert codes(trial.run()) == ["proof_recorded", "proof_left"]


def broken(trial: Trial, code: str) -> None:
    assert code in codes(trial.run())
    assert trial.aws.items == {}, "what failed must not be recorded"


def test_a_touch_without_a_push(trial: Trial) -> None:
    trial.okta.after_touch = lambda: None
    broken(trial, "proof_no_push")


def test_a_push_that_only_started_is_none(trial: Trial) -> None:
    trial.okta.after_touch = lambda: trial.okta.log.append(started(trial.clock()))
    broken(trial, "proof_no_push")


def test_a_push_from_before_is_none(trial: Trial) -> None:
    trial.okta.log = [push(at=trial.clock() - timedelta(minutes=1))]
    trial.okta.after_touch = lambda: None
    broken(trial, "proof_no_push")


def test_a_push_that_failed(trial: Trial) -> None:
    trial.result = "FAILURE"
    broken(trial, "proof_push_failed")


def test_okta_refuses_a_mapped_attribute(trial: Trial) -> None:
    trial.okta.trouble["touch"] = Refused(403, "E0000075", "Cannot modify")
    found = trial.run()
    assert codes(found) == ["proof_refused"]
    assert "E0000075" in found[0].seen


def test_the_scope_moved(trial: Trial) -> None:
    trial.after_sleep = lambda: trial.change(scope="GROUP")
    broken(trial, "proof_scope_changed")


@pytest.mark.parametrize("name", ["licenses", "mobilePhone"])
def test_another_attribute_of_the_assignment_changed(trial: Trial, name: str) -> None:
    def change() -> None:
        held = trial.okta.assigned[SUBJECT]
        trial.change(profile={**held.profile, name: "x"})

    trial.after_sleep = change
    found = trial.run()
    assert found[0].code == "proof_changed_more"
    assert f"AppUser.{name}" in found[0].seen
    assert trial.aws.items == {}


@pytest.mark.parametrize(
    ("attribute", "changes"),
    [
        (Attribute.MOBILE_PHONE, {"mobile_phone": OLD_PHONE}),
        (Attribute.OTHER_MAILS, {"other_mails": ()}),
        (Attribute.ACCOUNT_ENABLED, {"account_enabled": False}),
    ],
)
def test_a_watched_value_in_entra_changed(
    trial: Trial, attribute: Attribute, changes: dict[str, Any]
) -> None:
    trial.after_sleep = lambda: trial.graph.set(OBJECT, **changes)
    found = trial.run()
    assert found[0].code == "proof_changed_more"
    assert f"Entra.{attribute}" in found[0].seen
    assert not any(secret in each.seen for each in found for secret in SECRETS)


def test_what_breaks_off_is_taken_back(trial: Trial) -> None:
    trial.okta.trouble["push_log"] = Transient("busy")
    broken(trial, "proof_broke_off")
    assert trial.okta.assigned[SUBJECT].profile == trial.profile


def test_a_touch_of_which_nothing_is_known(trial: Trial) -> None:
    trial.okta.trouble["touch"] = Transient("no answer in time")
    broken(trial, "proof_broke_off")


def untouched(trial: Trial) -> str:
    with pytest.raises(NotTried) as why:
        trial.run()
    assert trial.okta.touches == []
    return str(why.value)


def test_nobody_privileged_is_touched(trial: Trial) -> None:
    for unsafe in (
        standing(role()),
        standing(eligible_roles=(role(),)),
        standing(role_assignable_groups=("g",)),
        standing(active_roles=None),
    ):
        trial.graph.standings[OBJECT] = unsafe
        assert "role" in untouched(trial)


def test_nobody_with_a_difference_is_touched(trial: Trial) -> None:
    """The push would carry it, and what changed could not be told apart."""
    trial.graph.set(OBJECT, mobile_phone=OLD_PHONE)
    assert "differs already" in untouched(trial)


def test_nobody_unlinked_or_assigned_by_a_group_is_touched(trial: Trial) -> None:
    trial.change(scope="GROUP")
    assert "group" in untouched(trial)
    trial.change(scope="USER", external_id=None)
    assert "linked" in untouched(trial)
    trial.change(external_id="33333333-aaaa-4aaa-8aaa-111111111111")
    assert "no Entra user" in untouched(trial)
    trial.okta.unassign()
    assert "not assigned" in untouched(trial)


def test_a_mapped_attribute_is_not_even_tried(trial: Trial) -> None:
    rules = {WHERE: MappingRule("user.department", "PUSH")}
    trial.okta.config = configuration(mappings={"oty1": rules})
    assert "mapped" in untouched(trial)


def test_the_test_user_is_found_in_any_watched_app(trial: Trial) -> None:
    looking = TouchTrial(
        trial.okta,  # type: ignore[arg-type]
        trial.graph,  # type: ignore[arg-type]
        ProofRecord(trial.aws, "table"),
        trial.clock,
        settle=0,
    )
    trial.okta.names[OTHER_APP, LOGIN] = SUBJECT
    assert looking.find((APP, OTHER_APP), LOGIN) == SUBJECT
    with pytest.raises(NotTried):
        looking.find((APP,), LOGIN)


def test_the_command_says_why_nobody_was_touched(trial: Trial) -> None:
    from ops.doctor_command import prove

    class Visit:
        touch_attribute = WHERE
        app_ids = (APP,)

        def __init__(self, error: Exception) -> None:
            self.error = error

        def trial(self) -> Any:
            return self

        def find(self, *_: object) -> Any:
            raise self.error

        run = find

    for error in (NotTried("nobody"), Permanent("no"), Refused(403, "E0000006", LOGIN)):
        (found,) = prove(Visit(error), LOGIN).findings  # type: ignore[arg-type]
        assert found.code == "proof_impossible"
        assert LOGIN not in found.seen
