"""Signed requests to the approve route: the signature is who decides."""

from __future__ import annotations

import json
from typing import Any

import boto3
import click
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from ops.connection import Connection, Refusal, Trouble


def send(connection: Connection, body: dict[str, object]) -> dict[str, Any]:
    """The answer of the approve function. Raises Refusal with its sentence, Trouble when it could
    not finish.
    """
    url = connection.output("ApproveUrl")
    session = boto3.Session()
    credentials = session.get_credentials()
    if credentials is None or session.region_name is None:
        raise Trouble("No AWS credentials or region are set; sign in to AWS first.")
    data = json.dumps(body).encode()
    request = AWSRequest("POST", url, data=data, headers={"content-type": "application/json"})
    SigV4Auth(credentials, "execute-api", session.region_name).add_auth(request)
    try:
        answer = requests.post(
            url,
            data=data,
            headers=dict(request.headers.items()),
            timeout=(3, 35),
            allow_redirects=False,
        )
        told = answer.json()
    except requests.RequestException as error:
        kind = type(error).__name__
        raise Trouble(f"The approve route could not be reached ({kind}); try again.") from None
    if answer.status_code != 200:
        sentence = told.get("error") or told.get("message") or f"HTTP {answer.status_code}"
        raise (Refusal if answer.status_code < 500 else Trouble)(str(sentence))
    return dict(told)


def note(connection: Connection, what: str) -> None:
    """Into the audit trail: what an operator did that the table does not see. Raises as send does.

    `what` is one of lib/flows/approve.py's NOTES.
    """
    send(connection, {"action": "note", "what": what})


def noted(connection: Connection, what: str) -> None:
    """As note; what was done stays done when it can not be written down, and that is said."""
    try:
        note(connection, what)
    except Trouble as trouble:
        click.echo(f"It is not in the audit trail: {trouble.message}", err=True)
