"""Turns "these files are about to become those" into a file that survives a crash, and reads it back.

The new contents stand ready beside their targets (staged) before the journal names them, so that finishing is renames
alone. `.pixi/jupyter-pixi/journal.json` exists exactly while a change is between its decision and its end.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from ... import digests, system
from ...prefix.paths import prepare_pixi_folder
from ...prefix.paths import state_folder as place

FILE = "journal.json"
VERSION = 1

Phase = Literal["tentative", "publish"]
"""`tentative`: the file on disk is a trial and the old content is what counts. `publish`: the new content is decided,
and the prefix of `environment` will follow it."""


@dataclass(frozen=True)
class Planned:
    """One file: the digests (sha256) of its old and new content, None where there is none, and where the content is.

    `staged` holds the new content (for `tentative` the old one). `saved` holds the old content where the file is
    written in place, because the folder takes no new files.
    """

    path: str
    old: str | None
    new: str | None
    staged: str | None = None
    saved: str | None = None


@dataclass(frozen=True)
class Journal:
    """A change under way. `entry` is what the history will say of it (see history.py), None where nothing is kept."""

    phase: Phase
    files: tuple[Planned, ...]
    environment: str | None = None
    entry: Mapping[str, Any] | None = None
    pid: int = field(default_factory=os.getpid)
    host: str = field(default_factory=system.host_name)

    @property
    def is_alive(self) -> bool:
        """Whether the process that wrote it still runs on this machine (where a file lock cannot tell)."""
        return self.host == system.host_name() and system.is_alive(self.pid)

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps({"version": VERSION, **asdict(self)})


def step(name: str) -> None:
    """Say that the change stands at this point: an audit event (PEP 578), which costs nothing and by which tests stop
    a process there or let it fail there."""
    sys.audit("jupyter_pixi.step", name)


def state_folder(root: Path) -> Path:
    """The workspace's folder for journal and history, made if need be (mode 0700, inside the ignored `.pixi`).

    Raises OSError.
    """
    folder = place(root)
    if not folder.is_dir():
        prepare_pixi_folder(root)
        folder.mkdir(exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077 and not system.WINDOWS:
        folder.chmod(0o700)
    return folder


def path_of(root: Path) -> Path:
    """Where the journal of a workspace is, or would be."""
    return place(root) / FILE


def write(root: Path, journal: Journal) -> None:
    """Put the journal on the disk. Raises OSError."""
    system.replace_file(state_folder(root) / FILE, journal.to_json().encode(), mode=0o600)
    step(f"journal.{journal.phase}")


def read(root: Path) -> Journal | None:
    """The journal that a crash left (or that a running change holds); None without one, or with an unreadable one."""
    try:
        data: Any = json.loads(path_of(root).read_bytes())
        if data["version"] != VERSION or data["phase"] not in ("tentative", "publish"):
            return None
        files = tuple(Planned(**row) for row in data["files"])
        return Journal(data["phase"], files, data.get("environment"), data.get("entry"), data["pid"], data["host"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove(root: Path) -> None:
    """The change has ended."""
    path_of(root).unlink(missing_ok=True)
    step("journal.removed")


def plan(path: Path, old: bytes | None, new: bytes | None, keep: Path) -> Planned:
    """Stage new content for a file (None: it is to go). `keep` is the folder for what cannot stand beside it.

    Raises OSError.
    """
    target = Path(os.path.realpath(path))
    if old is not None and not os.access(target, os.W_OK):  # replacing it would not mind
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    planned = Planned(str(path), digest(old), digest(new))
    if new is None:
        return planned
    try:
        return replace(planned, staged=str(system.stage_file(target, new)))
    except PermissionError:
        if old is None or not os.access(target, os.W_OK):
            raise
    saved = system.stage_file(keep / target.name, old, mode=0o600)
    staged = system.stage_file(keep / target.name, new, mode=0o600)
    return replace(planned, staged=str(staged), saved=str(saved))


def commit(planned: Planned) -> None:
    """Make the planned content the file's. Raises OSError."""
    target = Path(os.path.realpath(planned.path))
    if planned.new is None:
        target.unlink(missing_ok=True)
    elif planned.staged is not None and planned.saved is not None:
        system.write_in_place(target, Path(planned.staged).read_bytes())
    elif planned.staged is not None:
        Path(planned.staged).replace(target)
        system.sync_folder(target.parent)
    step(f"published.{Path(planned.path).name}")


def discard(files: tuple[Planned, ...]) -> None:
    """Remove what was staged and is no longer needed; what cannot be removed is left."""
    for planned in files:
        for name in (planned.staged, planned.saved):
            if name is not None:
                try:
                    Path(name).unlink(missing_ok=True)
                except OSError:
                    continue


def is_torn(planned: Planned) -> bool:
    """Whether the file is what a crash in the middle of writing it in place leaves: new bytes, then old ones."""
    if planned.staged is None or planned.saved is None:
        return False
    try:
        present = Path(planned.path).read_bytes()
        new, old = Path(planned.staged).read_bytes(), Path(planned.saved).read_bytes()
    except OSError:
        return False
    same = next((i for i, (a, b) in enumerate(zip(present, new, strict=False)) if a != b), min(len(present), len(new)))
    return present[same:] == old[same:]


def digest(data: bytes | None) -> str | None:
    """The sha256 of a content, None for no file."""
    return None if data is None else digests.digest(data)


def digest_of(path: Path) -> str | None:
    """The sha256 of a file, None where there is none. Raises OSError."""
    try:
        return digest(path.read_bytes())
    except FileNotFoundError:
        return None
