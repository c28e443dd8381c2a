"""The local cloud as one thing: deployed from a template, over real HTTP, and gone afterwards."""

from __future__ import annotations

import json

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from sandbox.aws.identities import Identity
from sandbox.aws.local import LocalCloud
from tests.sandbox.aws.conftest import SMALL


def test_outputs_point_to_the_gateway(cloud: LocalCloud) -> None:
    assert cloud.outputs["OpenUrl"] == f"{cloud.gateway_url}/open"
    answer = requests.post(cloud.outputs["OpenUrl"], json={"a": 1}, timeout=30)
    assert answer.status_code == 201
    assert answer.headers["x-seen"] == "yes"
    assert json.loads(answer.json()["body"]) == {"a": 1}


def test_a_failing_function_is_a_500_over_http(cloud: LocalCloud) -> None:
    answer = requests.post(cloud.outputs["OpenUrl"], json={"fail": True}, timeout=30)
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})


def test_a_signed_call_over_http(cloud: LocalCloud, somebody: Identity) -> None:
    url, body = cloud.outputs["SignedUrl"], b'{"approve": "it"}'
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
    credentials = Credentials(somebody.access_key, somebody.secret_key, somebody.session_token)
    SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
    answer = requests.post(url, data=body, headers=dict(request.headers.items()), timeout=30)
    assert answer.status_code == 201
    assert answer.json()["requestContext"]["authorizer"]["iam"]["userArn"] == somebody.arn
    assert requests.post(url, data=body, timeout=30).status_code == 403


def test_secrets_are_generated_or_empty(cloud: LocalCloud) -> None:
    assert len(cloud.secret("Generated")) == 20
    with pytest.raises(ClientError, match="AWSCURRENT"):
        cloud.secret("Empty")
    cloud.put_secret("Empty", "now there is one")
    assert cloud.secret("Empty") == "now there is one"


def test_pages_are_what_the_topic_carried(cloud: LocalCloud) -> None:
    before = len(cloud.pages())
    cloud.client("sns").publish(
        TopicArn=cloud.outputs["PagesArn"], Subject="first", Message="something"
    )
    page = cloud.pages()[before]
    assert (page["Subject"], page["Message"]) == ("first", "something")
    assert len(cloud.pages()) == before + 1  # read once, kept


def test_a_command_acts_as_an_identity(cloud: LocalCloud, somebody: Identity) -> None:
    given = cloud.environment(somebody)
    assert given["AWS_ENDPOINT_URL"] == cloud.endpoint
    client = boto3.client(
        "sts",
        endpoint_url=given["AWS_ENDPOINT_URL"],
        region_name=given["AWS_REGION"],
        aws_access_key_id=given["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=given["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=given["AWS_SESSION_TOKEN"],
    )
    assert client.get_caller_identity()["Account"] == "123456789012"


def test_two_clouds_in_one_process_are_refused(cloud: LocalCloud) -> None:
    with pytest.raises(RuntimeError, match="one state per process"):
        LocalCloud({}, template=SMALL / "template.yaml", code=SMALL).start()
    assert cloud.invoke("EchoFunction", {"do": "calls"}).error is None
