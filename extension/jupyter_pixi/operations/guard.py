"""Turns a plan and what the calling kernel has loaded into a plan that moves nothing loaded, or a refusal.

(Design, section 4, step 4.) A loaded package is one whose distribution was imported, or one of whose files the
process has mapped: BLAS, OpenSSL and CUDA belong to packages that no Python distribution names.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import Refused, SolveError
from ..lockfile import packages
from ..lockfile.model import LockFile, Package
from .change import Change
from .context import Caller, Context
from .relock import Freedom, relock


@dataclass(frozen=True)
class Guarded:
    """The change that may be made. `stale` names loaded packages that move with the user's word."""

    change: Change
    stale: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """A loaded package that a plan would change (`after` None: take away)."""

    package: Package
    after: Package | None

    def sentence(self) -> str:
        """`numpy 2.1.0 → 2.2.0`."""
        name, old = packages.name(self.package), packages.version(self.package)
        if self.after is None:
            return f"{name} {old} would be removed"
        new = packages.version(self.after)
        if new == old:
            return f"{name} {old} would be replaced by another build"
        return f"{name} would move from {old} to {new}"


async def guard(change: Change, context: Context, *, restart: bool, force: bool, wanted: Sequence[str] = ()) -> Guarded:
    """Compare the plan for the kernel's environment with what the kernel has loaded.

    Returns the change as it is, one solved again with the loaded packages pinned, or (with `restart` or `force`) the
    change and what becomes stale. Raises Refused with both ways out.
    """
    caller, relocked = context.caller, change.relocked
    if caller is None or relocked is None:
        return Guarded(change)
    pair = _pair_of(change, caller)
    moves = _moves(change, relocked.lock, pair, caller)
    if not moves:
        return Guarded(change)
    if restart or force:
        return Guarded(change, tuple(packages.name(m.package) for m in moves))
    pinned = await _pinned(change, context, pair, [m.package for m in moves])
    if pinned is not None and not _moves(pinned, _lock(pinned), pair, caller):
        names = ", ".join(packages.name(m.package) for m in moves)
        context.note(f"Solved with what this kernel has loaded kept as it is: {names}.")
        return Guarded(pinned)
    raise Refused(
        "This kernel has packages loaded that the change would move:\n" + "\n".join(f"  {m.sentence()}" for m in moves),
        help="Add `--restart` to make the change and restart the kernel, or ask for another version. "
        "Nothing was changed.",
        code="loaded",
    )


def _pair_of(change: Change, caller: Caller) -> tuple[str, str]:
    """The kernel's environment and the platform its prefix was installed for."""
    from ..prefix.markers import read_marker

    marker = read_marker(Path(caller.prefix))
    environment = change.after.environments.get(caller.environment)
    platforms = environment.platforms if environment is not None else ()
    if marker is not None and marker.platform is not None:
        subdir, virtual = marker.platform
        for platform in platforms:
            declared = {str(v) for v in platform.declared}
            if platform.subdir == subdir and declared <= set(virtual):
                return caller.environment, platform.name
    return caller.environment, platforms[0].name if platforms else ""


def _moves(change: Change, lock: LockFile, pair: tuple[str, str], caller: Caller) -> list[Move]:
    """The loaded packages that the new lock changes or drops."""
    before = _rows(change.before.lock, pair)
    after = _rows(lock, pair)
    moved = {
        key: package
        for key, package in before.items()
        if after.get(key) is None or after[key].location != package.location
    }
    if not moved:
        return []
    loaded = loaded_keys(caller, set(moved))
    return [Move(package, after.get(key)) for key, package in moved.items() if key in loaded]


def _rows(lock: LockFile | None, pair: tuple[str, str]) -> dict[tuple[str, str], Package]:
    environment = lock.environments.get(pair[0]) if lock is not None else None
    rows = environment.packages.get(pair[1], ()) if environment is not None else ()
    return {(("pypi" if p.kind == "pypi" else "conda"), packages.name(p)): p for p in rows}


def loaded_keys(caller: Caller, candidates: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of the candidate packages, as (kind, name), the kernel has loaded: by distribution and by mapped files."""
    from ..manifest.edit import pypi_name

    imported = {pypi_name(d.name) for d in caller.loaded}
    files = {_real(f) for d in caller.loaded for f in d.files} | {_real(f) for f in caller.mapped}
    found = {key for key in candidates if key[0] == "pypi" and key[1] in imported}
    if ("conda", "python") in candidates:
        found.add(("conda", "python"))
    prefix = _real(caller.prefix)
    inside = {os.path.relpath(f, prefix) for f in files if f.startswith(prefix + os.sep)}
    for kind, name in candidates:
        if (
            kind == "conda"
            and (kind, name) not in found
            and not inside.isdisjoint(_files_of(Path(caller.prefix), name))
        ):
            found.add((kind, name))
    return found


def _files_of(prefix: Path, name: str) -> tuple[str, ...]:
    """The files that a conda package linked into the prefix, from its record in conda-meta."""
    import json

    for record in (prefix / "conda-meta").glob(f"{name}-*.json"):
        try:
            data = json.loads(record.read_text())
        except (OSError, ValueError):
            continue
        if data.get("name", "").lower() == name:
            return tuple(str(Path(f)) for f in data.get("files", ()))
    return ()


def _real(path: str) -> str:
    return os.path.realpath(path)


async def _pinned(change: Change, context: Context, pair: tuple[str, str], loaded: Sequence[Package]) -> Change | None:
    """The same change solved with these packages fixed for the kernel's pair; None when that has no solution."""
    try:
        relocked = await relock(change.after, context, Freedom(pinned={pair: tuple(loaded)}))
    except SolveError:
        return None
    return replace(change, relocked=relocked)


def _lock(change: Change) -> LockFile:
    assert change.relocked is not None
    return change.relocked.lock
