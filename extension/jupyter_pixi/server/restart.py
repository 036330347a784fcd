"""Turns an operation's wish for a new start into a restart of the kernel that asked for it.

The server does it, not a browser: there may be none, or two that would both do it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any

SETTLE_SECONDS = 1.0
"""How long the asking cell has, after the operation's end, to show its output and to stop the cells behind it."""

_CONNECTION_FILE = re.compile(r"kernel-([0-9A-Za-z-]+)\.json")


def kernel_id(connection_file: object) -> str | None:
    """The id of a Jupyter server's kernel, which its connection file's name holds; None for any other kernel."""
    found = _CONNECTION_FILE.search(connection_file) if isinstance(connection_file, str) else None
    return found[1] if found else None


def is_asked(event: Mapping[str, Any]) -> bool:
    """Whether an event is the successful end of an operation that asks for a new start of its kernel."""
    data = event.get("data")
    return event.get("event") == "result" and isinstance(data, Mapping) and bool(data.get("restart_requested"))


async def restart(manager: Any, kernel: str, log: logging.Logger) -> None:
    """Restart a kernel of this server once its cell has ended. One that is not this server's is left alone.

    `manager` is the server's kernel manager. A kernel that does not come back is told in the log.
    """
    await asyncio.sleep(SETTLE_SECONDS)
    if kernel not in manager:
        return
    try:
        await manager.restart_kernel(kernel)
    except Exception:  # whatever a kernel manager raises: the user sees the kernel's own state
        log.exception("jupyter-pixi could not restart the kernel %s", kernel)
