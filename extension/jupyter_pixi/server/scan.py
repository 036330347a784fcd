"""Turns folders into the Pixi manifests at, above and below them, within bounds of depth, number and time."""

from __future__ import annotations

import fnmatch
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import PixiError
from ..operations.editing import registry
from . import gitignore

MANIFESTS = ("pixi.toml", "pyproject.toml", "mojoproject.toml")
"""The files that can hold a workspace, in Pixi's order: only the first that exists in a folder counts."""

SKIPPED = frozenset({"node_modules", "__pycache__", "site-packages"})
"""Folders that are never entered, beside the hidden ones (`.pixi`, `.git`, …) and those that git ignores."""

_TABLES = {
    True: re.compile(rb"^\s*\[\s*tool\.pixi\.(workspace|project|package)\b", re.MULTILINE),  # pyproject.toml
    False: re.compile(rb"^\s*\[?\s*(workspace|project|package)\b", re.MULTILINE),
}


@dataclass(frozen=True)
class Limits:
    """How far a scan goes. `depth` counts folders below a root, 0 being the root alone."""

    depth: int = 4
    folders: int = 20_000
    seconds: float = 20.0
    hidden: tuple[str, ...] = ()  # globs on a folder's name or its path below the root


@dataclass(frozen=True)
class Scan:
    """What was found: manifests (nearest to the roots first), the folders seen, and why it ended early, if it did."""

    manifests: tuple[Path, ...] = ()
    folders: tuple[Path, ...] = ()
    truncated: str | None = None


@dataclass(frozen=True)
class _Visit:
    root: Path
    relative: str
    depth: int
    ignore: tuple[tuple[str, tuple[gitignore.Pattern, ...]], ...]

    @property
    def path(self) -> Path:
        return self.root / self.relative if self.relative else self.root


def scan(roots: Iterable[Path], limits: Limits = Limits(), *, stopped: Callable[[], bool] = lambda: False) -> Scan:
    """Look through `roots` and the folders below them, breadth first. Links to folders are not followed.

    Folders that cannot be read are passed over. `stopped` ends the scan between two folders.
    """
    started = time.monotonic()
    manifests: dict[Path, None] = {}
    seen: dict[Path, None] = {}
    waiting = deque(_Visit(root, "", 0, ()) for root in roots)
    while waiting:
        visit = waiting.popleft()
        if visit.path in seen:
            continue
        if (reason := _bound(limits, len(seen), time.monotonic() - started)) or stopped():
            return Scan(tuple(manifests), tuple(seen), reason or "the scan was stopped")
        seen[visit.path] = None
        files, folders = _entries(visit.path)
        manifest = manifest_among(visit.path, files)
        if manifest is not None:
            manifests[manifest] = None
        if visit.depth < limits.depth:
            waiting.extend(_below(visit, files, folders, limits))
    return Scan(tuple(manifests), tuple(seen))


def above(start: Path) -> Path | None:
    """The workspace's manifest that Pixi finds from `start` upwards, or None.

    The first folder with a manifest decides, unless that holds nothing but a [package].
    """
    for folder in (start, *start.parents):
        names = {name for name in MANIFESTS if _is_file(folder / name)}
        manifest = manifest_among(folder, names)
        if manifest is not None:
            return manifest
    return None


def registered(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders in Pixi's registry of named workspaces (`pixi workspace register`) that still exist.

    One that cannot be read counts as empty: it belongs to Pixi, which will say so.
    """
    try:
        paths = [Path(os.path.realpath(path)) for path in registry.registered(environ).values()]
    except PixiError:
        return ()
    return tuple(path.parent if path.is_file() else path for path in paths if path.exists())


def manifest_among(folder: Path, files: Iterable[str]) -> Path | None:
    """The workspace's manifest among the names of a folder's files, or None.

    A pyproject.toml without `[tool.pixi` is passed over, as is a manifest that describes only a package.
    """
    present = set(files)
    for name in MANIFESTS:
        if name not in present:
            continue
        path = folder / name
        try:
            if not path.is_file():  # reading a pipe of that name would never end
                return None
            data = path.read_bytes()
        except OSError:
            return None
        is_pyproject = name == "pyproject.toml"
        if is_pyproject and b"[tool.pixi" not in data:
            continue
        tables = set(_TABLES[is_pyproject].findall(data))
        return None if tables == {b"package"} else path
    return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder above the server's root that may not be looked into
        return False


def _bound(limits: Limits, folders: int, seconds: float) -> str | None:
    if folders >= limits.folders:
        return f"more than {limits.folders} folders"
    if seconds >= limits.seconds:
        return f"more than {limits.seconds:g} seconds"
    return None


def _entries(folder: Path) -> tuple[set[str], list[str]]:
    """The names of the files and of the real folders in a folder; nothing where it cannot be read."""
    files: set[str] = set()
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    elif entry.name in MANIFESTS or entry.name == ".gitignore":
                        files.add(entry.name)
                except OSError:
                    continue
    except OSError:
        return set(), []
    return files, sorted(folders)


def _below(visit: _Visit, files: set[str], folders: list[str], limits: Limits) -> Iterator[_Visit]:
    ignore = visit.ignore
    if ".gitignore" in files:
        try:
            text = (visit.path / ".gitignore").read_text(encoding="utf-8", errors="replace")
        except OSError:
            text = ""
        ignore = (*ignore, (visit.relative, gitignore.parse(text)))
    for name in folders:
        relative = f"{visit.relative}/{name}" if visit.relative else name
        if name.startswith(".") or name in SKIPPED or _hidden(name, relative, limits.hidden):
            continue
        if ignore and gitignore.ignores(ignore, relative):
            continue
        yield _Visit(visit.root, relative, visit.depth + 1, ignore)


def _hidden(name: str, relative: str, globs: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(name, g) or fnmatch.fnmatchcase(relative, g) for g in globs)
