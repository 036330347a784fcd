"""A reason why a kernel cannot start -> this process becomes the rescue kernel, which tells it."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from . import handoff
from .current import Prefix, prefix_of
from .request import document

if TYPE_CHECKING:
    from .request import Request

Report = Mapping[str, Any]
"""`state` (a word of `design: states`), `reason` (a sentence), `help` (what to do) and maybe `changed`
(files), `running` and `code`."""

START_FAILED = "start-failed"
"""The `code` of a report of an environment that is what the lock says, and whose kernel does not start all the same."""

NO_KERNEL = "no-kernel"
"""The `code` of a report of an environment that has no (such) kernel."""

REPAIR = "%pixi install --repair"
"""The command for a prefix whose files are not what the packages linked."""


def report(state: str, reason: str, help: str = "", **more: Any) -> Report:
    """A report for the rescue kernel. `help` is a command or a sentence; empty: the rescue kernel finds one."""
    return {"state": state, "reason": reason, "help": help, **more}


def interrupted() -> Report:
    """The report of a start that the user stopped."""
    return report("not-installed", "The start was interrupted.", "restart the kernel to go on")


def not_activated(error: Exception) -> Report:
    """The report of an activation script that failed."""
    text = f"The environment cannot be activated: {error}."
    return report("broken", text, "repair the script (its output is in the server's log), then restart the kernel")


def internal(error: BaseException) -> Report:
    """The report of a fault of our own, which is told in full in the server's log."""
    import traceback

    traceback.print_exception(error)
    return report("broken", f"The launcher failed: {type(error).__name__}: {error}", "the server's log tells more")


def become_rescue(request: Request, told: Report) -> NoReturn:
    """Becomes the rescue kernel, in the host interpreter and with the host's variables. Does not return.

    Raises OSError only where the host interpreter itself is gone.
    """
    signal.signal(signal.SIGINT, lambda number, frame: None)
    prefix = Prefix(prefix_of(request.root, request.environment), {}, None)
    host = handoff.without_activation(os.environ)
    passed = {**document(request, prefix), "rescue": True, "report": dict(told)}
    variables = {**host, handoff.VARIABLE: handoff.pass_on(passed, os.environ)}
    print(f"jupyter-pixi: {request.environment}: {told['state']}: {told['reason']}", file=sys.stderr, flush=True)
    argv = [sys.executable, "-P", "-m", "jupyter_pixi.kernels.rescue", "-f", request.connection_file, *request.extra]
    os.execve(sys.executable, argv, variables)  # noqa: S606
