"""Turns each change of manifest and lock into a kept pair of generations, bounded in number and size, and reads them.

`.pixi/jupyter-pixi/history/` holds one small JSON file per change and the contents, compressed, under their digests.
Credentials never go in: a content that held some is kept without them, and says so.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ...prefix.paths import state_folder as place
from ..log import redacted
from .journal import digest, state_folder, step

FOLDER = "history"
KEPT = 50
"""How many changes are kept; each can have been taken back, and made again."""

MAX_ENTRIES = 4 * KEPT
"""How many entries are kept in all, undo and redo counted."""

MAX_BYTES = 20_000_000
"""How much their contents may take on disk; beyond it the oldest changes go."""

Kind = Literal["change", "undo", "redo"]


@dataclass(frozen=True)
class Pair:
    """The digests under which a generation's manifest and lock are kept; None where there was no such file."""

    manifest: str | None
    lock: str | None


@dataclass(frozen=True)
class Entry:
    """One change. `id` is a number, counted up. `of` names the change that an undo or a redo concerns.

    `redacted` tells that a kept content is not the file byte for byte, because credentials were struck out.
    `changes` are sentences about packages for a listing, such as `+ cowsay 6.1`.
    """

    id: str
    time: float
    command: tuple[str, ...]
    kernel: str | None
    before: Pair
    after: Pair
    kind: Kind = "change"
    of: str | None = None
    environment: str | None = None
    changes: tuple[str, ...] = ()
    redacted: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON data."""
        return asdict(self)


def entry_of(data: Mapping[str, Any]) -> Entry:
    """The entry of JSON data. Raises KeyError or TypeError if it is not one."""
    return Entry(
        **{
            **data,
            "command": tuple(data["command"]),
            "changes": tuple(data.get("changes", ())),
            "before": Pair(**data["before"]),
            "after": Pair(**data["after"]),
        }
    )


def keep(root: Path, content: bytes | None) -> tuple[str | None, bool]:
    """Keep a content. Returns the digest that finds it again, and whether credentials were struck out of it.

    Raises OSError.
    """
    if content is None:
        return None, False
    text = content.decode("utf-8", errors="surrogateescape")
    clean = redacted(text)
    data = content if clean == text else clean.encode("utf-8", errors="surrogateescape")
    name = digest(data)
    assert name is not None
    folder = _folder(root)
    path = folder / f"{name}.z"
    if not path.exists():
        _write(path, zlib.compress(data, 1))
    return name, data is not content


def content(root: Path, name: str | None) -> bytes | None:
    """A kept content by its digest; None if there is none of that digest (any more)."""
    if name is None:
        return None
    try:
        data = zlib.decompress((place(root) / FOLDER / f"{name}.z").read_bytes())
    except (OSError, zlib.error):
        return None
    return data if digest(data) == name else None


def record(root: Path, data: Mapping[str, Any]) -> None:
    """Write an entry (its contents are kept already), and let the oldest go. Writing it twice changes nothing.

    Raises OSError.
    """
    entry = entry_of(data)
    path = _folder(root) / f"{entry.id}.json"
    if not path.exists():
        _write(path, json.dumps(entry.to_dict()).encode())
    step("history.recorded")
    _prune(root)


def entries(root: Path) -> tuple[Entry, ...]:
    """The kept changes, oldest first."""
    return tuple(_entries(place(root) / FOLDER))


def next_id(root: Path) -> str:
    """The id of the next change: a number, so that a clock that jumps changes no order."""
    return str(max(_numbers(place(root) / FOLDER), default=0) + 1)


def positions(all_entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """What can be undone (the last one first to go) and what can be redone, after all that was done and undone."""
    done: list[Entry] = []
    undone: list[Entry] = []
    for entry in all_entries:
        if entry.kind == "undo":
            found = next((e for e in done if e.id == entry.of), None)
            if found is not None:
                done.remove(found)
                undone.append(found)
        elif entry.kind == "redo":
            found = next((e for e in undone if e.id == entry.of), None)
            if found is not None:
                undone.remove(found)
                done.append(found)
        elif entry.before.manifest != entry.after.manifest or entry.before.lock is not None:
            done.append(entry)  # that a lock came to be is nothing to take back
            undone = []
    return done, undone


def taken_back(all_entries: Sequence[Entry]) -> set[str]:
    """The ids of the changes that an undo took back and no redo brought again."""
    found: set[str] = set()
    for entry in all_entries:
        if entry.of is not None:
            (found.add if entry.kind == "undo" else found.discard)(entry.of)
    return found


def _numbers(folder: Path) -> list[int]:
    try:
        return sorted(int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit())
    except OSError:
        return []


def _write(path: Path, data: bytes) -> None:
    """All or nothing, but not brought to the disk at once: what a power cut tears is known by its digest."""
    new = path.with_name(f"{path.name}.part")
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
    new.replace(path)


def _entries(folder: Path) -> Iterator[Entry]:
    for number in _numbers(folder):
        try:
            yield entry_of(json.loads((folder / f"{number}.json").read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            continue


def _folder(root: Path) -> Path:
    folder = state_folder(root) / FOLDER
    folder.mkdir(exist_ok=True, mode=0o700)
    return folder


def _prune(root: Path) -> None:
    """Drop the oldest changes beyond the bounds, and contents that nothing names. Failing to is no error."""
    folder = place(root) / FOLDER
    try:
        sizes = {path.stem: path.stat().st_size for path in folder.glob("*.z")}
        kept = list(_entries(folder))
        recent = _recent(kept)
        if len(kept) == len(recent) and sum(sizes.values()) <= MAX_BYTES:
            return
        newest: list[Entry] = []
        used: set[str] = set()
        for entry in recent:
            wider = used | _names(entry)
            if newest and sum(sizes.get(name, 0) for name in wider) > MAX_BYTES:
                break
            newest.append(entry)
            used = wider
        ids = {entry.id for entry in newest}
        for entry in kept:
            if entry.id not in ids:
                (folder / f"{entry.id}.json").unlink(missing_ok=True)
        for name in sizes.keys() - used:
            (folder / f"{name}.z").unlink(missing_ok=True)
    except OSError:
        return


def _recent(kept: Sequence[Entry]) -> list[Entry]:
    """The last changes, newest first, and what was taken back and made again among them."""
    found: list[Entry] = []
    changes = 0
    for entry in reversed(kept[-MAX_ENTRIES:]):
        changes += entry.kind == "change"
        if changes > KEPT:
            break
        found.append(entry)
    return found


def _names(entry: Entry) -> set[str]:
    digests = (entry.before.manifest, entry.before.lock, entry.after.manifest, entry.after.lock)
    return {name for name in digests if name is not None}
