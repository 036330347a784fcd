"""A kernel that cannot tell us that it has begun (R, bash, xeus) -> its start no longer counted as one in vain.

A small process of its own looks on from outside: once somebody listens where clients send their heartbeats, and still
does a moment later, the note that `attempts` left beside the connection file goes.
"""

from __future__ import annotations

import os
import time

from . import attempts

STEADY = 1.0
"""Seconds for which a kernel has to be there: one that fails to begin ends before."""

_BETWEEN = 0.2


def watch(connection_file: str) -> None:
    """Starts looking on at this process, which is about to become the kernel. Where it cannot, nothing happens."""
    kernel = os.getpid()
    try:
        child = os.fork()
    except OSError:
        return
    if child:
        os.waitpid(child, 0)  # it leaves its own child to the system: the kernel has none that it does not know
        return
    try:
        if os.fork() == 0:
            _stand_apart()
            _look_on(connection_file, kernel)
    finally:
        os._exit(0)


def _stand_apart() -> None:
    """Holds nothing of the kernel's: no terminal, no signals of its group, no folder, no pipe of whoever started it."""
    os.setsid()
    os.chdir(os.sep)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(null, descriptor)
    os.closerange(3, 1024)


def _look_on(connection_file: str, kernel: int) -> None:
    end = time.monotonic() + attempts.WINDOW
    since = None
    while time.monotonic() < end:
        time.sleep(_BETWEEN)
        try:
            os.kill(kernel, 0)
        except ProcessLookupError:
            return
        now = time.monotonic()
        if not _is_heard(connection_file):
            since = None
        elif since is None:
            since = now
        elif now - since >= STEADY:
            attempts.forget(connection_file)
            return


def _is_heard(connection_file: str) -> bool:
    """Whether somebody listens at the heartbeat's address of a connection file."""
    import json
    import socket

    try:
        with open(connection_file, "rb") as file:
            found = json.load(file)
        ip, port = str(found["ip"]), int(found["hb_port"])
        if found.get("transport") == "ipc":
            with socket.socket(socket.AF_UNIX) as there:
                there.connect(f"{ip}-{port}")
        else:
            socket.create_connection((ip, port), timeout=1.0).close()
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
