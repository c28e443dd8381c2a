"""Asks the control of the running sandbox, which is no part of any vendor."""

from __future__ import annotations

from typing import Any

import requests

from ops.connection import Control, Refusal, Trouble

SECONDS = 5.0
# Of a sentence that is shown.
LONGEST = 500


def read(control: Control, **query: str) -> dict[str, Any]:
    """Both directories. Raises Refusal (nobody is called so) or Trouble."""
    return _ask(control, "GET", "/world", params=query)


def change(control: Control, path: str, body: dict[str, object]) -> str:
    """What was done, in a sentence. Raises as read."""
    return str(_ask(control, "POST", path, json=body)["done"])[:LONGEST]


def _ask(control: Control, method: str, path: str, **sent: Any) -> dict[str, Any]:
    try:
        with requests.Session() as session:
            # A proxy or a .netrc of the machine has no part in this.
            session.trust_env = False
            answer = session.request(
                method,
                control.address + path,
                headers={"Authorization": f"Bearer {control.token}"},
                timeout=SECONDS,
                allow_redirects=False,
                **sent,
            )
            told: dict[str, Any] = answer.json()
    except (requests.RequestException, ValueError):
        raise Trouble(
            "The sandbox does not answer; start it again, and then the console."
        ) from None
    if answer.status_code == 200:
        return told
    if answer.status_code == 401:
        raise Trouble("The sandbox was started anew; start the console again as well.")
    sentence = str(told.get("error", f"The sandbox answered {answer.status_code}."))[:LONGEST]
    raise (Refusal if answer.status_code < 500 else Trouble)(sentence)
