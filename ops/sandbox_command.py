"""pushproof sandbox: everything on this machine until interrupted."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from werkzeug.serving import BaseWSGIServer

from ops import render
from ops.connection import SANDBOX_FILE, Trouble, connect
from ops.console_command import PORT, opened
from ops.vendors import ADMIN_TOKEN
from sandbox.aws.parameters import ParameterError
from sandbox.run import SHORT_INTERVALS, Sandbox
from sandbox.serve import PortTaken
from sandbox.world import WorldError

# Seconds: whoever looks at the pages does not want to wait a minute for what tick counts.
OFTEN = {**SHORT_INTERVALS, "TickFunction": 10.0}


def run_sandbox(world: Path | None, port: int, console_port: int | None) -> int:
    """Exit code: 0 after an interrupt, 1 with one sentence when it could not start.

    `console_port` None: the usual one, or any that is free where somebody has it.
    """
    over = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        over.set()

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    console = render.console()
    other = running_here(Path.cwd())
    if other:
        print(f"Error: A sandbox runs in this folder already: process {other}.", file=sys.stderr)
        return 1
    try:
        sandbox = Sandbox(world, port=port, every=OFTEN)
        console.print("Starting; Ctrl-C ends it.")
        sandbox.start()
    except (PortTaken, WorldError, ParameterError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    file = write_state(sandbox, Path.cwd())
    pages = None
    try:
        pages, address = _console(console_port)
        for name, where in [("console", address), *addresses(sandbox)]:
            console.print(f"  {name:<22} {where}", soft_wrap=True)
        console.print("\nIn another terminal, in this folder:")
        console.print("  .venv/bin/pushproof replay push-succeeded-mobile-phone")
        console.print("  .venv/bin/pushproof incidents\n")
        told = 0
        while not over.wait(0.5):
            received = sandbox.cloud.pages()
            for page in received[told:]:
                console.print(render.page_view(page))
            told = len(received)
    except Trouble as trouble:
        print(f"Error: {trouble.message}", file=sys.stderr)
        return 1
    finally:
        if pages:
            pages.shutdown()
            pages.server_close()
        file.unlink(missing_ok=True)
        sandbox.stop()
    console.print("Stopped.")
    return 0


def _console(port: int | None) -> tuple[BaseWSGIServer, str]:
    """Serves the pages beside everything else. Raises Trouble."""
    connection = connect(None, None)
    try:
        server, address = opened(connection, PORT if port is None else port)
    except Trouble:
        if port is not None:
            raise
        server, address = opened(connection, 0)
    threading.Thread(target=server.serve_forever, name="console", daemon=True).start()
    return server, address


def addresses(sandbox: Sandbox) -> list[tuple[str, str]]:
    outputs = sandbox.cloud.outputs
    return [
        ("Okta org", sandbox.okta_url),
        ("Entra authority", f"{sandbox.entra_url}/{sandbox.world.tenant.id}"),
        ("Microsoft Graph", f"{sandbox.entra_url}/graph/v1.0"),
        ("device sign-in page", f"{sandbox.entra_url}/device"),
        ("event hook", outputs["HookUrl"]),
        ("approve route", outputs["ApproveUrl"]),
        ("AWS (AWS_ENDPOINT_URL)", sandbox.cloud.endpoint),
        ("certificate authority", str(sandbox.ca_file)),
    ]


def running_here(folder: Path) -> int | None:
    """The process of a sandbox that has its state here and still runs."""
    try:
        process = int(json.loads((folder / SANDBOX_FILE).read_text())["pid"])
        os.kill(process, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return process if process != os.getpid() else None


def write_state(sandbox: Sandbox, folder: Path) -> Path:
    """What other commands need to find this sandbox; readable by its owner only."""
    file = folder / SANDBOX_FILE
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    operators = {
        name: sandbox.cloud.environment(identity) | {ADMIN_TOKEN: sandbox.administrator_token}
        for name, identity in sandbox.operators.items()
    }
    state = {
        "pid": os.getpid(),
        "outputs": sandbox.cloud.outputs,
        "operators": operators,
        "control": {"address": sandbox.control_url, "token": sandbox.control.token},
    }
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        json.dump(state, out)
    return file
