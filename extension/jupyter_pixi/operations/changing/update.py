"""Turns "forget what is locked" into a newer lock, within what the manifest allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import PixiError
from ...lockfile import packages
from ...manifest.edit import conda_name, pypi_name
from ..context import Context
from ..locking.relock import Freedom, relock
from ..publishing.publication import Pair, publish, workspace_lock
from ..trusting import remember
from ..workspace import OpenWorkspace, open_workspace
from .upgrade import near

if TYPE_CHECKING:
    from ...lockfile.diff import LockDiff


async def update(
    context: Context,
    names: tuple[str, ...] = (),
    *,
    environments: tuple[str, ...] = (),
    platforms: tuple[str, ...] = (),
    dry_run: bool = False,
) -> LockDiff:
    """Solve again without the locked versions of the named packages (or of all), within what the manifest allows.

    Only the lock file changes. Raises PixiError for a package that is not locked, with near names.
    """
    from ...lockfile.diff import diff

    opened = open_workspace(context)
    for name in environments:
        opened.environment(name)
    with workspace_lock(opened.root, context, writes=not dry_run):
        opened = open_workspace(context)
        pairs = _pairs(opened, environments, platforms)
        _known(opened, names, pairs)
        keys = frozenset(key for n in names for key in (conda_name(n), pypi_name(n)))
        freedom = Freedom(unlock=keys, unlock_all=not names, pairs=pairs)
        relocked = await relock(replace(opened), context, freedom)
        if not dry_run and relocked.data is not None:
            publish(opened, Pair(lock=relocked.data), context)
            remember(replace(opened, lock=relocked.lock, lock_data=relocked.data), context)
        return diff(opened.lock, relocked.lock, opened.environments)


def _pairs(
    opened: OpenWorkspace, environments: Iterable[str], platforms: Iterable[str]
) -> frozenset[tuple[str, str]] | None:
    wanted, only = set(environments), set(platforms)
    if not wanted and not only:
        return None
    return frozenset(
        (e.name, p.name)
        for e in opened.environments.values()
        for p in e.platforms
        if (not wanted or e.name in wanted) and (not only or p.name in only)
    )


def _known(opened: OpenWorkspace, names: Iterable[str], pairs: frozenset[tuple[str, str]] | None) -> None:
    """Each name has to be a package of the lock file, in the pairs that are meant if they are named."""
    known: set[str] = set()
    for environment_name, environment in opened.lock.environments.items() if opened.lock is not None else ():
        for platform, rows in environment.packages.items():
            if pairs is None or (environment_name, platform) in pairs:
                known.update(packages.name(p) for p in rows)
    for name in names:
        if conda_name(name) not in known and pypi_name(name) not in known:
            help = near(name, known) if opened.lock is not None else "nothing is locked yet: `lock` does that"
            raise PixiError(f"could not find a package named '{name}'", help=help, code="unknown-package")
