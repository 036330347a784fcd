"""Turns an install into the loaded packages of the calling kernel that it would exchange, or a refusal to do so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..errors import Refused
from ..lockfile import packages
from ..prefix.installed import INSTALLER, conda_records, distributions, normalise, site_packages
from .context import Context
from .loaded import Key, loaded_keys
from .targets import prefix_of, target_platform
from .workspace import OpenWorkspace

_REMOVED = "would be removed"


def guard_install(opened: OpenWorkspace, name: str, context: Context, *, allowed: bool) -> tuple[str, ...]:
    """The loaded packages that become stale, with the user's word (`allowed`). Raises Refused without it.

    A prefix that fits the lock, another environment than the kernel's, and a rescue kernel have none.
    """
    caller = context.caller
    if caller is None or caller.environment != name or opened.lock is None:
        return ()
    platform = target_platform(opened, name, context, opened.lock)
    if platform is None:
        return ()
    moves = dict(_moves(opened, name, platform.name, prefix_of(opened, name)))
    stale = sorted(loaded_keys(caller, moves)) if moves else []
    if stale and not allowed:
        lines = "\n".join(f"  {key[1]} {moves[key]}" for key in stale[:20])
        raise Refused(
            f"This kernel has packages loaded that the install would move:\n{lines}",
            help="Add `--restart` to install and restart the kernel. (`--force-loaded` installs under the running "
            "kernel, whose modules are then stale.) The environment was not changed.",
            code="loaded",
        )
    return tuple(dict.fromkeys(key[1] for key in stale))


def _moves(opened: OpenWorkspace, name: str, platform: str, prefix: Path) -> Iterator[tuple[Key, str]]:
    """What is installed and would not stay, and what would become of it."""
    assert opened.lock is not None
    locked = opened.lock.environments.get(name)
    rows = locked.packages.get(platform, ()) if locked is not None else ()
    conda = {packages.name(p): p for p in rows if p.kind == "conda"}
    records = conda_records(prefix)
    for record in records.values():
        wanted = conda.get(record.name)
        if wanted is None:
            yield ("conda", record.name), _REMOVED
        elif (packages.version(wanted), packages.build(wanted)) != (record.version, record.build):
            yield ("conda", record.name), f"would move from {record.version} to {packages.version(wanted)}"
    pypi = {normalise(packages.name(p)): packages.version(p) for p in rows if p.kind == "pypi"}
    for each in distributions(prefix, site_packages(prefix, records)).values():
        if each.installer != INSTALLER:
            continue
        if each.name not in pypi:
            yield ("pypi", each.name), _REMOVED
        elif pypi[each.name] not in (None, each.version):
            yield ("pypi", each.name), f"would move from {each.version} to {pypi[each.name]}"
