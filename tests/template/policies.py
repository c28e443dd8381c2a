"""A small reading of IAM: what a role's statements allow, resources named by logical id."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

ROOT = Path(__file__).resolve().parents[2]


def load_template() -> dict[str, Any]:
    template: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return template


def of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {n: b["Properties"] for n, b in template["Resources"].items() if b["Type"] == kind}


def statements(template: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Of a role's inline policies, or of a managed policy."""
    properties = template["Resources"][name]["Properties"]
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    if "PolicyDocument" in properties:
        documents.append(properties["PolicyDocument"])
    return [statement for document in documents for statement in document["Statement"]]


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def named(resource: Any) -> str:
    """`!GetAtt CheckQueue.Arn`, `!Ref CheckQueue`, `!Sub "${Table.Arn}/index/*"` -> logical id."""
    if not isinstance(resource, dict):
        return str(resource)
    ((function, value),) = resource.items()
    if function == "Fn::GetAtt":
        return str(value[0] if isinstance(value, list) else value.split(".")[0])
    if function == "Fn::Sub" and value.startswith("${Table.Arn}"):
        return "Table"
    return str(value)


def allows(
    template: dict[str, Any], name: str, action: str, resource: str, key: str | None = None
) -> bool:
    """`key`: the partition key of the item written; statements without a condition take any."""
    return any(
        any(fnmatchcase(action, pattern) for pattern in many(statement["Action"]))
        and resource in map(named, many(statement["Resource"]))
        and _condition_holds(statement.get("Condition"), key)
        for statement in statements(template, name)
        if statement["Effect"] == "Allow"
    )


def _condition_holds(condition: dict[str, Any] | None, key: str | None) -> bool:
    if condition is None:
        return True
    assert condition.keys() == {"ForAllValues:StringLike", "Null"}, "teach this helper"
    assert condition["Null"] == {"dynamodb:LeadingKeys": "false"}
    patterns = condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return key is not None and any(like(key, pattern) for pattern in patterns)


def like(key: str, pattern: Any) -> bool:
    """IAM's StringLike: * and ? stand for others, ${*} and ${?} for themselves. In `!Sub` a
    parameter is put in as its own name, and ${!x} is ${x}.
    """
    if isinstance(pattern, dict):
        parameters = re.sub(r"\$\{(\w+)\}", r"\1", pattern["Fn::Sub"])
        pattern = parameters.replace("${!", "${")
    pieces = re.split(r"(\$\{[*?$]\}|[*?])", pattern)
    wild = {"*": ".*", "?": "."}
    said = [wild.get(p) or re.escape(p[2:-1] if p.startswith("${") else p) for p in pieces]
    return re.fullmatch("".join(said), key, re.DOTALL) is not None


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "Ref":
                yield inner
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)
