"""Turns a kernelspec's name into a running kernel, and code into what it printed, showed and raised."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from .homes import Home


@dataclass
class Outcome:
    """What one execution sent back."""

    status: str = "ok"
    stdout: str = ""
    stderr: str = ""
    result: str | None = None  # text/plain of the cell's value
    displays: list[dict[str, Any]] = field(default_factory=list)  # MIME bundles, updates included
    error: dict[str, Any] | None = None  # ename, evalue, traceback

    @property
    def text(self) -> str:
        """Everything readable, colours removed: streams, plain text of displays, the traceback."""
        shown = [str(bundle.get("text/plain", "")) for bundle in self.displays]
        trace = self.error["traceback"] if self.error else []
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join([self.stdout, self.stderr, self.result or "", *shown, *trace]))


class Kernel:
    """A running kernel and a client of it."""

    def __init__(self, manager: KernelManager, client: Any) -> None:
        self.manager = manager
        self.client = client

    @property
    def pid(self) -> int:
        """The process id of the kernel."""
        return int(self.manager.provisioner.pid)

    def send(self, code: str) -> str:
        """Sends a cell without waiting. Returns the message's id, for `wait`."""
        return str(self.client.execute(code, allow_stdin=False))

    def wait(self, message: str, timeout: float = 60) -> Outcome:
        """Collects what the cell sends until the kernel is idle again. Raises TimeoutError."""
        outcome = Outcome()
        end = time.monotonic() + timeout
        while True:
            try:
                received = self.client.get_iopub_msg(timeout=max(0.01, end - time.monotonic()))
            except Empty:
                raise TimeoutError(f"no end after {timeout} s; so far: {outcome.text}") from None
            if received["parent_header"].get("msg_id") != message:
                continue
            if _take(outcome, received["msg_type"], received["content"]):
                break
        while True:
            reply = self.client.get_shell_msg(timeout=max(0.01, end - time.monotonic()))
            if reply["parent_header"].get("msg_id") == message:
                outcome.status = reply["content"]["status"]
                return outcome

    def run(self, code: str, timeout: float = 60) -> Outcome:
        """Executes a cell and waits for its end."""
        return self.wait(self.send(code), timeout)

    def value(self, code: str, timeout: float = 60) -> str:
        """Executes a cell that must succeed. Returns what it printed, or else its value's text."""
        outcome = self.run(code, timeout)
        assert outcome.status == "ok", outcome.text
        return outcome.stdout.strip() or (outcome.result or "")


def _take(outcome: Outcome, kind: str, content: dict[str, Any]) -> bool:
    """Adds one message to the outcome; True when it says that the kernel is idle."""
    if kind == "stream":
        setattr(outcome, content["name"], getattr(outcome, content["name"]) + content["text"])
    elif kind == "execute_result":
        outcome.result = content["data"].get("text/plain")
    elif kind in {"display_data", "update_display_data"}:
        outcome.displays.append(content["data"])
    elif kind == "error":
        outcome.error = content
    return kind == "status" and content["execution_state"] == "idle"


@contextmanager
def kernel(
    name: str, home: Home, cwd: Path, *, env: dict[str, str] | None = None, timeout: float = 60
) -> Iterator[Kernel]:
    """A kernel started by its kernelspec's name, shut down at the end.

    Takes the name, the home whose `kernels` prefix holds the spec, the working directory (the notebook's folder),
    variables to add, and how long it may take to be ready in seconds.
    """
    specs = KernelSpecManager(ensure_native_kernel=False)
    specs.kernel_dirs = [str(home.kernels / "share/jupyter/kernels")]
    manager = KernelManager(kernel_name=name, kernel_spec_manager=specs)
    manager.connection_file = str(
        Path(home.environ["JUPYTER_RUNTIME_DIR"]) / f"kernel-{manager.session.session[:8]}.json"
    )
    manager.start_kernel(cwd=str(cwd), env=home.environ | (env or {}))
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=timeout)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
