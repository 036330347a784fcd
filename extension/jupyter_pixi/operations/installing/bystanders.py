"""Turns a change of an environment into who else runs on it: this program and its server, and other kernels."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ...lockfile import packages
from ...lockfile.model import Package
from ..context import Caller, Context
from ..publishing import history
from .loaded import Key, loaded_keys

SERVERS = ("jupyter-pixi", "jupyterlab", "jupyter_server", "jupyter-server", "notebook", "jupyterhub")
"""What runs for a whole session: if the environment is this program's own, these and what they need are in use."""

_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def in_use_by_us(rows: Mapping[Key, Package]) -> set[Key]:
    """What this program and the server of its environment need, among an environment's locked packages."""
    by_name: dict[str, set[Key]] = {}
    for key in rows:
        by_name.setdefault(_plain(key[1]), set()).add(key)
    todo = [_plain(name) for name in SERVERS if _plain(name) in by_name]
    found: set[Key] = set()
    while todo:
        for key in by_name.get(todo.pop(), ()):
            if key not in found:
                found.add(key)
                todo += [_plain(name) for name in _needs(rows[key])]
    return found


def _needs(package: Package) -> Iterable[str]:
    texts = packages.requires_dist(package) if package.kind == "pypi" else packages.depends(package)
    for text in texts:
        match = _REQUIREMENT.match(text)
        if match and "extra ==" not in text:
            yield match.group()


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def changed_by_others(context: Context) -> tuple[str, ...]:
    """What others changed under the calling kernel since it started, among the packages that it has loaded."""
    caller = context.caller
    if caller is None or not caller.loaded or caller.pid is None:
        return ()
    started = _start_of(caller.pid)
    if started is None:
        return ()
    moved = _moved_since(Path(caller.manifest).parent, caller, started)
    loaded = loaded_keys(caller, {(kind, name) for name in moved for kind in ("conda", "pypi")})
    return tuple(moved[name] for name in sorted({name for _, name in loaded}))


def tell_changes_by_others(context: Context) -> None:
    """Warn a kernel of what others changed under it since it started, among the packages that it has loaded."""
    found = changed_by_others(context)
    if found:
        context.warn(
            f"Changed outside of this kernel since it started: {'; '.join(found[:5])}. What it imported before that is "
            "stale; restart it to be sure.",
            "stale",
        )


def _moved_since(root: Path, caller: Caller, started: float) -> dict[str, str]:
    """Package -> what happened to it, in changes that other kernels or terminals made to the caller's environment."""
    moved: dict[str, str] = {}
    for entry in history.entries(root):
        if entry.time <= started or entry.kernel == caller.kernel or entry.environment != caller.environment:
            continue
        for change in entry.changes:
            mark, _, rest = change.partition(" ")
            name = rest.split(" ", 1)[0]
            if mark in ("~", "-"):
                moved[_plain(name)] = rest if mark == "~" else f"{name} removed"
    return moved


def _start_of(pid: int) -> float | None:
    """When a process started, in seconds since the epoch; None where that cannot be told (no /proc)."""
    try:
        ticks = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
        boot = next(
            int(line.split()[1]) for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime ")
        )
        return boot + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None
