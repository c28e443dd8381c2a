"""One page for one outage."""

from __future__ import annotations

from typing import Any

from tests.template.policies import of_type


def test_a_vendor_that_is_down_pages_once_however_often_it_comes_and_goes(
    template: dict[str, Any],
) -> None:
    alarm = of_type(template, "AWS::CloudWatch::Alarm")["BreakerAlarm"]
    assert (alarm["MetricName"], alarm["Threshold"]) == ("BreakerOpen", 0)
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "check"}]
    assert alarm["AlarmActions"] == [{"Ref": "Topic"}]
    # A quarter of an hour without any report ends it.
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"] * alarm["Period"]) == (1, 900)


def test_hints_that_wait_for_a_vendor_do_not_page_again(template: dict[str, Any]) -> None:
    oldest = of_type(template, "AWS::CloudWatch::Alarm")["OldestHintAlarm"]
    assert "AlarmActions" not in oldest
    (waiting,) = of_type(template, "AWS::CloudWatch::CompositeAlarm").values()
    rule = waiting["AlarmRule"]["Fn::Sub"]
    assert rule == 'ALARM("${OldestHintAlarm}") AND NOT ALARM("${BreakerAlarm}")'
    assert waiting["AlarmActions"] == [{"Ref": "Topic"}]
