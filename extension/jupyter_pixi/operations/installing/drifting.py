"""Turns an installed environment into what was changed behind the lock's back, and back into what the lock says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..context import Context
from ..targets import prefix_of, target_platform
from ..workspace import OpenWorkspace

if TYPE_CHECKING:
    from ...prefix.drift import Row

HINT = "`install --repair` brings the environment back to the lock file; `add --adopt NAME` takes a PyPI package over."


def drift_of(opened: OpenWorkspace, name: str, context: Context, *, contents: bool = False) -> tuple[Row, ...]:
    """What an installed environment has that the lock does not say; nothing where it is not locked or not installed."""
    from ...prefix.drift import drift

    lock = opened.lock
    environment = opened.environments.get(name)
    if lock is None or environment is None or name not in lock.environments:
        return ()
    prefix = prefix_of(opened, name)
    platform = target_platform(opened, name, context, lock)
    if platform is None or not (prefix / "conda-meta").is_dir():
        return ()
    return drift(prefix, lock, environment, platform, opened.root, contents=contents)


async def prepare_repair(opened: OpenWorkspace, name: str, context: Context) -> frozenset[str]:
    """Look at every file of an environment, remove strays, and return the names that have to be made anew.

    Each thing found is told. A crash after this leaves a prefix in which something locked is missing.
    """
    rows = drift_of(opened, name, context, contents=True)
    for row in rows:
        context.note(f"{row.sentence()}.")
    if any(row.is_stray for row in rows):
        await _remove(prefix_of(opened, name), name, rows, context)
    return frozenset(row.name for row in rows if row.what in ("damaged", "changed", "missing"))


async def _remove(prefix: Path, environment: str, rows: Sequence[Row], context: Context) -> None:
    """Remove strays, and the records of conda packages whose place they took."""
    from ...prefix.installed import conda_records, distributions, site_packages
    from ...prefix.lock import guard
    from ...prefix.markers import invalidate_marker, read_marker, write_marker
    from ...prefix.strays import remove_distribution

    records = conda_records(prefix)
    there = distributions(prefix, site_packages(prefix, records))
    async with guard(prefix, environment, context.sink) as held:
        fingerprint, marker = held.read(), read_marker(prefix)
        held.begin()
        invalidate_marker(prefix)
        for row in (each for each in rows if each.is_stray):
            if row.name in there:
                remove_distribution(prefix, there[row.name])
            if row.kind == "conda" and row.name in records:
                records[row.name].path.unlink(missing_ok=True)
        if marker is not None:
            write_marker(prefix, marker)
        held.write(fingerprint)
