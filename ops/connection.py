"""Which Pushproof a command speaks to: a running sandbox on this machine, or a deployed stack."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from lib.aws import CONFIG
from lib.store.table import Table

# Where a running sandbox leaves its address, below the folder it was started in.
SANDBOX_FILE = Path(".pushproof") / "sandbox.json"


class Trouble(click.ClickException):
    """One clear sentence for the person. Exit code 1: it failed."""


class Refusal(Trouble):
    """The rules, or a vendor, said no. Exit code 3."""

    exit_code = 3


class Misuse(Trouble):
    """The command was used wrongly. Exit code 2, as click's own."""

    exit_code = 2


@dataclass(frozen=True)
class Control:
    """Where a running sandbox lets its directories be changed and itself be broken."""

    address: str
    token: str = field(repr=False)


@dataclass(frozen=True)
class Connection:
    """`name` is what is written on the screen; `outputs` are the stack's. `control`: a running
    sandbox's; a stack has none.
    """

    name: str
    outputs: Mapping[str, str]
    is_sandbox: bool
    control: Control | None = None

    def output(self, name: str) -> str:
        try:
            return self.outputs[name]
        except KeyError:
            raise Trouble(f"The stack {self.name} has no output {name}; update it.") from None

    def table(self) -> Table:
        client = boto3.resource("dynamodb", config=CONFIG).meta.client
        return Table(client, self.output("TableName"))

    def settings(self) -> dict[str, str]:
        """The functions' variables, as far as the stack's outputs tell them."""
        known = {
            "TABLE": "TableName",
            "CHECK_QUEUE_URL": "CheckQueueUrl",
            "REMEDIATION_QUEUE_URL": "RemediationQueueUrl",
            "TOPIC_ARN": "TopicArn",
            "HTTPS_PAGES": "HttpsPages",
            "OKTA_SECRET_ID": "OktaSecretId",
            "ENTRA_READER_SECRET_ID": "EntraReaderSecretId",
            "ENTRA_WRITER_SECRET_ID": "EntraWriterSecretId",
            "ENTRA_READER_CLIENT_ID": "EntraReaderClientId",
            "ENTRA_WRITER_CLIENT_ID": "EntraWriterClientId",
            "OKTA_ORG_URL": "OktaOrgUrl",
            "OKTA_APP_IDS": "OktaAppIds",
            "ENTRA_TENANT_ID": "EntraTenantId",
            "ENTRA_CLOUD": "EntraCloud",
            "ENTRA_SIGN_IN": "EntraSignIn",
            "ENTRA_AUTHORITY": "EntraAuthority",
            "GRAPH_ROOT": "GraphRoot",
            "SETTLE_SECONDS": "SettleSeconds",
            "TOUCH_ATTRIBUTE": "TouchAttribute",
            "APPROVAL_HOURS": "ApprovalHours",
            "MODE": "Mode",
            "BREAK_GLASS": "BreakGlass",
            "CONNECTOR_OBJECT_ID": "ConnectorObjectId",
            "DISABLES_PER_HOUR": "DisablesPerHour",
            "WRITES_PER_HOUR": "WritesPerHour",
            "TENANT_STEPS_PER_HOUR": "TenantStepsPerHour",
            "LOOK_DELAYS": "LookDelays",
        }
        return {
            f"PUSHPROOF_{name}": self.outputs[output]
            for name, output in known.items()
            if self.outputs.get(output)
        }


def connect(stack: str | None, operator: str | None, folder: Path | None = None) -> Connection:
    """Raises Trouble. For a sandbox, this process becomes the chosen operator."""
    if stack:
        if operator:
            raise Misuse("--as is for the sandbox; at AWS your credentials say who you are.")
        return Connection(stack, _outputs(stack), is_sandbox=False)
    file = (folder or Path.cwd()) / SANDBOX_FILE
    if not file.exists():
        raise Trouble(
            "No sandbox runs here: start one with `make sandbox`, or name a stack with --stack."
        )
    state: dict[str, Any] = json.loads(file.read_text())
    operators: dict[str, dict[str, str]] = state["operators"]
    chosen = operator or next(iter(operators))
    if chosen not in operators:
        raise Misuse(f"The sandbox knows the operators {', '.join(operators)}.")
    os.environ.update(operators[chosen])
    # A sandbox of an earlier version left none.
    control = Control(**state["control"]) if "control" in state else None
    return Connection("sandbox", state["outputs"], is_sandbox=True, control=control)


def _outputs(stack: str) -> dict[str, str]:
    try:
        answer = boto3.client("cloudformation", config=CONFIG).describe_stacks(StackName=stack)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        raise Trouble(f"The stack {stack} can not be read: AWS answered {code}.") from None
    except BotoCoreError as error:
        raise Trouble(f"AWS can not be asked for the stack {stack}: {error}.") from None
    found = answer["Stacks"][0].get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in found}
