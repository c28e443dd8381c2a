"""Stack parameters, held to the constraints that CloudFormation would hold them to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


class ParameterError(Exception):
    """A parameter makes no sense; the message is one sentence that names it."""


def stack_parameters(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]
) -> dict[str, str]:
    """Every declared parameter's value: the given one, else the default."""
    for name in given:
        if name not in declared:
            raise ParameterError(f"{name} is not a parameter of the template.")
    values = {}
    for name, rules in declared.items():
        if name not in given and "Default" not in rules:
            raise ParameterError(f"{name} has no value and no default.")
        value = str(given.get(name, rules.get("Default")))
        if not _allowed(rules, value):
            raise ParameterError(
                str(rules.get("ConstraintDescription", f"{name} is not an allowed value."))
            )
        values[name] = value
    return values


def _allowed(rules: Mapping[str, Any], value: str) -> bool:
    if rules["Type"] == "Number":
        try:
            number = float(value)
        except ValueError:
            return False
        if (
            not float(rules.get("MinValue", "-inf"))
            <= number
            <= float(rules.get("MaxValue", "inf"))
        ):
            return False
    if "AllowedValues" in rules and value not in map(str, rules["AllowedValues"]):
        return False
    return "AllowedPattern" not in rules or bool(re.fullmatch(rules["AllowedPattern"], value))
