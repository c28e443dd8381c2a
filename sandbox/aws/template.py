"""Reads template.yaml, so that nothing about the deployment is written down twice.

The SAM translator (the code behind AWS's own transform) resolves the template; here it is taken
apart into what moto's CloudFormation can make and what the sandbox stands for itself: functions,
event sources, routes and secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

from sandbox.aws.parameters import stack_parameters
from sandbox.aws.shapes import FunctionShape, RouteShape, ScheduleShape, Shape, SourceShape

REGION = "us-east-1"
ACCOUNT = "123456789012"  # moto's own

GATEWAY = "https://gateway.invalid"  # stands in outputs until the gateway has an address

# What moto 5's CloudFormation makes. It knows no Secrets Manager: those become parameters.
MADE_BY_CLOUDFORMATION = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SSM::Parameter",
    }
)


def resolve(path: Path, given: Mapping[str, str]) -> Shape:
    """Raises ParameterError for parameters the template would not accept."""
    source = yaml_parse(path.read_text(encoding="utf-8"))
    _pretend_packaged(source)
    declared = source.get("Parameters", {})
    parameters = stack_parameters(declared, given)
    session = boto3.Session(region_name=REGION)  # only asked for its region
    resolved = Translator({}, Parser(), boto_session=session).translate(source, dict(parameters))
    resources: dict[str, Any] = resolved["Resources"]
    made = {k: v for k, v in resources.items() if v["Type"] in MADE_BY_CLOUDFORMATION}
    secrets = {
        name: body.get("Properties", {})
        for name, body in resources.items()
        if body["Type"] == "AWS::SecretsManager::Secret"
    }
    functions = {f.name: f for f in _functions(resources, parameters)}
    api = {n for n, b in resources.items() if b["Type"] == "AWS::ApiGatewayV2::Api"}
    known = {*made, *secrets, *parameters}
    outputs = {
        name: {"Value": _behind_gateway(body["Value"], api)}
        for name, body in resolved.get("Outputs", {}).items()
        if _references(body["Value"]) <= known | api
    }
    for function in functions.values():
        variables = resources[function.name]["Properties"]["Environment"]["Variables"]
        outputs |= {
            output: {"Value": variables[variable]}
            for variable, output in function.variables.items()
        }
    stack = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": declared | {name: {"Type": "String"} for name in secrets},
        "Conditions": resolved.get("Conditions", {}),
        "Resources": made,
        "Outputs": outputs,
    }
    return Shape(
        stack=stack,
        parameters=parameters,
        functions=functions,
        sources=tuple(_sources(resources, parameters)),
        schedules=tuple(_schedules(resources, parameters, resolved.get("Conditions", {}))),
        routes=tuple(_routes(resources)),
        secrets=secrets,
    )


def _pretend_packaged(source: dict[str, Any]) -> None:
    """The translator takes only uploaded code, and `sam package` is what would have uploaded it."""
    globals_ = source.get("Globals", {}).get("Function", {})
    functions = [
        body["Properties"]
        for body in source["Resources"].values()
        if body["Type"] == "AWS::Serverless::Function"
    ]
    for properties in (globals_, *functions):
        if "CodeUri" in properties:
            properties["CodeUri"] = "s3://packaged/code"


def _behind_gateway(value: Any, api: set[str]) -> Any:
    """`https://${HttpApi}.execute-api.…/path` -> `https://gateway.invalid/path`."""
    if isinstance(value, dict) and isinstance(value.get("Fn::Sub"), str):
        for name in api:
            host = rf"https://\$\{{{name}\}}\.execute-api\.[^/]*"
            value = {"Fn::Sub": re.sub(host, GATEWAY, value["Fn::Sub"])}
    return value


def _functions(resources: dict[str, Any], parameters: dict[str, str]) -> Iterator[FunctionShape]:
    for name, body in resources.items():
        if body["Type"] != "AWS::Lambda::Function":
            continue
        properties = body["Properties"]
        reserved = properties.get("ReservedConcurrentExecutions")
        yield FunctionShape(
            name=name,
            handler=properties["Handler"],
            timeout=_number(properties.get("Timeout", 3), parameters),
            memory=int(_number(properties.get("MemorySize", 128), parameters)),
            variables={
                variable: f"Variable{index}Of{name}"
                for index, variable in enumerate(
                    properties.get("Environment", {}).get("Variables", {})
                )
            },
            reserved_concurrency=(None if reserved is None else int(_number(reserved, parameters))),
        )


def _sources(resources: dict[str, Any], parameters: dict[str, str]) -> Iterator[SourceShape]:
    for body in resources.values():
        if body["Type"] != "AWS::Lambda::EventSourceMapping":
            continue
        properties = body["Properties"]
        scaling = properties.get("ScalingConfig", {})
        yield SourceShape(
            function=_only_reference(properties["FunctionName"]),
            queue=_only_reference(properties["EventSourceArn"]),
            batch_size=int(_number(properties.get("BatchSize", 10), parameters)),
            window=_number(properties.get("MaximumBatchingWindowInSeconds", 0), parameters),
            partial="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", ()),
            concurrency=int(_number(scaling.get("MaximumConcurrency", 2), parameters)),
        )


def _schedules(
    resources: dict[str, Any], parameters: dict[str, str], conditions: Mapping[str, Any]
) -> Iterator[ScheduleShape]:
    for body in resources.values():
        if body["Type"] != "AWS::Events::Rule":
            continue
        properties = body["Properties"]
        if _value(properties.get("State", "ENABLED"), parameters, conditions) != "ENABLED":
            continue
        every = _seconds(_value(properties["ScheduleExpression"], parameters, conditions))
        for target in properties["Targets"]:
            yield ScheduleShape(_only_reference(target["Arn"]), every)


def _value(value: Any, parameters: Mapping[str, str], conditions: Mapping[str, Any]) -> str:
    """A text with its `!Ref`s to parameters and its `!If`s resolved."""
    if not isinstance(value, dict):
        return str(value)
    if "Fn::If" in value:
        condition, yes, no = value["Fn::If"]
        chosen = yes if _holds(conditions[condition], parameters, conditions) else no
        return _value(chosen, parameters, conditions)
    return parameters[value["Ref"]]


def _holds(
    condition: Mapping[str, Any], parameters: Mapping[str, str], conditions: Mapping[str, Any]
) -> bool:
    ((function, given),) = condition.items()
    if function == "Fn::Not":
        return not _holds(given[0], parameters, conditions)
    if function == "Fn::Equals":
        one, other = (_value(each, parameters, conditions) for each in given)
        return one == other
    raise ValueError(f"{function} in a condition of a schedule is nothing the sandbox knows.")


def _seconds(expression: str) -> float:
    """`rate(5 minutes)`, singular for one as EventBridge takes it. A cron counts as a day: nobody
    keeps a sandbox for its next time.
    """
    if re.fullmatch(r"cron\(\S+( \S+){5}\)", expression):
        return 86400.0
    match = re.fullmatch(r"rate\((?:(1) (minute|hour|day)|(\d+) (minute|hour|day)s)\)", expression)
    if match is None or match[3] in {"0", "1"}:
        raise ValueError(f"{expression} is no schedule that EventBridge would take.")
    number, unit = match[1] or match[3], match[2] or match[4]
    return float(number) * {"minute": 60, "hour": 3600, "day": 86400}[unit]


def _routes(resources: dict[str, Any]) -> Iterator[RouteShape]:
    for body in resources.values():
        if body["Type"] != "AWS::ApiGatewayV2::Api":
            continue
        for path, methods in body["Properties"]["Body"]["paths"].items():
            for method, operation in methods.items():
                uri = operation["x-amazon-apigateway-integration"]["uri"]
                security = operation.get("security", [])
                yield RouteShape(
                    method=method.upper(),
                    path=path,
                    function=_function_of(uri),
                    iam=any("AWS_IAM" in scheme for scheme in security),
                )


def _function_of(uri: Any) -> str:
    names = {name for name in _references(uri) if not name.startswith("AWS::")}
    if len(names) != 1:
        raise ValueError(f"An integration must name one function, this one names {sorted(names)}.")
    return names.pop()


def _only_reference(value: Any) -> str:
    names = _references(value)
    if len(names) != 1:
        raise ValueError(f"Expected a reference to one resource, found {sorted(names)}.")
    return names.pop()


def _references(value: Any) -> set[str]:
    """Logical ids and parameters below `value`; pseudo parameters (AWS::Region) are left out."""
    found: set[str] = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "Ref":
                found.add(inner)
            elif key == "Fn::GetAtt":
                found.add(inner[0] if isinstance(inner, list) else inner.split(".")[0])
            elif key == "Fn::Sub":
                text = inner if isinstance(inner, str) else inner[0]
                found |= {name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text)}
            else:
                found |= _references(inner)
    elif isinstance(value, list):
        for inner in value:
            found |= _references(inner)
    return {name for name in found if not name.startswith("AWS::")}


def _number(value: Any, parameters: Mapping[str, str]) -> float:
    if isinstance(value, dict):
        value = parameters[value["Ref"]]
    return float(value)
