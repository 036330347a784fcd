"""Turns a plan and what the calling kernel has loaded into a plan that moves nothing loaded, or a refusal.

(Design, section 4, step 4.) `loaded` tells what is in use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ...errors import Refused, SolveError
from ...lockfile import packages
from ...lockfile.model import LockFile, Package
from ...prefix.installed import normalise
from ..context import Caller, Context
from ..installing.guard_install import runs_in
from ..installing.loaded import PYTHON, Key, loaded_keys
from ..installing.moves import (
    becomes,
    install_moves,
    jupyter_would_move,
    locked_rows,
    moves_of_jupyter,
    restart_jupyter,
)
from ..locking.relock import Freedom, relock
from ..result import joined
from ..targets import prefix_of, runs_from, target_platform
from .plan import Change, Pins


@dataclass(frozen=True)
class Guarded:
    """The change that may be made. `stale` names loaded packages that move with the user's word, `going` those that
    go with it; `pins` are those that a Jupyter in the workspace itself needs as they are."""

    change: Change
    stale: tuple[str, ...] = ()
    going: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    pins: Pins = field(default_factory=dict)


@dataclass(frozen=True)
class Move:
    """A loaded package that a plan would change (`gone`: take away), and what would become of it.

    `package` is what the present lock says; None where the prefix has not followed that lock yet.
    """

    key: Key
    becomes: str
    package: Package | None
    gone: bool

    @property
    def name(self) -> str:
        """The package's name."""
        return self.key[1]

    def sentence(self) -> str:
        """`numpy would move from 2.1.0 to 2.2.0`."""
        return f"{self.name} {self.becomes}"


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
    spared = await _spare_jupyter(change, context, moves_it=restart or force)
    change, lock = spared.change, _lock(spared.change)
    if caller is None or not _is_its_own(change, caller):
        return spared
    pair = _pair_of(change, caller)
    moves = _moves(change, lock, pair, caller, context)
    if not restart:
        _refuse_the_kernel_itself(moves, force, may_remove)
    if may_remove:
        names = tuple(m.name for m in moves if m.gone)
        moves = [m for m in moves if not m.gone]
        if not moves:
            _check_wanted(change, lock, pair, wanted)
            return replace(spared, going=names, notes=(*spared.notes, *_stay(names, caller)))
    if not moves:
        _check_wanted(change, lock, pair, wanted)
        return spared
    if restart or force:
        stale = tuple(m.name for m in moves)
        notes = () if restart else (f"Stale in this kernel until it restarts: {joined(stale)}.",)
        return replace(spared, stale=stale, notes=(*spared.notes, *notes))
    pins = [m.package for m in moves if m.package is not None]
    if change.exact or len(pins) < len(moves):
        raise _refused(moves, None, ())
    pinned, why = await _pinned(change, context, _joined(spared.pins, {pair: tuple(pins)}))
    if pinned is not None and not _versions_moved(pinned, pair, caller, context, may_remove):
        names = tuple(m.name for m in moves)
        context.note(f"Solved with what this kernel has loaded kept as it is: {joined(names)}.")
        _check_wanted(pinned, _lock(pinned), pair, wanted)
        return replace(spared, change=pinned)
    raise _refused(moves, why, _asked_for(change, [m.key for m in moves], pair))


def _refused(moves: Sequence[Move], why: str | None, asked: Sequence[str]) -> Refused:
    lines = [f"  {m.sentence()}" for m in moves]
    if any(m.package is None for m in moves):
        lines.append("The environment is not what its lock file said before; `status` tells how it differs.")
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


def _asked_for(change: Change, keys: Sequence[Key], pair: Key) -> list[str]:
    """The specs of the manifest that the loaded versions do not fulfil, where the change itself wrote them."""
    environment = change.after.environments.get(pair[0])
    before = change.before.environments.get(pair[0])
    on = environment.on.get(pair[1]) if environment is not None else None
    was = before.on.get(pair[1]) if before is not None else None
    if on is None:
        return []
    found = []
    for kind, name in keys:
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


async def _spare_jupyter(change: Change, context: Context, *, moves_it: bool) -> Guarded:
    """Where Jupyter lives in the workspace itself, what it needs stays while it runs, unless that was asked for."""
    name = next((each for each in change.after.environments if runs_from(prefix_of(change.after, each))), None)
    platform = target_platform(change.after, name, context, _lock(change)) if name is not None else None
    if name is None or platform is None:
        return Guarded(change)
    pair, prefix = (name, platform.name), prefix_of(change.after, name)
    needed = _of_jupyter(change, pair, prefix, context)
    if not needed:
        return Guarded(change)
    if moves_it:
        return Guarded(change, notes=(restart_jupyter(needed),))
    before, why = locked_rows(change.before.lock, *pair), None
    kept: Pins = {pair: tuple(before[key] for key in needed if key in before)}
    if kept[pair] and not change.exact:
        pinned, why = await _pinned(change, context, kept)
        if pinned is not None and not _of_jupyter(pinned, pair, prefix, context):
            names = joined([key[1] for key in needed])
            context.note(f"Solved with what Jupyter itself needs kept as it is: {names} (`--restart` moves that too).")
            return Guarded(pinned, pins=kept)
    asked = _asked_for(change, list(needed), pair)
    raise jupyter_would_move(
        name,
        needed,
        what="change",
        why=None if asked else why,
        help="Add `--restart` to make the change, and then restart the Jupyter server and its kernels; or ask for "
        "another version. Nothing was changed.",
    )


def _of_jupyter(change: Change, pair: Key, prefix: Path, context: Context) -> dict[Key, str]:
    """What becomes of the packages that Jupyter needs."""
    before, after = locked_rows(change.before.lock, *pair), locked_rows(_lock(change), *pair)
    moves, behind = _all_moves(before, after, prefix, context)
    return moves_of_jupyter(prefix, moves | behind)


def _joined(one: Pins, two: Pins) -> Pins:
    return {pair: (*one.get(pair, ()), *two.get(pair, ())) for pair in {*one, *two}}


def _refuse_the_kernel_itself(moves: Sequence[Move], force: bool, may_remove: bool) -> None:
    """What a live kernel stands on never goes, and its Python (and so its ABI) never moves, whatever is asked for."""
    for move in moves:
        if move.key == PYTHON and (force or (move.gone and may_remove)):
            raise Refused(
                f"This kernel runs on the environment's Python: {move.sentence()}.",
                help="Python cannot be exchanged under a running kernel. Add `--restart` to make the change and "
                "restart the kernel. Nothing was changed.",
                code="loaded",
            )
        if move.name == "ipykernel" and move.gone and may_remove and not force:
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
    names = {name for _, name in locked_rows(lock, *pair)}
    missing = [name for name in wanted if name not in names]
    if missing and names:
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


def _versions_moved(change: Change, pair: Key, caller: Caller, context: Context, may_remove: bool) -> bool:
    moves = _moves(change, _lock(change), pair, caller, context)
    return any(not m.gone or not may_remove for m in moves)


def _is_its_own(change: Change, caller: Caller) -> bool:
    """Whether the change is of the calling kernel's environment, and not of a script with a block of its own."""
    name = caller.environment
    return name in change.after.environments and runs_in(caller, prefix_of(change.after, name))


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


def _moves(change: Change, lock: LockFile, pair: Key, caller: Caller, context: Context) -> list[Move]:
    """The loaded packages that the new lock changes or drops, or that installing it would, the prefix being behind."""
    before, after = locked_rows(change.before.lock, *pair), locked_rows(lock, *pair)
    moves, behind = _all_moves(before, after, Path(caller.prefix), context)
    loaded = loaded_keys(caller, {*moves, *behind}) if moves or behind else set()
    found = [Move(key, text, before[key], key not in after) for key, text in moves.items() if key in loaded]
    return found + [Move(key, text, None, key not in after) for key, text in behind.items() if key in loaded]


def _all_moves(
    before: Mapping[Key, Package], after: Mapping[Key, Package], prefix: Path, context: Context
) -> tuple[dict[Key, str], dict[Key, str]]:
    """What the new lock moves, and what moves besides because the prefix has not followed the present lock yet.

    What the new lock only takes back to what is installed does not move.
    """
    moves = _lock_moves(before, after)
    if context.no_install:
        return moves, {}
    installing = install_moves(prefix, after)
    moves = {key: text for key, text in moves.items() if key in installing or text == becomes("", "")}
    return moves, {key: text for key, text in installing.items() if key not in moves}


def _lock_moves(before: Mapping[Key, Package], after: Mapping[Key, Package]) -> dict[Key, str]:
    """What becomes of the packages that another lock has elsewhere or not at all."""
    return {
        key: becomes(packages.version(old), packages.version(new) or "a local source" if new is not None else None)
        for key, old in before.items()
        for new in (after.get(key),)
        if new is None or new.location != old.location
    }


async def _pinned(change: Change, context: Context, pins: Pins) -> tuple[Change | None, str | None]:
    """The same change solved with these packages fixed; None, and why, without a solution."""
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
