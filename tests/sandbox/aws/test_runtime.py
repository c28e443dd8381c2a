"""Functions run in processes of their own, as warm, as limited and as isolated as in Lambda."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from sandbox.aws.local import ROOT, LocalCloud
from tests.sandbox.aws.conftest import SMALL


def test_the_module_stays_loaded_between_invocations(cloud: LocalCloud) -> None:
    first = cloud.invoke("EchoFunction", {"do": "calls"}).payload
    second = cloud.invoke("EchoFunction", {"do": "calls"}).payload
    assert second == [first[0], first[1] + 1]
    assert first[0] != os.getpid()


def test_the_environment_is_the_templates_and_lambdas_own(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = cloud.invoke("EchoFunction", {"do": "environment"}).payload
    assert seen["GREETING"] == "hello"
    assert seen["EMPTY"] == ""
    assert seen["QUEUE"] == cloud.ids["Plain"]
    assert seen["SECRET"] == cloud.ids["Generated"]
    assert seen["AWS_ENDPOINT_URL"] == cloud.endpoint
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "EchoFunction"
    assert not {"HOME", "PYTHONPATH", "VIRTUAL_ENV", "A"} & seen.keys()
    # The interpreter itself may add LC_CTYPE.
    assert seen.keys() - {"LC_CTYPE"} == cloud.function_environment("EchoFunction").keys()


def test_the_context_is_good_enough_for_powertools(cloud: LocalCloud) -> None:
    result = cloud.invoke("EchoFunction", {"do": "context"})
    assert result.payload["name"] == "EchoFunction"
    assert result.payload["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:EchoFunction"
    assert result.payload["memory"] == "256"
    assert result.payload["request"] == result.request_id
    assert 0 < result.payload["left"] <= 20_000


def test_an_exception_is_the_answer_and_the_process_lives_on(cloud: LocalCloud) -> None:
    before = cloud.invoke("EchoFunction", {"do": "calls"}).payload[0]
    result = cloud.invoke("EchoFunction", {"do": "raise"})
    assert (result.error, result.message) == ("ValueError", "no good")
    assert cloud.invoke("EchoFunction", {"do": "calls"}).payload[0] == before
    assert "ValueError: no good" in cloud.logs.text("EchoFunction")


def test_an_answer_that_is_not_json_is_an_error(cloud: LocalCloud) -> None:
    assert cloud.invoke("EchoFunction", {"do": "unserialisable"}).error == "TypeError"


def test_a_process_that_dies_is_replaced(cloud: LocalCloud) -> None:
    before = cloud.invoke("EchoFunction", {"do": "calls"}).payload[0]
    assert cloud.invoke("EchoFunction", {"do": "exit"}).error == "Sandbox.Gone"
    assert cloud.invoke("EchoFunction", {"do": "calls"}).payload != [before, 2]


def test_the_timeout_ends_the_process(cloud: LocalCloud) -> None:
    before = cloud.invoke("SlowFunction", {}).payload
    result = cloud.invoke("SlowFunction", {"sleep": True})
    assert result.error == "Sandbox.Gone"
    assert result.message == "Task timed out after 1.00 seconds"
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert cloud.invoke("SlowFunction", {}).payload != before


def test_a_handler_that_cannot_be_loaded_is_an_error_each_time(cloud: LocalCloud) -> None:
    for _ in range(2):
        result = cloud.invoke("BrokenFunction", {})
        assert result.error == "Sandbox.Gone"
        assert "No module named 'missing'" in result.message


def test_what_is_printed_is_kept(cloud: LocalCloud) -> None:
    cloud.invoke("EchoFunction", {"do": "print"})
    # The answer may overtake the last line on its way through the pipe.
    _until(lambda: "to stderr" in cloud.logs.text("EchoFunction"))
    assert "to stdout" in cloud.logs.lines("EchoFunction")
    assert "to stderr" not in cloud.logs.text("SlowFunction")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_their_parent(ending: signal.Signals) -> None:
    """Even in the middle of an invocation, and even when the parent had no time to clean up."""
    script = textwrap.dedent(
        f"""
        import threading, time
        from pathlib import Path
        from sandbox.aws.local import LocalCloud
        small = Path({str(SMALL)!r})
        cloud = LocalCloud({{}}, template=small / "template.yaml", code=small)
        cloud.start()
        worker = cloud.invoke("EchoFunction", {{"do": "calls"}}).payload[0]
        threading.Thread(target=cloud.invoke, args=("EchoFunction", {{"do": "sleep"}})).start()
        while "asleep" not in cloud.logs.text():
            time.sleep(0.05)
        print(worker, flush=True)
        """
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.send_signal(ending)
        parent.wait()
    _until(lambda: not _alive(worker))


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def _until(holds: object) -> None:
    """Waits for what must come about; only hangs, and so fails, when it never does."""
    assert callable(holds)
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    pytest.fail("it never came about")
