"""Turns a prospective workspace into the present one: guard the kernel, publish, install, refresh.

Every command that changes manifest or lock ends here, so that they all behave alike (design, section 4, steps 4 to 7).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import PixiError
from ..context import Context
from ..installing.install import install_environment, is_current
from ..installing.refresh import changes, variables
from ..locking.relock import relock
from ..publishing.journal import step
from ..publishing.publication import Pair, finish, is_withdrawing, publish, settled, withdraw
from ..result import Changed
from ..targets import prefix_of, runs_from, target_platform
from ..trusting import remember
from ..workspace import OpenWorkspace, new_warnings
from .plan import Change

if TYPE_CHECKING:
    from ...lockfile.diff import LockDiff

_REPAIR_AFTER_CANCEL = 1.2
"""Seconds that putting the prefix back may take when the user stopped the operation; the next one does the rest."""

_TOLD = 30
"""How many packages the history names of one change."""


async def carry_out(
    change: Change,
    context: Context,
    *,
    dry_run: bool = False,
    install: bool = True,
    default_only: bool = False,
    restart: bool = False,
    force_loaded: bool = False,
    wanted: tuple[str, ...] = (),
    may_remove: bool = False,
) -> Changed:
    """Publish a change and install what has to be installed.

    What is installed: in a kernel the kernel's environment; else the only environment there is, or with
    `default_only` the default one (as `pixi remove` does). `wanted` are the packages that the caller expects to get;
    with `may_remove` the change is a removal, which may take loaded packages along. Raises PixiError; manifest and
    lock are then as they were.
    """
    if not change.lock_stays and change.relocked is None:
        change = replace(change, relocked=await relock(change.after, context))
    name = _environment_to_install(change.after, context, default_only) if install else None
    stale: tuple[str, ...] = ()
    going: tuple[str, ...] = ()
    if change.relocked is not None and (context.caller is not None or _is_ours(change.after)):
        from .guard import guard

        guarded = await guard(
            change, context, restart=restart, force=force_loaded, wanted=wanted, may_remove=may_remove
        )
        change, stale, going = guarded.change, guarded.stale, guarded.going
        change = replace(change, notes=(*change.notes, *guarded.notes))
    requested = restart and bool(stale or going)
    result = replace(_outcome(change, name, context), restart=stale, restart_requested=requested, dry_run=dry_run)
    if dry_run:
        return await _previewed(change, result, name, (*stale, *going), context)
    locked = change.relocked is not None and not (context.no_install or context.frozen or context.locked)
    return await _make(change, result, name if locked else None, context)


def _outcome(change: Change, name: str | None, context: Context) -> Changed:
    """What a change tells once it is made, and the environment of that name installed."""
    from ...lockfile.diff import diff

    after = change.after
    lock = change.relocked.lock if change.relocked is not None else None
    platform = target_platform(after, name, context, lock) if name is not None else None
    return Changed(
        lines=change.lines,
        notes=change.notes,
        written=change.written,
        diff=diff(change.before.lock, lock, after.environments) if lock is not None else None,
        environment=name or (context.caller.environment if context.caller else None),
        platform=platform.name if platform is not None else None,
    )


async def _previewed(
    change: Change, result: Changed, name: str | None, loaded: tuple[str, ...], context: Context
) -> Changed:
    """The outcome of a change that is not made, with what is loaded of it, and what its install would fetch."""
    from .preview import Preview, fetch

    fetched = None
    if change.relocked is not None and name is not None and result.platform is not None:
        prefix = prefix_of(change.after, name)
        platform = change.after.environments[name].platform(result.platform)
        fetched = await fetch(change.relocked.lock, name, platform, prefix, context) if platform is not None else None
    return replace(result, preview=Preview(tuple(dict.fromkeys(loaded)), fetched))


async def _make(change: Change, result: Changed, name: str | None, context: Context) -> Changed:
    """Publish, and install the environment of that name."""
    after = change.after
    for warning in new_warnings(change.before.manifest, after.manifest):
        context.warn(warning.text)
    _publish(change, result, name if result.platform is not None else None, context)
    step("published")
    lock = change.relocked.lock if change.relocked is not None else after.lock
    published = replace(after, lock=lock, lock_data=_lock_data(change))
    remember(published, context)
    if name is None:
        return result
    platform = after.environments[name].platform(result.platform) if result.platform is not None else None
    if platform is None:
        return _cannot_install(result, name)
    if await is_current(published, name, platform, context):
        finish(after.root)
        return result
    return await _install(change, published, result, name, context)


def _is_ours(after: OpenWorkspace) -> bool:
    """Whether this program runs in one of the workspace's environments."""
    return any(runs_from(prefix_of(after, name)) for name in after.environments)


def _environment_to_install(after: OpenWorkspace, context: Context, default_only: bool) -> str | None:
    if after.manifest.kind == "script":
        return None
    if context.caller is not None:
        return context.caller.environment if context.caller.environment in after.environments else None
    if default_only:
        return "default" if "default" in after.environments else None
    return next(iter(after.environments)) if len(after.environments) == 1 else None


def _publish(change: Change, result: Changed, installing: str | None, context: Context) -> None:
    before, after = change.before, change.after
    manifest = after.manifest_data if after.manifest_data != before.manifest_data else None
    lock = change.relocked.data if change.relocked is not None and not change.lock_stays else None
    if lock is not None and before.lock is not None and before.lock.version < 7:
        context.note(
            f"The lock file was version {before.lock.version} and is now version 7: it can be read from Pixi 0.68 on."
        )
    told = replace(change.told, environment=result.environment, changes=sentences(result.diff, result))
    publish(before, Pair(manifest, lock), context, installing=installing, told=told)


def sentences(diff: LockDiff | None, result: Changed) -> tuple[str, ...]:
    """What changed for the environment at hand (or, where that is nothing, for others): `+ cowsay 6.1 py_0`."""
    rows = diff.rows() if diff is not None else ()
    own = [r for r in rows if (r.environment, r.platform) == (result.environment, result.platform)]
    found: dict[str, None] = {}
    for row in own or rows:
        if row.before is None or row.after is None:
            found[f"{'+' if row.before is None else '-'} {row.name} {row.after or row.before}"] = None
        else:
            found[f"~ {row.name} {row.before} → {row.after}"] = None
    return tuple(found)[:_TOLD]


def _lock_data(change: Change) -> bytes | None:
    if change.relocked is not None and change.relocked.data is not None:
        return change.relocked.data
    return change.before.lock_data


async def _install(change: Change, published: OpenWorkspace, result: Changed, name: str, context: Context) -> Changed:
    """Install; when that fails, manifest and lock go back to what they were and the prefix follows them."""
    prefix = prefix_of(published, name)
    before = variables(prefix, context.environ) if context.caller is not None else None
    try:
        report = await install_environment(published, name, context)
        step("installed")
    except BaseException as error:
        undone = await _take_back(change, published, name, error, context)
        if isinstance(error, PixiError):
            error.help = f"{error.help} {undone}" if error.help else undone
        raise
    finish(published.root)
    return replace(
        result,
        installed={name: report},
        activation=changes(before, variables(prefix, context.environ)) if before is not None else None,
    )


async def _take_back(
    change: Change, published: OpenWorkspace, name: str, error: BaseException, context: Context
) -> str:
    """Publish the previous generation again, unless somebody changed it since, and let the prefix follow it.

    Returns a sentence that says how things are now.
    """
    before = change.before
    pair = Pair(
        manifest=before.manifest_data if published.manifest_data != before.manifest_data else None,
        lock=before.lock_data if published.lock_data != before.lock_data else None,
        remove_lock=before.lock_data is None and published.lock_data is not None,
    )
    if pair.is_empty:
        return "Manifest and lock file were not changed."
    try:
        await _withdraw(published, pair, before, name, context)
    except (PixiError, OSError) as problem:
        if not is_withdrawing(before.root):  # else the next operation finishes that
            finish(before.root)
        context.warn(f"The change could not be taken back: {problem}")
        if isinstance(problem, PixiError) and problem.code == "generation":
            return "Manifest and lock file are as somebody else has changed them."
        return "Manifest and lock file have the change; the next command installs the rest of it."
    remember(before, context)
    try:
        async with asyncio.timeout(_REPAIR_AFTER_CANCEL if not isinstance(error, PixiError) else None):
            await _follow(before, name, context)
        settled(before.root)
    except (PixiError, TimeoutError, OSError) as problem:
        why = f" ({problem})" if isinstance(problem, PixiError) else ""
        return f"Manifest and lock file are as they were before; the next command repairs the environment{why}."
    return "Manifest and lock file are as they were before."


async def _withdraw(published: OpenWorkspace, pair: Pair, before: OpenWorkspace, name: str, context: Context) -> None:
    """Publish the previous generation; on a full disk what was linked goes first, which makes room for that."""
    try:
        withdraw(published, pair, context)
    except OSError:
        if is_withdrawing(before.root):
            raise
        await _follow(before, name, context)
        withdraw(published, pair, context)


async def _follow(before: OpenWorkspace, name: str, context: Context) -> None:
    """Make a prefix again what the lock before a change says. One that was not installed before stays unfinished."""
    if before.lock is None or name not in before.lock.environments or not before.verdict.up_to_date:
        return
    platform = target_platform(before, name, context, before.lock)
    if platform is not None and not await is_current(before, name, platform, context):
        await install_environment(before, name, context)


def _cannot_install(result: Changed, name: str) -> Changed:
    note = f"The environment `{name}` cannot run on this machine, so nothing was installed."
    return replace(result, notes=(*result.notes, note))
