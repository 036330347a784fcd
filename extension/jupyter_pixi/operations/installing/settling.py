"""Turns a workspace in which an operation was killed into one where manifest, lock and prefix belong together again."""

from __future__ import annotations

from pathlib import Path

from ...errors import PixiError
from ..context import Context
from ..publishing import journal


async def settle(context: Context) -> None:
    """Finish or take back what a crash left, and let the prefix follow; called before every operation.

    Nothing is written where no journal and no staged file lies. What cannot be repaired is said and not raised:
    the operation itself will meet it.
    """
    from ..publishing.recovery import left_overs
    from ..workspace import locate

    try:
        manifest = locate(context)
    except PixiError:
        return
    root = manifest.parent
    cut_short = journal.path_of(root).exists()
    if cut_short and not is_interrupted(root):
        return  # somebody is at work on it
    if cut_short or (left_overs(root, manifest) and _is_free(root)):  # taking the lock sweeps them away
        try:
            await _settle(root, context)
        except PixiError as error:
            if cut_short:
                context.warn(f"{error.message} {error.help or ''}".strip(), error.code)


async def _settle(root: Path, context: Context) -> None:
    from ..publishing.publication import workspace_lock  # brings asyncio, which `status` does without
    from ..trusting import remember
    from ..workspace import open_workspace
    from .install import install_environment

    with workspace_lock(root, context) as recovered:  # waits for a change that is under way and not crashed
        if recovered is None:
            return
        opened = open_workspace(context)
        remember(opened, context)
        name = recovered.environment
        if name is None or context.no_install or opened.lock is None or name not in opened.environments:
            return
        if opened.verdict.up_to_date:
            await install_environment(opened, name, context)
            context.note(f"The environment '{name}' is what the lock file says again.")


def is_interrupted(root: Path) -> bool:
    """Whether a change was cut short and nobody is at work on it; for `status`, so nothing is done about it."""
    left = journal.read(root)
    if left is None:
        return journal.path_of(root).exists()
    free = _is_free(root)
    return free if free is not None else not left.is_alive


def _is_free(root: Path) -> bool | None:
    """Whether nobody holds the workspace's lock; None where there are no locks, or not for us."""
    from ... import system

    lock = system.FileLock(journal.path_of(root).with_name("workspace.lock"))
    try:
        free = lock.try_acquire()
    except OSError:
        return None
    lock.release()
    return free
