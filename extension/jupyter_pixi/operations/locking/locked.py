"""Turns an opened workspace into one whose lock is up to date, solved and written only if it was not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..context import Context
from ..publishing.publication import Pair, publish, workspace_lock
from ..scripts import has_no_lock, require_lock
from ..trusting import remember
from ..workspace import OpenWorkspace, open_workspace
from .relock import relock, require_frozen


async def locked(opened: OpenWorkspace, context: Context, environments: Iterable[str] = ()) -> OpenWorkspace:
    """The workspace with a lock that fulfils its manifest; nothing is installed.

    With `--frozen` the lock is taken as it is, and has to have these environments; with `--locked` it has to be up to
    date. A script that nobody locked is solved without a file. Raises LockOutOfDate, SolveError, NetworkError.
    """
    require_lock(opened, context)
    if context.frozen:
        for name in environments:
            require_frozen(opened, name)
        return opened
    if opened.lock is not None and opened.verdict.up_to_date:
        return opened
    if context.locked:
        await relock(opened, context)  # says why it is not up to date
    with workspace_lock(opened.root, context):
        opened = open_workspace(context)
        relocked = await relock(opened, context)
        if relocked.data is not None and not has_no_lock(opened):
            publish(opened, Pair(lock=relocked.data), context)
        result = replace(opened, lock=relocked.lock, lock_data=relocked.data or opened.lock_data)
        remember(result, context)
    return result
