"""Starting and stopping: each test has a cloud of its own."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest
import requests

from sandbox.aws.local import LocalCloud
from sandbox.serve import PortTaken
from sandbox.tls import make_authority
from tests.sandbox.aws.conftest import SMALL


def small(**more: object) -> LocalCloud:
    return LocalCloud({}, template=SMALL / "template.yaml", code=SMALL, **more)  # type: ignore[arg-type]


def test_over_tls_and_nothing_is_left_behind(tmp_path: Path) -> None:
    tls = make_authority(tmp_path)
    threads = set(threading.enumerate())
    log_file = tmp_path / "functions.log"
    with small(tls=tls, log_file=log_file) as running:
        url = running.outputs["OpenUrl"]
        assert url.startswith("https://")
        answer = requests.post(url, json={}, timeout=30, verify=str(tls.ca_file))
        assert answer.status_code == 201
        environment = running.invoke("EchoFunction", {"do": "environment"}).payload
        assert environment["REQUESTS_CA_BUNDLE"] == str(tls.ca_file)
        running.invoke("EchoFunction", {"do": "raise"})
        running.warm()
        processes = running.process_ids()
        assert len(processes) >= 2
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
    assert set(threading.enumerate()) <= threads
    with pytest.raises(requests.ConnectionError):
        requests.post(url, json={}, timeout=5, verify=str(tls.ca_file))
    assert "ValueError: no good" in log_file.read_text()
    running.stop()  # a second time does nothing


def test_nothing_of_one_run_is_seen_by_the_next() -> None:
    with small() as first:
        first.client("sqs").create_queue(QueueName="left-over")
    with small() as second:
        urls = second.client("sqs").list_queues()["QueueUrls"]
        assert not any("left-over" in url for url in urls)


def test_a_taken_port_ends_what_had_started() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        running = small(gateway_port=taken.getsockname()[1])
        with pytest.raises(PortTaken):
            running.start()
    with small() as again:
        assert again.invoke("EchoFunction", {"do": "calls"}).error is None
