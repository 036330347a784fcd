"""Turns a plan and what the calling kernel has loaded into a plan that moves nothing loaded, or a refusal.

(Design, section 4, step 4.) `loaded` tells what is in use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import Refused, SolveError
from ...lockfile import packages
from ...lockfile.model import LockFile, Package
from ...prefix.installed import normalise
from ..context import Caller, Context
from ..installing.bystanders import in_use_by_us
from ..installing.loaded import PYTHON, Key, loaded_keys
from ..locking.relock import Freedom, relock
from ..result import joined
from ..targets import choice, prefix_of, runs_from
from .plan import Change, Pins


@dataclass(frozen=True)
class Guarded:
    """The change that may be made. `stale` names loaded packages that move with the user's word, `going` those that
    go with it."""

    change: Change
    stale: tuple[str, ...] = ()
    going: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Move:
    """A loaded package that a plan would change (`after` None: take away)."""

    key: Key
    package: Package
    after: Package | None

    def sentence(self) -> str:
        """`numpy would move from 2.1.0 to 2.2.0`."""
        name, old = packages.name(self.package), packages.version(self.package) or "(a local source)"
        if self.after is None:
            return f"{name} {old} would be removed"
        new = packages.version(self.after) or "a local source"
        if new == old:
            return f"{name} {old} would be replaced by another build"
        return f"{name} would move from {old} to {new}"


async def guard(
    change: Change,
    context: Context,
    *,
    restart: bool,
    force: bool,
    wanted: Sequence[str] = (),
    may_remove: bool = False,
) -> Guarded:
    """Compare the plan for the kernel's environment with what the kernel has loaded.

    Returns the change as it is, one solved again with the loaded packages pinned, or (with `restart` or `force`) the
    change and what becomes stale. With `may_remove` (the user asked for a removal) loaded packages may go. `wanted`
    are packages that the change must give the kernel. Raises Refused with both ways out.
    """
    caller, relocked = context.caller, change.relocked
    if relocked is None:
        return Guarded(change)
    if not (restart or force):
        _refuse_under_us(change, relocked.lock, context)
    if caller is None or caller.environment not in change.after.environments:
        return Guarded(change)
    pair = _pair_of(change, caller)
    moves = _moves(change, relocked.lock, pair, caller)
    if not restart:
        _refuse_the_kernel_itself(moves, force, may_remove)
    if may_remove:
        going = [m for m in moves if m.after is None]
        moves = [m for m in moves if m.after is not None]
        names = tuple(packages.name(m.package) for m in going)
        if not moves:
            _check_wanted(change, relocked.lock, pair, wanted)
            return Guarded(change, going=names, notes=_stay(names, caller))
    if not moves:
        _check_wanted(change, relocked.lock, pair, wanted)
        return Guarded(change)
    if restart or force:
        stale = tuple(packages.name(m.package) for m in moves)
        notes = () if restart else (f"Stale in this kernel until it restarts: {joined(stale)}.",)
        return Guarded(change, stale, notes=notes)
    if change.exact:
        raise _refused(moves, None, ())
    pinned, why = await _pinned(change, context, pair, [m.package for m in moves])
    if pinned is not None and not _versions_moved(pinned, pair, caller, may_remove):
        names = tuple(packages.name(m.package) for m in moves)
        context.note(f"Solved with what this kernel has loaded kept as it is: {joined(names)}.")
        _check_wanted(pinned, _lock(pinned), pair, wanted)
        return Guarded(pinned)
    raise _refused(moves, why, _asked_for(change, moves, pair))


def _refused(moves: Sequence[Move], why: str | None, asked: Sequence[str]) -> Refused:
    lines = [f"  {m.sentence()}" for m in moves]
    if asked:
        lines.append(f"The change itself asks for {joined(asked)}.")
    elif why:
        lines += ["Kept as they are, there is no solution:", *(f"  {line}" for line in why.splitlines())]
    forced = "(`--force-loaded` makes it under the running kernel, whose modules are then stale.) "
    if any(move.key == PYTHON for move in moves):
        forced = ""  # which never happens
    return Refused(
        "This kernel has packages loaded that the change would move:\n" + "\n".join(lines),
        help="Add `--restart` to make the change and restart the kernel, or ask for another version. "
        f"{forced}Nothing was changed.",
        code="loaded",
    )


def _asked_for(change: Change, moves: Sequence[Move], pair: Key) -> list[str]:
    """The specs of the manifest that the loaded versions do not fulfil, where the change itself wrote them."""
    environment = change.after.environments.get(pair[0])
    before = change.before.environments.get(pair[0])
    on = environment.on.get(pair[1]) if environment is not None else None
    was = before.on.get(pair[1]) if before is not None else None
    if on is None:
        return []
    found = []
    for kind, name in (move.key for move in moves):
        if kind == "conda":
            spec = dict(on.dependencies).get(name)
            changed = spec is not None and (was is None or spec != dict(was.dependencies).get(name))
            version = spec.version if spec is not None else None
        else:
            wanted = [spec for each, spec in on.pypi_dependencies if each == name]
            changed = bool(wanted) and (was is None or wanted != [s for n, s in was.pypi_dependencies if n == name])
            version = wanted[0].version if wanted else None
        if changed:
            found.append(f"{name} {version or '*'}")
    return found


def _refuse_under_us(change: Change, lock: LockFile, context: Context) -> None:
    """Where Jupyter lives in the workspace itself, its own packages do not move while it runs."""
    for name, environment in change.after.environments.items():
        if not runs_from(prefix_of(change.after, name)):
            continue
        platform = choice(change.after, environment, context, lock).platform
        before, after = (_rows(each, (name, platform.name if platform else "")) for each in (change.before.lock, lock))
        moves = [
            Move(key, before[key], after.get(key))
            for key in sorted(in_use_by_us(before))
            if after.get(key) is None or after[key].location != before[key].location
        ]
        if moves:
            lines = "\n".join(f"  {move.sentence()}" for move in moves[:10])
            raise Refused(
                f"Jupyter itself runs in the environment '{name}', and the change would move what it needs:\n{lines}",
                help="Add `--restart` to make the change; then restart the Jupyter server and its kernels. "
                "Nothing was changed.",
                code="loaded",
            )


def _refuse_the_kernel_itself(moves: Sequence[Move], force: bool, may_remove: bool) -> None:
    """What a live kernel stands on never goes, and its Python (and so its ABI) never moves, whatever is asked for."""
    for move in moves:
        python, gone = move.key == PYTHON, move.after is None
        if python and (force or (gone and may_remove)):
            raise Refused(
                f"This kernel runs on the environment's Python: {move.sentence()}.",
                help="Python cannot be exchanged under a running kernel. Add `--restart` to make the change and "
                "restart the kernel. Nothing was changed.",
                code="loaded",
            )
        if move.key[1] == "ipykernel" and gone and may_remove and not force:
            raise Refused(
                f"This kernel itself is ipykernel: {move.sentence()}, and what it needs with it.",
                help="Run the command in a terminal, or add `--restart`: a kernel for the environment is then looked "
                "for anew. Nothing was changed.",
                code="loaded",
            )


def _check_wanted(change: Change, lock: LockFile, pair: Key, wanted: Sequence[str]) -> None:
    """Stop a change that would not give the calling kernel the package it asks for, unless it was asked elsewhere."""
    if not wanted or not change.for_caller:
        return
    names = {name for _, name in _rows(lock, pair)}
    missing = [name for name in wanted if name not in names]
    if missing and _rows(lock, pair):
        raise Refused(
            f"The change would not give this kernel {joined(missing)}: the environment '{pair[0]}' would not have it "
            f"on '{pair[1]}'.",
            help=f"Add it with `-e {pair[0]}` or `--feature` for a feature of this environment. Nothing was changed.",
            code="not-for-this-kernel",
        )


def _stay(names: Sequence[str], caller: Caller) -> tuple[str, ...]:
    """What is said of libraries that go; of Python packages the kernel itself tells it, with the modules' names."""
    told = {normalise(each.name) for each in caller.loaded}
    names = [name for name in names if normalise(name) not in told]
    if not names:
        return ()
    verb = "stays" if len(names) == 1 else "stay"
    return (f"{joined(names)} {verb} loaded in this kernel until it restarts.",)


def _versions_moved(change: Change, pair: Key, caller: Caller, may_remove: bool) -> bool:
    moves = _moves(change, _lock(change), pair, caller)
    return any(m.after is not None or not may_remove for m in moves)


def _pair_of(change: Change, caller: Caller) -> Key:
    """The kernel's environment and the platform its prefix was installed for."""
    from ...prefix.markers import read_marker

    marker = read_marker(Path(caller.prefix))
    environment = change.after.environments.get(caller.environment)
    platforms = environment.platforms if environment is not None else ()
    if marker is not None and marker.platform is not None and environment is not None:
        subdir, virtual = marker.platform
        for platform in platforms:
            on = environment.on.get(platform.name)
            declared = {str(v) for v in on.virtual_packages} if on is not None else set()
            if platform.subdir == subdir and declared == set(virtual):
                return caller.environment, platform.name
        for platform in platforms:
            if platform.subdir == subdir and {str(v) for v in platform.declared} <= set(virtual):
                return caller.environment, platform.name
    return caller.environment, platforms[0].name if platforms else ""


def _moves(change: Change, lock: LockFile, pair: Key, caller: Caller) -> list[Move]:
    """The loaded packages that the new lock changes or drops."""
    before = _rows(change.before.lock, pair)
    after = _rows(lock, pair)
    moved = {
        key: package
        for key, package in before.items()
        if after.get(key) is None or after[key].location != package.location
    }
    loaded = loaded_keys(caller, moved) if moved else set()
    return [Move(key, package, after.get(key)) for key, package in moved.items() if key in loaded]


def _rows(lock: LockFile | None, pair: Key) -> dict[Key, Package]:
    environment = lock.environments.get(pair[0]) if lock is not None else None
    rows: Iterable[Package] = environment.packages.get(pair[1], ()) if environment is not None else ()
    return {(("pypi" if p.kind == "pypi" else "conda"), packages.name(p)): p for p in rows}


async def _pinned(
    change: Change, context: Context, pair: Key, loaded: Sequence[Package]
) -> tuple[Change | None, str | None]:
    """The same change solved with these packages fixed for the kernel's pair; None, and why, without a solution."""
    pins: Pins = {pair: tuple(loaded)}
    try:
        if change.again is not None:
            return await change.again(pins), None
        relocked = await relock(change.after, context, Freedom(pinned=pins))
    except SolveError as error:
        return None, error.message
    return replace(change, relocked=relocked), None


def _lock(change: Change) -> LockFile:
    assert change.relocked is not None
    return change.relocked.lock
