"""Turns a kernel's environment into a current one, as its start asks: solve only if needed, install only if needed.

(Design, section 3, "What a start does".) The launcher runs this in a process that outlives it.
"""

from __future__ import annotations

from typing import Any

from ...environments.pick import mocks
from ...errors import UnsupportedPlatform
from ..context import Context
from ..locking.locked import locked
from ..policy import refuse_install_at_start
from ..targets import choice, prefix_of, runs_from
from ..workspace import OpenWorkspace, open_workspace
from .install import InstallOptions, install_environment, is_current
from .status import cannot_run


async def prepare(context: Context, environment: str) -> dict[str, Any]:
    """Make an environment ready to start, and tell what moved. Raises PixiError with the reason why it is not."""
    before = open_workspace(context)
    if not await _is_installed(before, environment, context):
        refuse_install_at_start(context.environ)
    opened = await locked(before, context, [environment])
    _refuse_unsupported(opened, environment, context)
    if runs_from(prefix_of(opened, environment)):
        from .guard_install import guard_install

        guard_install(opened, environment, context)
    report = await install_environment(opened, environment, context, InstallOptions(as_run=True))
    return {
        "kind": "prepare",
        "environment": environment,
        "moved": _moved(before, opened, environment),
        "install": {"prefix": str(report.prefix), "linked": list(report.linked), "unlinked": list(report.unlinked)},
    }


async def _is_installed(opened: OpenWorkspace, environment: str, context: Context) -> bool:
    """Whether nothing has to be solved or installed: only the state file is to be written anew."""
    if opened.lock is None or not opened.verdict.up_to_date:
        return False
    platform = choice(opened, opened.environment(environment), context, opened.lock).platform
    return platform is not None and await is_current(opened, environment, platform, context)


def _refuse_unsupported(opened: OpenWorkspace, environment: str, context: Context) -> None:
    """Raise UnsupportedPlatform in the words of `status`: a kernel has room for one sentence."""
    wanted = opened.environment(environment)
    found = choice(opened, wanted, context, opened.lock)
    if found.platform is None:
        variables = " ".join(mocks(found))
        pretend = f"where the server starts, set {variables} to pretend that it has" if variables else None
        raise UnsupportedPlatform(cannot_run(wanted, found), help=pretend)


def _moved(before: OpenWorkspace, after: OpenWorkspace, environment: str) -> list[dict[str, Any]]:
    """The packages of the environment that a new lock moved."""
    if before.lock is after.lock or after.lock is None:
        return []
    from ...lockfile.diff import diff

    rows = diff(before.lock, after.lock, after.environments).rows()
    return [
        {"name": r.name, "before": r.before, "after": r.after, "platform": r.platform}
        for r in rows
        if r.environment == environment
    ]
