"""Platform names of the workspace <-> the aliases (`p1`, `p2` …) under which a lock file keeps rich platforms.

A row of the lock and a platform of the manifest are the same if subdir and customised virtual packages are, whatever
they are called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .model import LockFile, LockPlatform

if TYPE_CHECKING:
    from ..manifest.model import Platform

_ALIAS = re.compile(r"p[1-9][0-9]{0,5}")


def default_virtual_packages(subdir: str) -> tuple[str, ...]:
    """The virtual packages every platform of a subdir has unless it says otherwise, as a lock file writes them."""
    from ..manifest.subdirs import default_virtual_packages as defaults

    return tuple(map(str, defaults(subdir)))


def customised(subdir: str, virtual_packages: Iterable[str]) -> frozenset[str]:
    """Those virtual packages (as text) that are not the subdir's defaults."""
    return frozenset(virtual_packages) - frozenset(default_virtual_packages(subdir))


def identity_of(platform: Platform) -> tuple[str, frozenset[str]]:
    """A workspace platform's identity in the terms of `customised`."""
    return platform.subdir, customised(platform.subdir, map(str, platform.declared))


def with_platform_names(lock: LockFile, platforms: Sequence[Platform]) -> LockFile:
    """The lock with its platforms named as the workspace names them.

    A row is renamed if exactly one platform has its identity, its own name is none of the workspace's, and the new
    name is not another row's. What is locked for a bare subdir counts for its platforms too that have no row, if the
    bare row records no virtual packages (before version 7) or all that they declare. Everything else stays, for the
    check to find.
    """
    wanted = {platform.name for platform in platforms}
    taken = {row.name for row in lock.platforms}
    renames: dict[str, str] = {}
    for row in lock.platforms:
        if row.name in wanted:
            continue
        identity = row.subdir, customised(row.subdir, row.virtual_packages)
        same = [platform.name for platform in platforms if identity_of(platform) == identity]
        if len(same) == 1 and same[0] not in taken and same[0] not in renames.values():
            renames[row.name] = same[0]
    return _shared(renamed(lock, renames), platforms)


def _shared(lock: LockFile, platforms: Sequence[Platform]) -> LockFile:
    """The lock in which platforms without a row have the packages of their bare subdir, where that stands for them."""
    rows = {row.name: row for row in lock.platforms}
    bare = {
        platform.name: platform.subdir
        for platform in platforms
        if platform.name not in rows
        and (row := rows.get(platform.subdir)) is not None
        and (not row.virtual_packages or identity_of(platform)[1] <= customised(row.subdir, row.virtual_packages))
    }
    if not bare:
        return lock
    return replace(
        lock,
        environments={
            name: replace(
                environment,
                packages={
                    **environment.packages,
                    **{to: environment.packages[of] for to, of in bare.items() if of in environment.packages},
                },
            )
            for name, environment in lock.environments.items()
        },
    )


def renamed(lock: LockFile, renames: Mapping[str, str]) -> LockFile:
    """The lock with platforms renamed."""
    if not renames:
        return lock
    return replace(
        lock,
        platforms=tuple(replace(row, name=renames.get(row.name, row.name)) for row in lock.platforms),
        environments={
            name: replace(
                environment,
                packages={renames.get(key, key): packages for key, packages in environment.packages.items()},
            )
            for name, environment in lock.environments.items()
        },
    )


def aliases(rows: Iterable[LockPlatform], platforms: Sequence[Platform]) -> dict[str, str]:
    """Names to write: rich platforms become `p1`, `p2` …, counted over `platforms` in their order.

    A rich platform that the lock does not use leaves a gap. A row that is none of `platforms` keeps its name unless
    that is an alias given to another.
    """
    rich = [platform.name for platform in platforms if platform.name != platform.subdir]
    found = {name: f"p{number}" for number, name in enumerate(rich, start=1)}
    free = len(rich)
    for row in rows:
        if row.name not in found and _ALIAS.fullmatch(row.name) and row.name in found.values():
            free += 1
            found[row.name] = f"p{free}"
    return found
