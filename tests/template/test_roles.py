"""What each role may do, and above all what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from lib.rules.shared import flag_subject
from lib.store import keys
from tests.template.policies import allows, like, many, named, of_type, statements

ROLES = {
    "ReceiveFunction": "ReceiveRole",
    "CheckFunction": "CheckRole",
    "RemediateFunction": "RemediateRole",
    "ApproveFunction": "ApproveRole",
    "CatchUpFunction": "CatchUpRole",
    "TickFunction": "TickRole",
    "SweepFunction": "SweepRole",
}
WRITES = ("dynamodb:PutItem", "dynamodb:UpdateItem")
# Each of them can take an item away.
DELETES = ("dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:PartiQLDelete")
WORK_ITEMS = ("SUBJECT#a", "INCIDENT#a", "PARKED#a", "COUNTER#a", "FACT#a", "LOCK#a")
DECISIONS = ("APPROVAL#a", "CONTROL#a", "RULING#a", "AUDIT#2026-01")
SECRETS = {"HookSecret", "OktaSecret", "EntraReaderSecret", "EntraWriterSecret"}


def test_every_function_has_a_role_of_its_own(template: dict[str, Any]) -> None:
    functions = of_type(template, "AWS::Serverless::Function")
    given = {n: named(p["Role"]) for n, p in functions.items()}
    assert given == ROLES


def test_roles_hold_only_their_own_statements(template: dict[str, Any]) -> None:
    for name, role in of_type(template, "AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role, name
        assert name in ROLES.values()


def test_no_statement_reaches_everything(template: dict[str, Any]) -> None:
    for name in (*ROLES.values(), "OperatorPolicy", "DoctorPolicy"):
        for statement in statements(template, name):
            assert not any(action.endswith(":*") for action in many(statement["Action"]))
            assert "*" not in many(statement["Resource"])


def whoever(template: dict[str, Any]) -> set[str]:
    """Everything in the template that gives permissions, also what is not written yet."""
    kinds = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")
    return {name for kind in kinds for name in of_type(template, kind)}


def allowed(template: dict[str, Any], action: str, key: str) -> set[str]:
    return {n for n in whoever(template) if allows(template, n, action, "Table", key)}


def test_nothing_gives_permissions_beside_roles_and_policies(template: dict[str, Any]) -> None:
    assert {*ROLES.values(), "OperatorPolicy", "DoctorPolicy"} <= whoever(template)
    for name, function in of_type(template, "AWS::Serverless::Function").items():
        assert "Policies" not in function, name
    assert "ResourcePolicy" not in template["Resources"]["Table"]["Properties"]


@pytest.mark.parametrize("action", WRITES)
@pytest.mark.parametrize("key", DECISIONS)
def test_only_approve_writes_decisions_and_the_audit_trail(
    template: dict[str, Any], action: str, key: str
) -> None:
    assert allowed(template, action, key) == {"ApproveRole"}


@pytest.mark.parametrize("action", DELETES)
@pytest.mark.parametrize("key", DECISIONS)
def test_nobody_deletes_decisions_or_the_audit_trail(
    template: dict[str, Any], action: str, key: str
) -> None:
    assert allowed(template, action, key) == set()


def test_operators_read_the_audit_trail(template: dict[str, Any]) -> None:
    for action in ("dynamodb:GetItem", "dynamodb:Query"):
        assert allows(template, "OperatorPolicy", action, "Table", "AUDIT#2026-01")


def test_approve_pages_and_sends_plans_and_nothing_else(template: dict[str, Any]) -> None:
    assert allows(template, "ApproveRole", "sns:Publish", "Topic")
    assert allows(template, "ApproveRole", "sqs:SendMessage", "RemediationQueue")
    assert not allows(template, "ApproveRole", "sqs:SendMessage", "CheckQueue")
    for key in WORK_ITEMS:
        writes = allows(template, "ApproveRole", "dynamodb:PutItem", "Table", key)
        assert writes is key.startswith("INCIDENT#")


@pytest.mark.parametrize("action", WRITES)
@pytest.mark.parametrize("key", WORK_ITEMS)
def test_check_remediate_and_operators_write_the_work_items(
    template: dict[str, Any], action: str, key: str
) -> None:
    writers = {
        name
        for name in (*ROLES.values(), "OperatorPolicy")
        if allows(template, name, action, "Table", key)
    }
    deciders = {"ApproveRole"} if key.startswith("INCIDENT#") else set()
    # It puts off what is due and parks dead letters; facts and the tenant's lock are not its.
    due = set() if key.startswith(("FACT#", "LOCK#")) else {"TickRole"}
    writers -= {"SweepRole"}
    operators = set() if key.startswith("SUBJECT#") else {"OperatorPolicy"}
    assert writers == {"CheckRole", "RemediateRole"} | operators | deciders | due


@pytest.mark.parametrize("action", [*WRITES, *DELETES])
def test_operators_write_of_subjects_only_the_flags(template: dict[str, Any], action: str) -> None:
    """A person's link decides which account is switched off when they leave."""

    def may(key: str) -> bool:
        return allows(template, "OperatorPolicy", action, "Table", key)

    flag = keys.subject(flag_subject("EntraTenantId"))["pk"]
    app, user = "0oaAAAAAAAAAAAAAAAA1", "00uORDINARY000000001"
    assert may(flag) is not action.endswith("PartiQLDelete")
    others = (f"SUBJECT#{app}#{user}", f"SUBJECT#EntraTenantId#{user}", f"{flag}#{user}")
    lookalikes = ("SUBJECT#EntraTenantId#xdirsync_override", f"SUBJECT#{app}#*dirsync_override")
    assert not any(may(key) for key in (*others, *lookalikes, "SUBJECT#EntraTenantId#"))


def test_what_is_like_a_pattern() -> None:
    assert like("A#b", "A#*")
    assert like("A#*b", "A#${*}b")
    assert not like("A#xb", "A#${*}b")
    assert like("T#*b", {"Fn::Sub": "${T}#${!*}b"})
    assert not like("B#b", "A#*")


def test_sweep_reads_and_marks_and_decides_nothing(template: dict[str, Any]) -> None:
    own = ("SUBJECT#a", "SWEEP#a", "WANTED#1", "PARKED#1", "LOCK#sweep", "FACT#app_size")
    others = ("INCIDENT#a", "LOCK#tenant", "LOCK#catch_up", "FACT#bypass", "COUNTER#a")
    for action in WRITES:
        assert all(allows(template, "SweepRole", action, "Table", key) for key in own)
        assert not any(allows(template, "SweepRole", action, "Table", key) for key in others)
    assert not allows(template, "SweepRole", "sqs:SendMessage", "RemediationQueue")
    assert allows(template, "SweepRole", "sqs:GetQueueAttributes", "CheckQueue")


def test_whoever_begins_or_sends_on_a_sweep_may(template: dict[str, Any]) -> None:
    """A storm begins in check; tick puts off what is late; an operator starts and stops."""
    for role in ("CheckRole", "TickRole", "OperatorPolicy", "SweepRole"):
        assert allows(template, role, "sqs:SendMessage", "SweepQueue"), role
        assert allows(template, role, "dynamodb:UpdateItem", "Table", "SWEEP#running"), role
    marks = {n for n in ROLES.values() if allows(template, n, WRITES[0], "Table", "WANTED#0")}
    assert marks == {"CheckRole", "SweepRole"}


def test_tick_signs_in_nowhere_and_takes_only_dead_letters(template: dict[str, Any]) -> None:
    for secret in SECRETS:
        assert not allows(template, "TickRole", "secretsmanager:GetSecretValue", secret)
    for queue in ("CheckQueue", "RemediationQueue"):
        assert allows(template, "TickRole", "sqs:SendMessage", queue)
        assert not allows(template, "TickRole", "sqs:ReceiveMessage", queue)
    for queue in ("CheckDeadLetterQueue", "RemediationDeadLetterQueue"):
        assert allows(template, "TickRole", "sqs:ReceiveMessage", queue)
        assert allows(template, "TickRole", "sqs:DeleteMessage", queue)


def test_tick_draws_the_overview_and_writes_no_other_fact(template: dict[str, Any]) -> None:
    for action in WRITES:
        assert allows(template, "TickRole", action, "Table", "FACT#overview")
        for key in ("FACT#bypass", "FACT#hook_health", "FACT#touch_proof", "FACT#preview"):
            assert not allows(template, "TickRole", action, "Table", key)


def test_check_and_remediate_read_decisions(template: dict[str, Any]) -> None:
    for role in ("CheckRole", "RemediateRole"):
        assert allows(template, role, "dynamodb:GetItem", "Table", "APPROVAL#a")
        assert allows(template, role, "dynamodb:ConditionCheckItem", "Table", "CONTROL#a")


def test_no_role_scans_or_changes_the_table_itself(template: dict[str, Any]) -> None:
    for name in (*ROLES.values(), "OperatorPolicy"):
        for action in ("dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:PartiQLUpdate"):
            assert not allows(template, name, action, "Table", "SUBJECT#a")


def test_receive_only_sends_hints(template: dict[str, Any]) -> None:
    assert allows(template, "ReceiveRole", "sqs:SendMessage", "CheckQueue")
    assert not allows(template, "ReceiveRole", "sqs:SendMessage", "RemediationQueue")
    assert not allows(template, "ReceiveRole", "sqs:ReceiveMessage", "CheckQueue")
    assert not allows(template, "ReceiveRole", "dynamodb:GetItem", "Table")
    assert not allows(template, "ReceiveRole", "sns:Publish", "Topic")


def test_catch_up_sends_hints_and_keeps_its_position_and_nothing_else(
    template: dict[str, Any],
) -> None:
    """Whoever gets hold of it can make us look, and reads and writes nothing about anybody."""
    assert allows(template, "CatchUpRole", "sqs:SendMessage", "CheckQueue")
    assert not allows(template, "CatchUpRole", "sqs:SendMessage", "RemediationQueue")
    assert not allows(template, "CatchUpRole", "sqs:ReceiveMessage", "CheckQueue")
    assert not allows(template, "CatchUpRole", "sns:Publish", "Topic")
    own = ("CURSOR#system_log", "LOCK#catch_up", "FACT#hook_health", "FACT#breaker")
    for key in (*WORK_ITEMS, *DECISIONS, "FACT#bypass", "LOCK#tenant", *own):
        for action in (*WRITES, "dynamodb:GetItem", "dynamodb:ConditionCheckItem"):
            assert allows(template, "CatchUpRole", action, "Table", key) is (key in own), key
        for action in DELETES:
            assert not allows(template, "CatchUpRole", action, "Table", key)
    assert allows(template, "CatchUpRole", "dynamodb:Query", "Table", "FACT#hook_marks")
    assert not allows(template, "CatchUpRole", "dynamodb:PutItem", "Table", "FACT#hook_marks")
    assert allows(template, "CheckRole", "dynamodb:PutItem", "Table", "FACT#hook_marks")


def test_only_catch_up_writes_where_reading_the_log_stopped(template: dict[str, Any]) -> None:
    for action in WRITES:
        assert allowed(template, action, "CURSOR#system_log") == {"CatchUpRole"}


def test_each_role_reads_only_its_secrets(template: dict[str, Any]) -> None:
    wanted = {
        "ReceiveRole": {"HookSecret"},
        "CheckRole": {"OktaSecret", "EntraReaderSecret"},
        "RemediateRole": {"OktaSecret", "EntraReaderSecret", "EntraWriterSecret"},
        "ApproveRole": set(),
        "CatchUpRole": {"OktaSecret"},
        "SweepRole": {"OktaSecret", "EntraReaderSecret"},
        # The writer's is for nobody else: whoever has it writes without an approval.
        "OperatorPolicy": {"OktaSecret", "HookSecret"},
        "DoctorPolicy": {"EntraReaderSecret"},
    }
    for role, secrets in wanted.items():
        read = {s for s in SECRETS if allows(template, role, "secretsmanager:GetSecretValue", s)}
        assert read == secrets, role


def test_each_queue_has_one_taker(template: dict[str, Any]) -> None:
    takers = {
        (role, queue)
        for role in ROLES.values()
        for queue in ("CheckQueue", "RemediationQueue", "SweepQueue")
        if allows(template, role, "sqs:ReceiveMessage", queue)
    }
    assert takers == {
        ("CheckRole", "CheckQueue"),
        ("RemediateRole", "RemediationQueue"),
        ("SweepRole", "SweepQueue"),
    }


def test_roles_write_only_their_own_log(template: dict[str, Any]) -> None:
    for function, role in ROLES.items():
        stem = function.removesuffix("Function")
        assert allows(template, role, "logs:PutLogEvents", f"{stem}Logs")
        others = {f.removesuffix("Function") for f in ROLES} - {stem}
        assert not any(allows(template, role, "logs:PutLogEvents", f"{o}Logs") for o in others)


def test_operators_look_at_what_doctor_reports(template: dict[str, Any]) -> None:
    def may(action: str, resource: str) -> bool:
        return allows(template, "OperatorPolicy", action, resource)

    assert all(may("secretsmanager:ListSecretVersionIds", name) for name in SECRETS)
    for queue in ("CheckQueue", "RemediationQueue", "SweepQueue"):
        assert may("sqs:GetQueueAttributes", queue)
    for queue in ("CheckDeadLetterQueue", "RemediationDeadLetterQueue", "SweepDeadLetterQueue"):
        assert may("sqs:GetQueueAttributes", queue)
        assert not may("sqs:ReceiveMessage", queue)
        assert not may("sqs:SendMessage", queue)
    assert may("sns:ListSubscriptionsByTopic", "Topic")
    assert not may("sns:Subscribe", "Topic")
    (alarms,) = [
        statement
        for statement in statements(template, "OperatorPolicy")
        if "cloudwatch:DescribeAlarms" in many(statement["Action"])
    ]
    assert many(alarms["Action"]) == ["cloudwatch:DescribeAlarms"]


def test_only_operators_change_a_secret_and_only_the_hooks(template: dict[str, Any]) -> None:
    writers = {
        (name, secret)
        for name in (*ROLES.values(), "OperatorPolicy")
        for secret in SECRETS
        for action in ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret")
        if allows(template, name, action, secret)
    }
    assert writers == {("OperatorPolicy", "HookSecret")}


def test_the_doctors_policy_reads_one_secret_and_does_nothing_else(
    template: dict[str, Any],
) -> None:
    (only,) = statements(template, "DoctorPolicy")
    assert many(only["Action"]) == ["secretsmanager:GetSecretValue"]
    assert list(map(named, many(only["Resource"]))) == ["EntraReaderSecret"]
