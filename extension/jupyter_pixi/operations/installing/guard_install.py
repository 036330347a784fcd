"""Turns an install into the loaded packages of the calling kernel that it would exchange, or a refusal to do so."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ...errors import Refused
from ..context import Caller, Context
from ..targets import prefix_of, runs_from, target_platform
from ..workspace import OpenWorkspace
from .loaded import PYTHON, loaded_keys
from .moves import install_moves, jupyter_would_move, locked_rows, moves_of_jupyter, restart_jupyter, stray_moves


@dataclass(frozen=True)
class Wording:
    """How a refusal speaks of the command that would install: what it is, and the ways out for a kernel and for us."""

    what: str
    python: str
    kernel: str
    ours: str


INSTALL = Wording(
    what="install",
    python="Add `--restart` to install and restart the kernel.",
    kernel="Add `--restart` to install and restart the kernel. (`--force-loaded` installs under the running kernel, "
    "whose modules are then stale.)",
    ours="Add `--restart` to install, and then restart the Jupyter server and its kernels.",
)
RUN = Wording(
    what="install that has to come first",
    python="`pixi install --restart` installs and restarts the kernel; `pixi run --as-is` runs in what is installed.",
    kernel="`pixi install --restart` installs and restarts the kernel; `pixi run --as-is` runs in what is installed.",
    ours="`pixi install --restart` does it, then restart the Jupyter server and its kernels; `pixi run --as-is` runs "
    "in what is installed.",
)
"""For a command that only wants to run something."""

_UNCHANGED = "The environment was not changed."


def guard_install(
    opened: OpenWorkspace,
    name: str,
    context: Context,
    *,
    restart: bool = False,
    force: bool = False,
    repair: bool = False,
    wording: Wording = INSTALL,
) -> tuple[str, ...]:
    """The loaded packages that become stale, with the user's word. Raises Refused without it.

    A prefix that fits the lock, another prefix than the kernel's, and a rescue kernel have none. Python itself
    moves with `restart` only. Where Jupyter lives in the environment, what it needs is loaded too. A `repair` takes
    away what other tools have installed besides.
    """
    prefix = prefix_of(opened, name)
    caller = context.caller if context.caller is not None and runs_in(context.caller, prefix) else None
    ours = runs_from(prefix)
    if opened.lock is None or not (caller or ours):
        return ()
    platform = target_platform(opened, name, context, opened.lock)
    if platform is None:
        return ()
    moves = install_moves(prefix, locked_rows(opened.lock, name, platform.name))
    if repair:
        from .drifting import drift_of

        moves |= stray_moves(drift_of(opened, name, context))
    needed = moves_of_jupyter(prefix, moves) if ours else {}
    if needed and not (restart or force):
        raise jupyter_would_move(name, needed, what=wording.what, help=f"{wording.ours} {_UNCHANGED}")
    if needed:
        context.note(restart_jupyter(needed))
    stale = sorted(loaded_keys(caller, moves)) if moves and caller else []
    if PYTHON in stale and not restart:
        raise Refused(
            f"This kernel runs on the environment's Python, which {moves[PYTHON]}.",
            help=f"Python cannot be exchanged under a running kernel. {wording.python} {_UNCHANGED}",
            code="loaded",
        )
    if stale and not (restart or force):
        lines = "\n".join(f"  {key[1]} {moves[key]}" for key in stale[:20])
        raise Refused(
            f"This kernel has packages loaded that the {wording.what} would move:\n{lines}",
            help=f"{wording.kernel} {_UNCHANGED}",
            code="loaded",
        )
    return tuple(dict.fromkeys(key[1] for key in stale))


def runs_in(caller: Caller, prefix: Path) -> bool:
    """Whether this is the prefix of the calling kernel."""
    return bool(caller.prefix) and os.path.realpath(caller.prefix) == os.path.realpath(prefix)
