"""Turns a prospective workspace into the present one: guard the kernel, publish, install, refresh.

Every command that changes manifest or lock ends here, so that they all behave alike (design, section 4, steps 4 to 7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import PixiError
from ..manifest.edit import Written
from .context import Context
from .install import install_environment, is_current
from .publication import Pair, publish
from .refresh import changes, variables
from .relock import Relocked, relock
from .result import Changed
from .targets import prefix_of, target_platform
from .trusting import remember
from .workspace import OpenWorkspace, new_warnings


@dataclass(frozen=True)
class Change:
    """A change that has been worked out. `relocked` None means that the lock has still to be found.

    `lock_stays` leaves the lock file alone even though the manifest moved on (`--frozen`, an unused feature).
    """

    before: OpenWorkspace
    after: OpenWorkspace
    relocked: Relocked | None = None
    written: tuple[Written, ...] = ()
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lock_stays: bool = False


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
) -> Changed:
    """Publish a change and install what has to be installed.

    What is installed: in a kernel the kernel's environment; else the only environment there is, or with
    `default_only` the default one (as `pixi remove` does). `wanted` are the packages that the caller expects to get.
    Raises PixiError; manifest and lock are then as they were.
    """
    from ..lockfile.diff import diff
    from .guard import guard

    before, after = change.before, change.after
    if not change.lock_stays and change.relocked is None:
        change = replace(change, relocked=await relock(after, context))
    name = _environment_to_install(after, context, default_only) if install else None
    stale: tuple[str, ...] = ()
    if change.relocked is not None and context.caller is not None:
        guarded = await guard(change, context, restart=restart, force=force_loaded, wanted=wanted)
        change, stale = guarded.change, guarded.stale
    lock = change.relocked.lock if change.relocked is not None else None
    compared = diff(before.lock, lock, after.environments) if lock is not None else None
    platform = target_platform(after, name, context, lock) if name is not None else None
    result = Changed(
        lines=change.lines,
        notes=change.notes,
        written=change.written,
        diff=compared,
        environment=name or (context.caller.environment if context.caller else None),
        platform=platform.name if platform is not None else None,
        restart=stale,
        restart_requested=restart and bool(stale),
        dry_run=dry_run,
    )
    if dry_run:
        return result
    for warning in new_warnings(before.manifest, after.manifest):
        context.warn(warning.text)
    _publish(change, context)
    published = replace(after, lock=lock or after.lock, lock_data=_lock_data(change))
    remember(published, context)
    if name is None or context.no_install or lock is None or context.frozen or context.locked:
        return result
    if platform is None:
        return _cannot_install(result, name)
    if await is_current(published, name, platform, context):
        return result
    return await _install(change, published, result, name, context)


def _environment_to_install(after: OpenWorkspace, context: Context, default_only: bool) -> str | None:
    if context.caller is not None:
        return context.caller.environment if context.caller.environment in after.environments else None
    if default_only:
        return "default" if "default" in after.environments else None
    return next(iter(after.environments)) if len(after.environments) == 1 else None


def _publish(change: Change, context: Context) -> None:
    before, after = change.before, change.after
    manifest = after.manifest_data if after.manifest_data != before.manifest_data else None
    lock = change.relocked.data if change.relocked is not None and not change.lock_stays else None
    if lock is not None and before.lock is not None and before.lock.version < 7:
        context.note(
            f"The lock file was version {before.lock.version} and is now version 7: it can be read from Pixi 0.68 on."
        )
    publish(before, Pair(manifest, lock))


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
    except BaseException as error:
        _take_back(change, published, context)
        if isinstance(error, PixiError):
            undone = "Manifest and lock file are as they were before."
            error.help = f"{error.help} {undone}" if error.help else undone
        raise
    return replace(
        result,
        installed={name: report},
        activation=changes(before, variables(prefix, context.environ)) if before is not None else None,
    )


def _take_back(change: Change, published: OpenWorkspace, context: Context) -> None:
    """Publish the previous generation again, unless somebody changed it since."""
    before = change.before
    pair = Pair(
        manifest=before.manifest_data if published.manifest_data != before.manifest_data else None,
        lock=before.lock_data if published.lock_data != before.lock_data else None,
        remove_lock=before.lock_data is None and published.lock_data is not None,
    )
    try:
        publish(published, pair)
    except PixiError as error:
        context.warn(f"The change could not be taken back: {error.message}")


def _cannot_install(result: Changed, name: str) -> Changed:
    note = f"The environment `{name}` cannot run on this machine, so nothing was installed."
    return replace(result, notes=(*result.notes, note))
