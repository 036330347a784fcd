"""Turns a manifest into an up-to-date pixi.lock, or says whether the present one is up to date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...errors import LockFileError
from ...lockfile.model import CURRENT_VERSION
from ..context import Context
from ..publishing.publication import Pair, publish, workspace_lock
from ..trusting import remember
from ..workspace import OpenWorkspace, open_workspace
from .relock import refuse_newer, relock

if TYPE_CHECKING:
    from ...lockfile.diff import LockDiff


@dataclass(frozen=True)
class Locked:
    """What `lock` found or did. `diff` is empty when the lock was up to date; `reason` says why it was not."""

    diff: LockDiff
    changed: bool
    reason: str | None = None


async def lock(context: Context, *, check: bool = False, dry_run: bool = False) -> Locked:
    """Bring pixi.lock up to date; with `check` only look, with `dry_run` only work it out (neither writes anything).

    Raises LockFileError for an unreadable or too new lock, SolveError, NetworkError.
    """
    opened = open_workspace(context)
    if opened.manifest.kind == "script" and opened.lock is None and not opened.manifest.explicit_platforms:
        name = opened.manifest.path.name
        context.warn(
            f"{name} declares no platforms, so its lock file is for machines like this one alone; "
            f"`pixi workspace platform add --script {name} --auto-detect` writes down which"
        )
    if check and not dry_run:
        return _checked(opened)
    if dry_run:
        return await _locked(opened, context, write=False)
    if opened.lock is not None and opened.lock.version == CURRENT_VERSION and opened.verdict.up_to_date:
        return _unchanged(opened)
    with workspace_lock(opened.root, context):
        return await _locked(open_workspace(context), context, write=True)


def _unchanged(opened: OpenWorkspace) -> Locked:
    from ...lockfile.diff import diff

    assert opened.lock is not None
    return Locked(diff(opened.lock, opened.lock, opened.environments), False)


def _checked(opened: OpenWorkspace) -> Locked:
    """The verdict alone: unlike Pixi's `lock --check`, this never writes."""
    from ...lockfile.diff import diff
    from ...lockfile.model import LockFile

    refuse_newer(opened)
    if opened.lock is None:
        return Locked(diff(None, LockFile(CURRENT_VERSION, (), {}), opened.environments), True, "there is no lock file")
    if opened.verdict.up_to_date and opened.lock.version < CURRENT_VERSION:
        reason = f"it has version {opened.lock.version}; `lock` would write version {CURRENT_VERSION}"
        return Locked(diff(opened.lock, opened.lock, opened.environments), True, reason)
    changed = not opened.verdict.up_to_date
    return Locked(diff(opened.lock, opened.lock, opened.environments), changed, opened.verdict.reason)


async def _locked(opened: OpenWorkspace, context: Context, *, write: bool) -> Locked:
    from ...lockfile.diff import diff

    relocked = await relock(opened, context, bring_up=True)
    data = relocked.data
    if write and data is not None:
        if opened.lock_data is not None and opened.lock is None:
            raise LockFileError(f"{opened.lock_path} cannot be read, so it is not written over.")
        publish(opened, Pair(lock=data), context)
        remember(replace(opened, lock=relocked.lock, lock_data=data), context)
    return Locked(diff(opened.lock, relocked.lock, opened.environments), data is not None)
