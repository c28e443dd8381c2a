"""LocalCloud: the deployed shape on one machine, started and stopped as one thing."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sandbox.aws.cloud import Cloud, Stack
from sandbox.aws.environment import worker_environment
from sandbox.aws.event_sources import EventSource
from sandbox.aws.gateway import create_gateway
from sandbox.aws.identities import Identity
from sandbox.aws.inbox import Inbox
from sandbox.aws.logs import LogSink
from sandbox.aws.runtime import Function, Invocation
from sandbox.aws.schedules import Schedule
from sandbox.aws.shapes import Shape
from sandbox.aws.template import GATEWAY, resolve
from sandbox.serve import Server, serve

if TYPE_CHECKING:
    from sandbox.tls import Tls

ROOT = Path(__file__).resolve().parents[2]
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


class LocalCloud:
    """Reads a template, deploys it into moto, and runs its functions from `code`.

    Use as a context manager, or call start and stop. After start: `outputs` (the stack's), `ids`
    (physical by logical id), `endpoint` (AWS_ENDPOINT_URL), `gateway_url`, `logs`, `sources`,
    `schedules`. `every`: seconds between the scheduled runs of a function, by its logical id, where
    they are not the template's; 0 is never.
    """

    def __init__(
        self,
        parameters: Mapping[str, str],
        *,
        identities: Iterable[Identity] = (),
        tls: Tls | None = None,
        template: Path = ROOT / "template.yaml",
        code: Path = ROOT,
        gateway_port: int = 0,
        log_file: Path | None = None,
        every: Mapping[str, float] | None = None,
    ) -> None:
        self._parameters = dict(parameters)
        self._identities = tuple(identities)
        self._tls = tls
        self._template = template
        self._code = code
        self._gateway_port = gateway_port
        self._every = dict(every or {})
        self._cloud = Cloud()
        self._functions: dict[str, Function] = {}
        self._inboxes: list[Inbox] = []
        self._gateway: Server | None = None
        self.logs = LogSink(log_file)
        self.sources: list[EventSource] = []
        self.schedules: list[Schedule] = []
        self.outputs: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.gateway_url = ""

    @property
    def endpoint(self) -> str:
        return self._cloud.url

    def start(self) -> None:
        """Raises ParameterError, or PortTaken when `gateway_port` is in use."""
        shape = resolve(self._template, self._parameters)
        try:
            self._cloud.start()
            stack = self._cloud.deploy(shape)
            self.ids = stack.ids
            self._inboxes = self._subscribe(shape, stack)
            self._functions = self._make_functions(shape, stack)
            app = create_gateway(shape.routes, self.invoke, self._identities)
            self._gateway = serve(app, self._tls, self._gateway_port)
            self.gateway_url = self._gateway.url
            self.outputs = {
                name: value.replace(GATEWAY, self.gateway_url)
                for name, value in stack.outputs.items()
            }
            self._start_sources(shape)
            self._start_schedules(shape)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything; work in progress stays in its queue. May be called twice.

        Functions end before their sources are waited for, or a slow function would hold up the end.
        """
        callers: list[Schedule | EventSource] = [*self.schedules, *self.sources]
        for caller in callers:
            caller.ask_to_stop()
        for function in self._functions.values():
            function.stop()
        for caller in callers:
            caller.stop()
        if self._gateway is not None:
            self._gateway.stop()
            self._gateway = None
        self._cloud.stop()

    def __enter__(self) -> LocalCloud:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def client(self, service: Any) -> Any:
        return self._cloud.client(service)

    def invoke(self, function: str, event: object) -> Invocation:
        """Run a function by its logical id, as `aws lambda invoke` would."""
        return self._functions[function].invoke(event)

    def warm(self) -> None:
        """Start a process of every function side by side, ahead of the first event."""
        with ThreadPoolExecutor(max(1, len(self._functions))) as pool:
            list(pool.map(lambda function: function.warm(), self._functions.values()))

    def put_secret(self, logical_id: str, value: str) -> None:
        self.client("secretsmanager").put_secret_value(
            SecretId=self.ids[logical_id], SecretString=value
        )

    def secret(self, logical_id: str) -> str:
        answer = self.client("secretsmanager").get_secret_value(SecretId=self.ids[logical_id])
        return str(answer["SecretString"])

    def environment(self, identity: Identity) -> dict[str, str]:
        """Variables under which a command on this machine acts as `identity` in this cloud."""
        local = {"AWS_ENDPOINT_URL": self.endpoint}
        if self._tls is not None:
            local["REQUESTS_CA_BUNDLE"] = str(self._tls.ca_file)
        return identity.environment() | local

    def function_environment(self, function: str) -> dict[str, str]:
        return dict(self._functions[function].environment)

    def process_ids(self) -> list[int]:
        return [one for function in self._functions.values() for one in function.process_ids()]

    def busy_ids(self, function: str) -> list[int]:
        """Processes of a function, by its logical id, that are at an invocation just now."""
        return self._functions[function].busy_ids()

    def gone(self) -> dict[str, int]:
        """How many invocations of each function lost their process."""
        return {name: function.gone for name, function in self._functions.items()}

    def pages(self) -> list[dict[str, Any]]:
        """Every message that on-call received so far, oldest first."""
        return [page for inbox in self._inboxes for page in inbox.pages()]

    def backlog(self) -> dict[str, int]:
        """Messages of each queue that feeds a function: waiting, delayed and in flight."""
        sqs = self.client("sqs")
        counts = {}
        for source in self.sources:
            attributes = sqs.get_queue_attributes(
                QueueUrl=self.ids[source.shape.queue], AttributeNames=list(COUNTS)
            )["Attributes"]
            counts[source.shape.queue] = sum(int(attributes[name]) for name in COUNTS)
        return counts

    def wait_until_quiet(self, seconds: float, *, skip_visibility: bool = False) -> bool:
        """True once no queue holds a message; False when that takes longer than `seconds`.

        `skip_visibility`: what failed is tried again at once instead of minutes later.
        Asks twice in a row, since a message may move between two queues while they are counted.
        """
        until = time.monotonic() + seconds
        quiet = 0
        while quiet < 2:
            if skip_visibility:
                for source in self.sources:
                    source.return_failed()
            quiet = 0 if any(self.backlog().values()) else quiet + 1
            if time.monotonic() > until:
                return False
            time.sleep(0.05)
        return True

    def _make_functions(self, shape: Shape, stack: Stack) -> dict[str, Function]:
        limits = {source.function: source.concurrency for source in shape.sources}
        functions = {}
        for name, function in shape.functions.items():
            environment = worker_environment(
                function,
                stack.variables[name],
                endpoint=self._cloud.url,
                task_root=self._code,
                ca_file=self._tls.ca_file if self._tls else None,
            )
            limit = {"limit": limits[name]} if name in limits else {}
            functions[name] = Function(function, environment, self.logs, **limit)
        return functions

    def _start_sources(self, shape: Shape) -> None:
        sqs = self.client("sqs")
        for source in shape.sources:
            url = self.ids[source.queue]
            arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
            running = EventSource(
                source,
                self._functions[source.function],
                sqs,
                url,
                arn["Attributes"]["QueueArn"],
            )
            running.start()
            self.sources.append(running)

    def _start_schedules(self, shape: Shape) -> None:
        for schedule in shape.schedules:
            every = self._every.get(schedule.function, schedule.every)
            running = Schedule(self._functions[schedule.function], every)
            running.start()
            self.schedules.append(running)

    def _subscribe(self, shape: Shape, stack: Stack) -> list[Inbox]:
        topics = [
            stack.ids[name]
            for name, body in shape.stack["Resources"].items()
            if body["Type"] == "AWS::SNS::Topic"
        ]
        return [Inbox(self.client("sns"), self.client("sqs"), topic) for topic in topics]
