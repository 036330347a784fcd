"""Turns a plan and what the calling kernel has loaded into a plan that moves nothing loaded, or a refusal.

(Design, section 4, step 4.) `loaded` tells what is in use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import Refused, SolveError
from ...lockfile import packages
from ...lockfile.model import LockFile, Package
from ...prefix.installed import normalise
from ..context import Caller, Context
from ..installing.loaded import PYTHON, Key, loaded_keys
from ..installing.moves import becomes, install_moves, locked_rows, refuse_under_us
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
    if not (restart or force):
        _refuse_under_us(change, relocked.lock, context)
    if caller is None or caller.environment not in change.after.environments:
        return Guarded(change)
    pair = _pair_of(change, caller)
    moves = _moves(change, relocked.lock, pair, caller, context)
    if not restart:
        _refuse_the_kernel_itself(moves, force, may_remove)
    if may_remove:
        names = tuple(m.name for m in moves if m.gone)
        moves = [m for m in moves if not m.gone]
        if not moves:
            _check_wanted(change, relocked.lock, pair, wanted)
            return Guarded(change, going=names, notes=_stay(names, caller))
    if not moves:
        _check_wanted(change, relocked.lock, pair, wanted)
        return Guarded(change)
    if restart or force:
        stale = tuple(m.name for m in moves)
        notes = () if restart else (f"Stale in this kernel until it restarts: {joined(stale)}.",)
        return Guarded(change, stale, notes=notes)
    pins = [m.package for m in moves if m.package is not None]
    if change.exact or len(pins) < len(moves):
        raise _refused(moves, None, ())
    pinned, why = await _pinned(change, context, pair, pins)
    if pinned is not None and not _versions_moved(pinned, pair, caller, context, may_remove):
        names = tuple(m.name for m in moves)
        context.note(f"Solved with what this kernel has loaded kept as it is: {joined(names)}.")
        _check_wanted(pinned, _lock(pinned), pair, wanted)
        return Guarded(pinned)
    raise _refused(moves, why, _asked_for(change, moves, pair))


def _refused(moves: Sequence[Move], why: str | None, asked: Sequence[str]) -> Refused:
    lines = [f"  {m.sentence()}" for m in moves]
    if any(m.package is None for m in moves):
        lines.append("The lock file was changed before, and this environment has not been installed since.")
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
        pair = (name, platform.name if platform else "")
        before = locked_rows(change.before.lock, *pair)
        refuse_under_us(
            name,
            before,
            _lock_moves(before, locked_rows(lock, *pair)),
            what="change",
            help="Add `--restart` to make the change; then restart the Jupyter server and its kernels. "
            "Nothing was changed.",
        )


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
    moves = _lock_moves(before, after)
    behind = {} if context.no_install else install_moves(Path(caller.prefix), after)
    behind = {key: text for key, text in behind.items() if key not in moves}
    loaded = loaded_keys(caller, {*moves, *behind}) if moves or behind else set()
    found = [Move(key, text, before[key], key not in after) for key, text in moves.items() if key in loaded]
    return found + [Move(key, text, None, key not in after) for key, text in behind.items() if key in loaded]


def _lock_moves(before: Mapping[Key, Package], after: Mapping[Key, Package]) -> dict[Key, str]:
    """What becomes of the packages that another lock has elsewhere or not at all."""
    return {
        key: becomes(packages.version(old), packages.version(new) or "a local source" if new is not None else None)
        for key, old in before.items()
        for new in (after.get(key),)
        if new is None or new.location != old.location
    }


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
