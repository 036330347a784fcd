"""Turns a socket into one command's run, in a process that has loaded what the command needs before it was asked.

`python -P -m jupyter_pixi.cli.standby FD`: a kernel starts it (kernels/bridge/standby.py) and sends, on the socket
with that number, a JSON object with `arguments`, `environ`, `cwd` and `umask`, and with it the descriptors for stdin,
stdout, stderr, events and the caller's document. One byte in answer says that the command runs from here on. It ends
without one when the kernel goes away, or when nobody asks for IDLE seconds.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

IDLE = 600.0
"""Seconds after which an engine that nobody asks ends."""

LOOK = 5.0
"""Seconds between looks at whether the kernel is still there: what it forked may hold the socket's other end."""

_MODULES = (
    "asyncio",
    "rattler",
    "rattler.exceptions",
    "..operations.changing.add",
    "..operations.changing.remove",
    "..operations.installing.status",
    "..operations.running.task_run",
    "..operations.installing.bystanders",
    "..operations.installing.settling",
    "..operations.log",
    "..lockfile.check.environment",
    "..lockfile.check.platform",
    "..lockfile.diff",
    "..solve.gateway",
    "..solve.conda",
    "..solve.group",
    "..prefix.pypi",
    ".commands",
    ".change",
    ".look",
    ".run",
    ".main",
)


def main(fd: int) -> NoReturn:
    """Load, wait, run. Does not return."""
    # A kernel that runs no cell ignores interrupts, and what it starts then inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    parent = os.getppid()
    load()
    code = _code()
    with socket.socket(fileno=fd) as channel:
        if not _asked(channel, parent):
            os._exit(0)
        words = _take(channel)
    if _code() != code:  # the package was updated meanwhile: its modules must not be mixed with what comes to be loaded
        os.execv(sys.executable, [sys.executable, "-P", "-m", "jupyter_pixi", *words])  # noqa: S606
    from .main import entry

    sys.argv = [str(Path(__file__).parents[1] / "__main__.py"), *words]
    entry()


def load() -> None:
    """Import what a change of a workspace needs."""
    for name in _MODULES:
        importlib.import_module(name, __package__)
    gc.collect()
    gc.freeze()  # what is loaded now stays until the end: collections need not look at it


def _code() -> dict[str, tuple[int, int, int]]:
    """File -> what changes when it is written anew, for every loaded module."""
    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path is not None:
            try:
                status = Path(path).stat()
                found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
            except OSError:
                found[path] = (0, 0, 0)
    return found


def _asked(channel: socket.socket, parent: int) -> bool:
    """Wait for a command; False if none will come."""
    end = time.monotonic() + IDLE
    while not select.select([channel], [], [], LOOK)[0]:
        if time.monotonic() > end or os.getppid() != parent:
            return False
    return True


def _take(channel: socket.socket) -> list[str]:
    """Take the command and become the process that it wants: streams, variables, folder. Returns its arguments.

    Ends the process where the kernel has gone or has given up: it then asks another engine.
    """
    data, descriptors, _, _ = socket.recv_fds(channel, 65536, 5)
    while more := channel.recv(65536):
        data += more
    try:
        command: dict[str, Any] = json.loads(data)
        stdin, stdout, stderr, events, caller = descriptors
        os.chdir(command["cwd"])
        channel.sendall(b"\n")
    except (ValueError, OSError):
        os._exit(1)
    for number, descriptor in enumerate((stdin, stdout, stderr)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    for descriptor in (events, caller):
        os.set_inheritable(descriptor, True)  # as those are that a new process was given
    os.environ.clear()
    os.environ.update(command["environ"])
    os.umask(command["umask"])
    numbers = {"{events}": str(events), "{caller}": str(caller)}
    return [numbers.get(word, word) for word in command["arguments"]]


if __name__ == "__main__":
    main(int(sys.argv[1]))
