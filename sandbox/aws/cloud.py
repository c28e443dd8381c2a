"""moto's server on a free loopback port, and the template's stateful resources deployed into it."""

from __future__ import annotations

import functools
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from moto.dynamodb.responses import DynamoHandler
from moto.server import ThreadedMotoServer

from sandbox.aws.shapes import Shape
from sandbox.aws.template import REGION

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

# moto checks no credentials; these are the ones its documentation uses.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


@dataclass(frozen=True)
class Stack:
    """What was deployed: outputs, physical ids by logical id, variables by function."""

    outputs: dict[str, str]
    ids: dict[str, str]
    variables: Mapping[str, dict[str, str]]


class Cloud:
    """One moto server. Its state is global to the process, so only one runs at a time."""

    _running: Cloud | None = None

    def __init__(self) -> None:
        self._server: ThreadedMotoServer | None = None
        self.url = ""

    def start(self) -> None:
        if Cloud._running is not None:
            raise RuntimeError("moto keeps one state per process, and a local cloud already runs.")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)  # one line a request otherwise
        _one_table_request_at_a_time()
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.url = f"http://{host}:{port}"
        Cloud._running = self

    def stop(self) -> None:
        if self._server is None:
            return
        urlopen(Request(f"{self.url}/moto-api/reset", method="POST"), timeout=10).close()  # noqa: S310
        self._server.stop()
        self._server = None
        Cloud._running = None

    def client(self, service: Any) -> Any:
        """A boto3 client of this cloud; clients may be used from any thread."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(connect_timeout=5, read_timeout=30, proxies={}, max_pool_connections=20),
        )

    def deploy(self, shape: Shape, name: str = "pushproof") -> Stack:
        """Create the secrets moto's CloudFormation cannot make, then the stack that names them."""
        secrets = self.client("secretsmanager")
        made = {
            logical: _create_secret(secrets, f"{name}-{logical}", properties)
            for logical, properties in shape.secrets.items()
        }
        cloudformation = self.client("cloudformation")
        cloudformation.create_stack(
            StackName=name,
            TemplateBody=json.dumps(shape.stack),
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in (shape.parameters | made).items()
            ],
        )
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        values = {o["OutputKey"]: o.get("OutputValue", "") for o in stack.get("Outputs", [])}
        resources = cloudformation.describe_stack_resources(StackName=name)["StackResources"]
        internal = {out for f in shape.functions.values() for out in f.variables.values()}
        return Stack(
            outputs={key: value for key, value in values.items() if key not in internal},
            ids={r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources} | made,
            variables={
                function.name: {
                    variable: values[output] for variable, output in function.variables.items()
                }
                for function in shape.functions.values()
            },
        )


@functools.cache
def _one_table_request_at_a_time() -> None:
    """A transaction of moto's copies the tables and puts the copies back when it is refused: what
    was written beside it would be lost, which DynamoDB never does.
    """
    lock, real = threading.RLock(), DynamoHandler.call_action

    def call_action(handler: DynamoHandler) -> Any:
        with lock:
            return real(handler)

    DynamoHandler.call_action = call_action  # type: ignore[method-assign]


def _create_secret(client: SecretsManagerClient, name: str, properties: Mapping[str, Any]) -> str:
    """As CloudFormation does: a generated value where asked for, otherwise an empty secret."""
    arn = client.create_secret(Name=name, Description=properties.get("Description", ""))["ARN"]
    if (wanted := properties.get("GenerateSecretString")) is not None:
        value = client.get_random_password(
            PasswordLength=int(wanted.get("PasswordLength", 32)),
            ExcludePunctuation=bool(wanted.get("ExcludePunctuation", False)),
        )["RandomPassword"]
        client.put_secret_value(SecretId=arn, SecretString=value)
    return arn
