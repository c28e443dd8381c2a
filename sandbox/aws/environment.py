"""The environment of one function's processes: the template's variables and Lambda's own."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from sandbox.aws.cloud import CREDENTIALS
from sandbox.aws.shapes import FunctionShape
from sandbox.aws.template import REGION


def worker_environment(
    shape: FunctionShape,
    variables: Mapping[str, str],
    *,
    endpoint: str,
    task_root: Path,
    ca_file: Path | None,
) -> dict[str, str]:
    """Nothing of the caller's environment is passed on but PATH."""
    lambda_own = {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_LAMBDA_FUNCTION_NAME": shape.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(shape.memory),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/pushproof/local/{shape.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "LAMBDA_TASK_ROOT": str(task_root),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.environ.get("PATH", os.defpath),
        **CREDENTIALS,
    }
    local = {
        "AWS_ENDPOINT_URL": endpoint,
        # A developer's own AWS profile must not reach the functions.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
    }
    if ca_file is not None:
        local["REQUESTS_CA_BUNDLE"] = str(ca_file)
    return {**lambda_own, **variables, **local}
