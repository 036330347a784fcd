"""Turns a new manifest and lock into what is on disk, both or neither, under the workspace's own lock.

A journal beside the pair makes a crash between the two renames recoverable: the next operation finishes what had
been decided. (Design: the transaction, steps 1 and 5.)
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .. import system
from ..errors import PixiError
from .context import Context
from .workspace import OpenWorkspace

FOLDER = Path(".pixi") / "jupyter-pixi"


@dataclass(frozen=True)
class Pair:
    """New contents of manifest and lock; None leaves the file as it is. `remove_lock` takes the lock file away."""

    manifest: bytes | None = None
    lock: bytes | None = None
    remove_lock: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return self.manifest is None and self.lock is None and not self.remove_lock


def state_folder(root: Path) -> Path:
    """The workspace's folder for journal and history, made if need be (mode 0700, inside the ignored `.pixi`)."""
    folder = root / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    ignore = root / ".pixi" / ".gitignore"
    if not ignore.exists():
        system.replace_file(ignore, b"*\n!config.toml\n")
    return folder


@contextmanager
def workspace_lock(root: Path, context: Context) -> Iterator[None]:
    """Hold the workspace against other operations of this engine, and finish what a crashed one had begun.

    A folder that cannot be written to is no obstacle here: the write itself will say so.
    """
    try:
        folder = state_folder(root)
    except OSError as error:
        raise PixiError(
            f"The workspace at {root} cannot be written to: {error.strerror}.",
            help="Copy it to a folder of your own, or ask its owner; nothing was changed.",
            code="read-only",
        ) from None
    lock = system.FileLock(folder / "workspace.lock")
    try:
        _wait_for(lock, context)
        recover(root, context)
        yield
    finally:
        lock.release()


def _wait_for(lock: system.FileLock, context: Context) -> None:
    """Take the lock, saying once that somebody else holds it; a file system without locks is said, not fatal."""
    told = False
    try:
        while not lock.try_acquire():
            if not told:
                context.note("Waiting for another change of this workspace to finish …")
                told = True
            time.sleep(0.05)
    except system.LocksUnsupported:
        context.warn(
            "This file system has no locks: make sure that nobody else changes the workspace at the same time.",
            "no-locks",
        )


def publish(opened: OpenWorkspace, pair: Pair) -> None:
    """Write the pair, if manifest and lock are still those that `opened` was read from.

    Raises PixiError when somebody changed them meanwhile (nothing is written) or the folder forbids it.
    """
    if pair.is_empty:
        return
    _check_generation(opened)
    journal = state_folder(opened.root) / "journal.json"
    manifest, lock = opened.manifest.path, opened.lock_path
    entry = {
        "manifest": {"path": str(manifest), "new": _encode(pair.manifest), "old": _encode(opened.manifest_data)},
        "lock": {"path": str(lock), "new": _encode(pair.lock), "old": _encode(opened.lock_data)},
        "remove_lock": pair.remove_lock,
    }
    try:
        if pair.manifest is not None and (pair.lock is not None or pair.remove_lock):
            system.replace_file(journal, json.dumps(entry).encode(), mode=0o600)
        _write_pair(manifest, lock, pair)
        journal.unlink(missing_ok=True)
    except OSError as error:
        _undo(opened, journal)
        raise PixiError(
            f"Cannot write {error.filename or manifest}: {error.strerror}.",
            help="Nothing was changed. Make room, or ask for the right to write there.",
            code="cannot-write",
        ) from None


def recover(root: Path, context: Context) -> None:
    """Finish a publication that a crash cut short: the pair that had been decided is written."""
    journal = root / FOLDER / "journal.json"
    try:
        entry = json.loads(journal.read_text())
        manifest, lock = Path(entry["manifest"]["path"]), Path(entry["lock"]["path"])
        pair = Pair(_decode(entry["manifest"]["new"]), _decode(entry["lock"]["new"]), bool(entry["remove_lock"]))
        olds = (_decode(entry["manifest"]["old"]), _decode(entry["lock"]["old"]))
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, TypeError):
        journal.unlink(missing_ok=True)  # torn while it was written: nothing had been published yet
        return
    present = (_digest_of(manifest), _digest_of(lock))
    known = {(_digest(m), _digest(n)) for m in (olds[0], pair.manifest) for n in (olds[1], pair.lock)}
    if present in known:
        _write_pair(manifest, lock, pair)
        context.note("A change that was cut short has been finished: manifest and lock belong together again.")
    journal.unlink(missing_ok=True)


def _check_generation(opened: OpenWorkspace) -> None:
    same_manifest = _digest_of(opened.manifest.path) == _digest(opened.manifest_data)
    same_lock = _digest_of(opened.lock_path) == _digest(opened.lock_data)
    if not (same_manifest and same_lock):
        changed = opened.manifest.path.name if not same_manifest else opened.lock_path.name
        raise PixiError(
            f"{changed} was changed by somebody else while this was solved; nothing was written.",
            help="Run the command again: it starts from the new state.",
            code="generation",
        )


def _write_pair(manifest: Path, lock: Path, pair: Pair) -> None:
    if pair.manifest is not None:
        system.replace_file(manifest, pair.manifest)
    if pair.lock is not None:
        system.replace_file(lock, pair.lock)
    elif pair.remove_lock:
        lock.unlink(missing_ok=True)


def _undo(opened: OpenWorkspace, journal: Path) -> None:
    """Best effort after a failed write: the old bytes are put back where they can be."""
    try:
        if _digest_of(opened.manifest.path) != _digest(opened.manifest_data):
            system.replace_file(opened.manifest.path, opened.manifest_data)
        journal.unlink(missing_ok=True)
    except OSError:
        return


def _encode(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _decode(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def _digest_of(path: Path) -> str | None:
    try:
        return _digest(path.read_bytes())
    except FileNotFoundError:
        return None
