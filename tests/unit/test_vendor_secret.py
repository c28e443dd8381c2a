"""A vendor's secret: read when it is asked for, and never shown."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lib.aws import Secret
from lib.errors import Transient, Unauthorized


class Manager:
    def __init__(self, *values: str | Exception) -> None:
        self._values = list(values)

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        value = self._values.pop(0)
        if isinstance(value, Exception):
            raise value
        return {"SecretString": value}


def secret(*values: str | Exception) -> Secret:
    return Secret(Manager(*values), "id", "Okta")  # type: ignore[arg-type]


def test_it_is_read_each_time_because_it_may_have_been_rotated() -> None:
    both = secret("hidden-1", "hidden-2")
    assert [both(), both()] == ["hidden-1", "hidden-2"]
    assert repr(both) == "Secret(Okta)"


@pytest.mark.parametrize("value", ["", " \n"])
def test_an_empty_one_is_for_a_person(value: str) -> None:
    with pytest.raises(Unauthorized, match="the Okta secret is empty"):
        secret(value)()


def test_trouble_at_aws_is_told_by_its_code() -> None:
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "hidden"}}, "x")
    with pytest.raises(Transient, match="AWS answered AccessDenied") as caught:
        secret(error)()
    assert "hidden" not in str(caught.value)
