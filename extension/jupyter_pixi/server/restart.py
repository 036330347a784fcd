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

FOLLOW_SECONDS = 5.0
"""How long the page in which a cell switched has to change its notebook's kernel: then the metadata follow."""

_CONNECTION_FILE = re.compile(r"kernel-([0-9A-Za-z-]+)\.json")


def kernel_id(connection_file: object) -> str | None:
    """The id of a Jupyter server's kernel, which its connection file's name holds; None for any other kernel."""
    found = _CONNECTION_FILE.search(connection_file) if isinstance(connection_file, str) else None
    return found[1] if found else None


def is_asked(event: Mapping[str, Any]) -> bool:
    """Whether an event is the successful end of an operation that asks for a new start of its kernel."""
    data = event.get("data")
    return event.get("event") == "result" and isinstance(data, Mapping) and bool(data.get("restart_requested"))


def kernel_name(event: Mapping[str, Any]) -> str | None:
    """The kernelspec that the new start is to be of (`switch`); None where it stays the same."""
    data = event.get("data")
    request = data.get("restart_requested") if isinstance(data, Mapping) else None
    name = request.get("kernel") if isinstance(request, Mapping) else None
    return name if isinstance(name, str) else None


async def restart(manager: Any, kernel: str, log: logging.Logger, name: str | None = None) -> None:
    """Restart a kernel of this server once its cell has ended. One that is not this server's is left alone.

    `manager` is the server's kernel manager; with `name` the kernel starts again from that kernelspec, in the same
    session, unless a page has given the notebook another kernel meanwhile. A kernel that does not come back is told
    in the log.
    """
    await asyncio.sleep(SETTLE_SECONDS if name is None else FOLLOW_SECONDS)
    if kernel not in manager:
        return
    try:
        if name is not None:
            _become(manager.get_kernel(kernel), name)
        await manager.restart_kernel(kernel)
    except Exception:  # whatever a kernel manager raises: the user sees the kernel's own state
        log.exception("jupyter-pixi could not restart the kernel %s", kernel)


def _become(kernel: Any, name: str) -> None:
    """Let a kernel's next start be of another kernelspec. Raises what the specs' manager raises for an unknown one."""
    before = kernel.kernel_name
    kernel.kernel_name = name
    try:
        spec = kernel.kernel_spec
    except Exception:
        kernel.kernel_name = before
        raise
    if kernel.provisioner is not None:
        kernel.provisioner.kernel_spec = spec
