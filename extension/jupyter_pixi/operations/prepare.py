"""Turns a kernel's environment into a current one, as its start asks: solve only if needed, install only if needed.

(Design, section 3, "What a start does".) The launcher runs this in a process that outlives it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .context import Context
from .install import InstallOptions, install_environment
from .publication import Pair, publish, workspace_lock
from .relock import relock, require_frozen
from .trusting import remember
from .workspace import OpenWorkspace, open_workspace


async def prepare(context: Context, environment: str) -> dict[str, Any]:
    """Make an environment ready to start, and tell what moved. Raises PixiError with the reason why it is not."""
    opened = open_workspace(context)
    opened.environment(environment)
    opened, moved = await _locked(opened, context, environment)
    report = await install_environment(opened, environment, context, InstallOptions(as_run=True))
    return {
        "kind": "prepare",
        "environment": environment,
        "moved": moved,
        "install": {"prefix": str(report.prefix), "linked": list(report.linked), "unlinked": list(report.unlinked)},
    }


async def _locked(opened: OpenWorkspace, context: Context, environment: str) -> tuple[OpenWorkspace, list[Any]]:
    if context.frozen:
        require_frozen(opened, environment)
        return opened, []
    if opened.lock is not None and opened.verdict.up_to_date:
        return opened, []
    if context.locked:
        await relock(opened, context)  # says why it is not up to date
    from ..lockfile.diff import diff

    with workspace_lock(opened.root, context):
        opened = open_workspace(context)
        relocked = await relock(opened, context)
        if relocked.data is not None:
            publish(opened, Pair(lock=relocked.data), context)
        compared = diff(opened.lock, relocked.lock, opened.environments)
        locked = replace(opened, lock=relocked.lock, lock_data=relocked.data or opened.lock_data)
        remember(locked, context)
    return locked, [
        {"name": r.name, "before": r.before, "after": r.after, "platform": r.platform}
        for r in compared.rows()
        if r.environment == environment
    ]
