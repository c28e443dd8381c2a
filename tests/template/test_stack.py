"""Queues, encryption, alarms, routes, parameters and outputs of template.yaml."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lib.flows.catch_up import LEASE, Limits
from lib.flows.sweep import HELD
from lib.flows.sweep_steps import SECONDS
from tests.template.policies import ROOT, load_template, many, named, of_type, references

HANDLERS = {
    "ReceiveFunction": "receive",
    "CheckFunction": "check",
    "RemediateFunction": "remediate",
    "ApproveFunction": "approve",
    "CatchUpFunction": "catch_up",
    "TickFunction": "tick",
    "SweepFunction": "sweep",
}
FUNCTIONS = tuple(HANDLERS)
OUTPUTS = {
    *("HookUrl", "ApproveUrl", "TableName", "CheckQueueUrl", "CheckDeadLetterQueueUrl"),
    *("RemediationQueueUrl", "RemediationDeadLetterQueueUrl", "TopicArn", "HookSecretId"),
    *("OktaSecretId", "OktaOrgUrl", "OktaAppIds", "EntraTenantId", "EntraAuthority", "GraphRoot"),
    *("OperatorClientId", "SettleSeconds", "TouchAttribute", "ApprovalHours"),
    *("EntraReaderSecretId", "EntraWriterSecretId", "EntraReaderClientId", "EntraWriterClientId"),
}


def source_of(template: dict[str, Any], function: str) -> dict[str, Any]:
    events = template["Resources"][function]["Properties"]["Events"].values()
    (source,) = [event["Properties"] for event in events if event["Type"] == "SQS"]
    properties: dict[str, Any] = source
    return properties


def test_functions_run_on_python_3_13_and_arm64(template: dict[str, Any]) -> None:
    assert set(of_type(template, "AWS::Serverless::Function")) == set(FUNCTIONS)
    shared = template["Globals"]["Function"]
    assert (shared["Runtime"], shared["Architectures"]) == ("python3.13", ["arm64"])
    for name in FUNCTIONS:
        assert template["Resources"][name]["Metadata"] == {"BuildMethod": "makefile"}
        properties = template["Resources"][name]["Properties"]
        assert properties["Handler"] == f"handlers.{HANDLERS[name]}.handler"


def test_visibility_is_six_times_the_timeout(template: dict[str, Any]) -> None:
    for name in ("CheckFunction", "RemediateFunction", "SweepFunction"):
        timeout = template["Resources"][name]["Properties"]["Timeout"]
        queue = template["Resources"][named(source_of(template, name)["Queue"])]["Properties"]
        assert queue["VisibilityTimeout"] >= 6 * timeout


def test_sources_report_partial_failures_and_are_bounded(template: dict[str, Any]) -> None:
    for name in ("CheckFunction", "RemediateFunction", "SweepFunction"):
        source = source_of(template, name)
        assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert source["ScalingConfig"]["MaximumConcurrency"] >= 2  # Lambda takes no less
    check = source_of(template, "CheckFunction")
    assert check["MaximumBatchingWindowInSeconds"] == {"Ref": "CheckBatchWindowSeconds"}
    # Lambda refuses a window on a FIFO queue.
    remediate = source_of(template, "RemediateFunction")
    assert "MaximumBatchingWindowInSeconds" not in remediate


def test_a_sweeps_step_ends_before_its_lease_and_its_lease_before_the_message_returns(
    template: dict[str, Any],
) -> None:
    timeout = template["Resources"]["SweepFunction"]["Properties"]["Timeout"]
    visibility = template["Resources"]["SweepQueue"]["Properties"]["VisibilityTimeout"]
    assert SECONDS < timeout < HELD.total_seconds() < visibility
    assert source_of(template, "SweepFunction")["BatchSize"] == 1


def test_everybody_is_checked_nightly_unless_nobody_wants_it(template: dict[str, Any]) -> None:
    events = template["Resources"]["SweepFunction"]["Properties"]["Events"]
    nightly = events["Nightly"]["Properties"]
    assert nightly["Schedule"]["Fn::If"][:2] == ["SweepsByItself", {"Ref": "SweepAt"}]
    assert nightly["State"] == {"Fn::If": ["SweepsByItself", "ENABLED", "DISABLED"]}
    accepted = re.compile(template["Parameters"]["SweepAt"]["AllowedPattern"])
    for given in ("", "cron(0 3 * * ? *)", "rate(12 hours)", "cron(0 3 ? * MON-FRI *)"):
        assert accepted.fullmatch(given), given
    for given in ("0 3 * * *", "cron()", "rate(1 day", "cron(0 3 * * ? *) "):
        assert not accepted.fullmatch(given), given


def test_tick_runs_every_minute_once_at_a_time_and_is_not_repeated(
    template: dict[str, Any],
) -> None:
    properties = template["Resources"]["TickFunction"]["Properties"]
    (event,) = properties["Events"].values()
    assert (event["Type"], event["Properties"]["Schedule"]) == ("Schedule", "rate(1 minute)")
    assert properties["ReservedConcurrentExecutions"] == 1
    assert properties["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    assert properties["Timeout"] < 60


def test_catch_up_runs_by_itself_once_at_a_time_and_is_not_repeated(
    template: dict[str, Any],
) -> None:
    properties = template["Resources"]["CatchUpFunction"]["Properties"]
    (event,) = properties["Events"].values()
    assert (event["Type"], event["Properties"]["Schedule"]) == ("Schedule", {"Ref": "CatchUpEvery"})
    assert template["Parameters"]["CatchUpEvery"]["Default"] == "rate(5 minutes)"
    assert properties["ReservedConcurrentExecutions"] == 1
    assert properties["EventInvokeConfig"]["MaximumRetryAttempts"] == 0
    # A run that was killed leaves its lease; it must be over before the next one but one.
    assert properties["Timeout"] < LEASE.total_seconds() < 2 * 300
    assert properties["Timeout"] > Limits().seconds + 40


@pytest.mark.parametrize(
    ("metric", "statistic", "threshold"),
    [
        ("LogBehind", "Maximum", 1800),
        # Three moments in a row without the hook.
        ("HookSilent", "Maximum", 2),
        ("CursorLost", "Sum", 0),
    ],
)
def test_what_catch_up_tells_pages_on_call(
    template: dict[str, Any], metric: str, statistic: str, threshold: int
) -> None:
    alarms = of_type(template, "AWS::CloudWatch::Alarm").values()
    (alarm,) = [alarm for alarm in alarms if alarm["MetricName"] == metric]
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "catch_up"}]
    assert alarm["Namespace"] == {"Fn::Sub": "Pushproof/${AWS::StackName}"}
    assert (alarm["Statistic"], alarm["Threshold"]) == (statistic, threshold)
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["AlarmActions"] == [{"Ref": "Topic"}]


def test_check_queue_waits_the_settle_time(template: dict[str, Any]) -> None:
    queues = of_type(template, "AWS::SQS::Queue")
    assert queues["CheckQueue"]["DelaySeconds"] == {"Ref": "SettleSeconds"}
    assert not queues["CheckQueue"].get("FifoQueue")


def test_remediation_is_fifo_with_explicit_deduplication(template: dict[str, Any]) -> None:
    queues = of_type(template, "AWS::SQS::Queue")
    for name in ("RemediationQueue", "RemediationDeadLetterQueue"):
        assert queues[name]["FifoQueue"] is True
        assert queues[name]["ContentBasedDeduplication"] is False


def test_work_queues_have_dead_letter_queues_that_keep_longest(template: dict[str, Any]) -> None:
    queues = of_type(template, "AWS::SQS::Queue")
    for name in ("Check", "Remediation", "Sweep"):
        redrive = queues[f"{name}Queue"]["RedrivePolicy"]
        assert named(redrive["deadLetterTargetArn"]) == f"{name}DeadLetterQueue"
        assert redrive["maxReceiveCount"] >= 3
        dead = queues[f"{name}DeadLetterQueue"]
        assert dead["MessageRetentionPeriod"] == 14 * 86400
        assert "RedrivePolicy" not in dead


def test_everything_that_stores_is_encrypted(template: dict[str, Any]) -> None:
    key = {"Fn::GetAtt": ["Key", "Arn"]}
    for name, queue in of_type(template, "AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] is True, name
    for secret in of_type(template, "AWS::SecretsManager::Secret").values():
        assert secret["KmsKeyId"] == key
    for group in of_type(template, "AWS::Logs::LogGroup").values():
        assert group["KmsKeyId"] == key
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    assert table["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
        "KMSMasterKeyId": key,
    }
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert of_type(template, "AWS::SNS::Topic")["Topic"]["KmsMasterKeyId"] == {"Ref": "Key"}


def test_alarms_may_publish_to_the_encrypted_topic(template: dict[str, Any]) -> None:
    policy = template["Resources"]["Key"]["Properties"]["KeyPolicy"]
    alarms = {"Service": "cloudwatch.amazonaws.com"}
    (key,) = [s for s in policy["Statement"] if s["Principal"] == alarms]
    assert set(key["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey*"}
    (topic,) = of_type(template, "AWS::SNS::TopicPolicy").values()
    (publish,) = topic["PolicyDocument"]["Statement"]
    assert publish["Principal"] == alarms
    assert publish["Action"] == "sns:Publish"


def test_the_key_serves_only_this_account_and_the_services_that_store(
    template: dict[str, Any],
) -> None:
    policy = template["Resources"]["Key"]["Properties"]["KeyPolicy"]
    (anyone,) = [s for s in policy["Statement"] if s["Principal"] == {"AWS": "*"}]
    condition = anyone["Condition"]["StringEquals"]
    assert condition["kms:CallerAccount"] == {"Ref": "AWS::AccountId"}
    services = {service["Fn::Sub"].split(".")[0] for service in condition["kms:ViaService"]}
    assert services == {"dynamodb", "secretsmanager", "sns"}


@pytest.mark.parametrize(
    ("metric", "dimension"),
    [
        ("ApproximateNumberOfMessagesVisible", "CheckDeadLetterQueue"),
        ("ApproximateNumberOfMessagesVisible", "RemediationDeadLetterQueue"),
        ("ApproximateNumberOfMessagesVisible", "SweepDeadLetterQueue"),
        ("ApproximateAgeOfOldestMessage", "CheckQueue"),
        ("ApproximateAgeOfOldestMessage", "RemediationQueue"),
        ("Errors", "ReceiveFunction"),
        ("Errors", "CatchUpFunction"),
        ("Errors", "TickFunction"),
    ],
)
def test_alarms_page_on_call(template: dict[str, Any], metric: str, dimension: str) -> None:
    (alarm,) = [
        alarm
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == metric and named(alarm["Dimensions"][0]["Value"]) == dimension
    ]
    assert alarm["AlarmActions"] == [{"Ref": "Topic"}]
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    if metric != "ApproximateAgeOfOldestMessage":
        assert alarm["Threshold"] == 0


def test_the_age_alarm_does_not_fire_for_work_that_merely_waits(template: dict[str, Any]) -> None:
    queues = of_type(template, "AWS::SQS::Queue")
    for name in ("CheckQueue", "RemediationQueue"):
        (alarm,) = [
            alarm
            for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
            if alarm["MetricName"] == "ApproximateAgeOfOldestMessage"
            and named(alarm["Dimensions"][0]["Value"]) == name
        ]
        assert alarm["Threshold"] > 900 + queues[name]["VisibilityTimeout"]


def test_approvals_are_signed_and_the_hook_is_open(template: dict[str, Any]) -> None:
    (approve,) = template["Resources"]["ApproveFunction"]["Properties"]["Events"].values()
    assert approve["Properties"]["Auth"] == {"Authorizer": "AWS_IAM"}
    for event in template["Resources"]["ReceiveFunction"]["Properties"]["Events"].values():
        assert "Auth" not in event["Properties"]
    api = template["Resources"]["HttpApi"]["Properties"]
    assert api["Auth"] == {"EnableIamAuthorizer": True}
    assert api["DefaultRouteSettings"]["ThrottlingRateLimit"] > 0


def test_the_access_log_holds_nothing_about_who_or_what(template: dict[str, Any]) -> None:
    line = template["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"]["Format"]
    assert "\n" not in line
    for part in ("user", "caller", "authorizer", "header", "querystring", "Arn"):
        assert part not in line


def test_no_secret_is_a_parameter_or_a_variable(template: dict[str, Any]) -> None:
    secrets = set(of_type(template, "AWS::SecretsManager::Secret"))
    assert not any("secret" in name.lower() for name in template["Parameters"])
    for name in FUNCTIONS:
        variables = template["Resources"][name]["Properties"]["Environment"]["Variables"]
        for variable, value in variables.items():
            if "SECRET" in variable:
                assert variable.endswith("_SECRET_ID")
                assert value["Ref"] in secrets
    assert "resolve:secretsmanager" not in (ROOT / "template.yaml").read_text()


def test_vendor_secrets_start_empty(template: dict[str, Any]) -> None:
    secrets = of_type(template, "AWS::SecretsManager::Secret")
    for name, secret in secrets.items():
        assert "SecretString" not in secret
        assert ("GenerateSecretString" in secret) == (name == "HookSecret")
        if name != "HookSecret":
            assert "put-secret-value" in secret["Description"]


def test_table_keys_and_indexes(template: dict[str, Any]) -> None:
    (table,) = of_type(template, "AWS::DynamoDB::Table").values()
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    indexes = {index["IndexName"]: index for index in table["GlobalSecondaryIndexes"]}
    assert set(indexes) == {"open", "due"}
    assert indexes["due"]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
    # The console and the index must never show a value.
    projected = set(indexes["open"]["Projection"]["NonKeyAttributes"])
    assert not projected & {"expected", "actual", "value"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires", "Enabled": True}
    assert template["Resources"]["Table"]["DeletionPolicy"] == "Retain"
    assert template["Resources"]["Key"]["DeletionPolicy"] == "Retain"


def test_parameters_say_what_they_take(template: dict[str, Any]) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name
        assert parameter["ConstraintDescription"].startswith(name), name
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & parameter.keys(), name
        groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
        assert any(name in group["Parameters"] for group in groups), name


def test_every_parameter_is_used(template: dict[str, Any]) -> None:
    used = set(references([template[part] for part in ("Resources", "Outputs", "Conditions")]))
    assert set(template["Parameters"]) <= used


def test_outputs(template: dict[str, Any]) -> None:
    assert set(template["Outputs"]) >= OUTPUTS


def test_cloudformation_can_read_it() -> None:
    """The service knows no YAML anchors, although every local parser does."""
    template = load_template()
    seen: set[int] = set()

    def visit(value: Any) -> None:
        if isinstance(value, dict | list):
            assert id(value) not in seen, f"an alias repeats {value}"
            seen.add(id(value))
            for inner in value.values() if isinstance(value, dict) else many(value):
                visit(inner)

    visit(template)
