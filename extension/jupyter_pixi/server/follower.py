"""Turns the files in which operations record their events into new events as they are written, and as processes end.

A server that starts takes over what it finds: operations that still run are followed on, the end of those that ended
while no server listened is told, and those whose process has gone without a word are recorded as failed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import folders, system
from ..events import Failed, to_line
from .operation_log import ENDS, MAX_BYTES, events, files, parse, summarise

LOST = "lost"
"""The code of the failure that is recorded for an operation whose process has gone."""

_EVERY = 1.0  # seconds between two looks for processes that have gone


@dataclass(frozen=True)
class Heard:
    """New events of one operation, and the event with which it began."""

    id: str
    first: Mapping[str, Any]
    events: tuple[dict[str, Any], ...]


@dataclass
class _Followed:
    offset: int
    first: dict[str, Any]
    running: bool = True


class Follower:
    """Reads on in operations' files from where it was. Used on one thread, but for `running`."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        """`environ` tells where this user's servers note until when they listened."""
        self._began = time.time()
        self._mark = Path(folders.runtime(environ)) / "heard"
        self._until = _modified(self._mark)
        self._followed: dict[Path, _Followed] = {}
        self._adopted: set[Path] = set()
        self._looked = 0.0

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of operations that began and have not ended, as far as they were followed."""
        return tuple(path.stem for path, one in list(self._followed.items()) if one.running)

    def adopt(self, folder: Path) -> Iterator[Heard]:
        """Take over what is recorded in a folder, once; tells of ends that no server has told."""
        if folder in self._adopted:
            return
        self._adopted.add(folder)
        for path in reversed(files(folder)):
            if path in self._followed:
                continue
            recorded = events(path)
            summary = summarise(recorded, path.stem)
            if summary is None or summary.started >= self._began:
                continue  # what has just begun is read like any other
            self._followed[path] = _Followed(_size(path), recorded[0], summary.state == "running")
            if summary.state == "lost":
                yield from self._lose(path)
            elif summary.ended is not None and 0 < self._until < summary.ended:
                yield Heard(path.stem, recorded[0], (recorded[-1],))

    def read(self, path: Path) -> Heard | None:
        """The events written to a file since it was last read, if there are any."""
        known = self._followed.get(path)
        try:
            found = path.stat()
            offset = known.offset if known else 0 if found.st_mtime >= self._began - 1 else found.st_size
            offset = offset if offset <= found.st_size else 0
            with path.open("rb") as file:
                file.seek(offset)
                data = file.read(MAX_BYTES)
        except OSError:
            self._followed.pop(path, None)
            return None
        whole = data[: data.rfind(b"\n") + 1]
        new = tuple(parse(whole))
        if known is None:
            if not new or new[0]["event"] != "started":
                return None
            known = self._followed[path] = _Followed(0, new[0])
        known.offset = offset + len(whole)
        for event in new:
            if event["event"] in ENDS:
                known.running = False
                self._listened()
        return Heard(path.stem, known.first, new) if new else None

    def sweep(self) -> Iterator[Heard]:
        """Look, once a second at most, for operations whose process has gone, and record that they failed."""
        now = time.monotonic()
        if now - self._looked < _EVERY:
            return
        self._looked = now
        running = [path for path, one in self._followed.items() if one.running]
        for path in running:
            heard = self.read(path)
            if heard is not None:
                yield heard
            one = self._followed.get(path)
            if one is not None and one.running:
                summary = summarise(events(path), path.stem)
                if summary is not None and summary.state == "lost":
                    yield from self._lose(path)
        if running:
            self._listened()

    def _lose(self, path: Path) -> Iterator[Heard]:
        """Record that an operation failed, so that every reader says the same, and tell it."""
        one = self._followed[path]
        one.running = False
        if one.first.get("host") not in (None, system.host_name()):
            return  # it may only be silent
        event = Failed(
            LOST,
            "The operation ended without a word: its process is gone.",
            help="Whatever it had begun is finished or taken back by the next command.",
        )
        try:
            with path.open("ab") as file:
                file.write(to_line(event).encode())
        except OSError:  # somebody else's, in a folder that cannot be written to
            pass
        one.offset = _size(path)
        self._listened()
        yield Heard(path.stem, one.first, (json.loads(to_line(event)),))

    def _listened(self) -> None:
        """Note that a server listens now."""
        try:
            folders.private(str(self._mark.parent))
            self._mark.touch()
            now = time.time()  # the file system's own clock is a little behind
            os.utime(self._mark, (now, now))
        except OSError:
            pass


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
