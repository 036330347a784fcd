"""Turns a coroutine of the engine into a finished operation: logged, cancellable, its result told."""

from __future__ import annotations

import asyncio
import os
from argparse import Namespace
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .. import system
from ..events import Started
from ..operations.context import Context
from .output import Output, context_of

T = TypeVar("T")


def operation(
    arguments: Namespace,
    work: Callable[[Context], Awaitable[T]],
    *,
    record: bool = True,
    context: Context | None = None,
) -> T:
    """Run the work of a command that changes something, with its events in the operation's file.

    SIGINT cancels it: what it had begun is taken back, and KeyboardInterrupt is raised. With `record` False (a dry
    run, a look) there is no file. `context` is the one to use where the command has made it already.
    """
    context = context if context is not None else context_of(arguments)
    if record and context.script is None:
        _record(arguments.output, context)
    return asyncio.run(_settled(context, work))


async def _settled(context: Context, work: Callable[[Context], Awaitable[T]]) -> T:
    """The work, on a workspace in which nothing that crashed is left."""
    from ..operations.installing.settling import settle

    if context.script is None:
        await settle(context)
    if context.caller is not None:
        from ..operations.installing.stale import tell_stale_packages

        tell_stale_packages(context)
    return await work(context)


def _record(output: Output, context: Context) -> None:
    from ..errors import PixiError
    from ..operations.log import DeferredLog
    from ..operations.workspace import locate

    try:
        manifest = locate(context)
    except PixiError:
        return  # the operation itself will say so
    log = DeferredLog(manifest.parent, context.environ)
    caller = context.caller
    started = Started(
        operation=log.id,
        command=output.arguments,
        manifest=str(manifest),
        environment=caller.environment if caller else None,
        pid=os.getpid(),
        kernel=caller.kernel if caller else None,
        host=system.host_name(),
        born=system.birth(os.getpid()),
    )
    output.start_log(log, started)
