"""Turns an install into the loaded packages of the calling kernel that it would exchange, or a refusal to do so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ...errors import Refused
from ...lockfile import packages
from ...lockfile.model import Package
from ...prefix.installed import INSTALLER, conda_records, distributions, normalise, site_packages
from ..context import Context
from ..targets import prefix_of, runs_from, target_platform
from ..workspace import OpenWorkspace
from .bystanders import in_use_by_us
from .loaded import PYTHON, Key, loaded_keys

_REMOVED = "would be removed"


def guard_install(
    opened: OpenWorkspace, name: str, context: Context, *, restart: bool = False, force: bool = False
) -> tuple[str, ...]:
    """The loaded packages that become stale, with the user's word. Raises Refused without it.

    A prefix that fits the lock, another environment than the kernel's, and a rescue kernel have none. Python itself
    moves with `restart` only. Where Jupyter lives in the environment, what it needs is loaded too.
    """
    caller = context.caller if context.caller is not None and context.caller.environment == name else None
    prefix = prefix_of(opened, name)
    ours = runs_from(prefix)
    if opened.lock is None or not (caller or ours):
        return ()
    platform = target_platform(opened, name, context, opened.lock)
    moves = dict(_moves(opened, name, platform.name, prefix)) if platform is not None else {}
    if ours and moves and not (restart or force):
        _refuse_under_us(opened, name, moves)
    stale = sorted(loaded_keys(caller, moves)) if moves and caller else []
    if PYTHON in stale and not restart:
        raise Refused(
            f"This kernel runs on the environment's Python, which {moves[PYTHON]}.",
            help="Python cannot be exchanged under a running kernel. Add `--restart` to install and restart the "
            "kernel. The environment was not changed.",
            code="loaded",
        )
    if stale and not (restart or force):
        lines = "\n".join(f"  {key[1]} {moves[key]}" for key in stale[:20])
        raise Refused(
            f"This kernel has packages loaded that the install would move:\n{lines}",
            help="Add `--restart` to install and restart the kernel. (`--force-loaded` installs under the running "
            "kernel, whose modules are then stale.) The environment was not changed.",
            code="loaded",
        )
    return tuple(dict.fromkeys(key[1] for key in stale))


def _refuse_under_us(opened: OpenWorkspace, name: str, moves: Mapping[Key, str]) -> None:
    """Where Jupyter runs in the environment, an install does not exchange what it needs without being told to."""
    locked = opened.lock.environments.get(name) if opened.lock is not None else None
    packages_by_key: dict[Key, Package] = {}
    for rows in (locked.packages if locked is not None else {}).values():
        packages_by_key.update({("pypi" if p.kind == "pypi" else "conda", packages.name(p)): p for p in rows})
    found = sorted(in_use_by_us(packages_by_key) & moves.keys())
    if found:
        lines = "\n".join(f"  {key[1]} {moves[key]}" for key in found[:20])
        raise Refused(
            f"Jupyter itself runs in the environment '{name}', and the install would move what it needs:\n{lines}",
            help="Stop Jupyter and install from a terminal, or add `--restart`; then restart the Jupyter server and "
            "its kernels. The environment was not changed.",
            code="loaded",
        )


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
            to = packages.version(wanted)
            moved = f"would move from {record.version} to {to}"
            yield ("conda", record.name), moved if to != record.version else "would be replaced by another build"
    pypi = {normalise(packages.name(p)): packages.version(p) for p in rows if p.kind == "pypi"}
    for each in distributions(prefix, site_packages(prefix, records)).values():
        if each.installer != INSTALLER:
            continue
        if each.name not in pypi:
            yield ("pypi", each.name), _REMOVED
        elif pypi[each.name] not in (None, each.version):
            yield ("pypi", each.name), f"would move from {each.version} to {pypi[each.name]}"
