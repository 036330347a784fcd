"""Turns the files in which operations record their events into summaries, and into new events as they are written."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import folders

FOLDER = Path(".pixi") / "jupyter-pixi" / "operations"
"""Where a workspace's operations are recorded, one `<id>.jsonl` each, below the workspace's root."""


def shared_folder(environ: Mapping[str, str]) -> Path:
    """Where operations on workspaces that cannot be written are recorded."""
    return Path(folders.runtime(environ)) / "operations"


MAX_BYTES = 4_000_000
"""How much of one file is read at once."""

_ENDS = {"result": "done", "failed": "failed"}


@dataclass(frozen=True)
class Summary:
    """One operation: who runs what since when, and how it ended. Times are seconds since the epoch.

    `state` is "running", "done", "failed", "interrupted", or "lost" when its process has gone without a word.
    """

    id: str
    manifest: str
    command: tuple[str, ...]
    environment: str | None
    kernel: str | None
    pid: int | None
    started: float
    ended: float | None
    state: str
    last: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        """The document of the REST interface."""
        return {
            "id": self.id,
            "manifest": self.manifest,
            "command": list(self.command),
            "environment": self.environment,
            "kernel": self.kernel,
            "started": self.started,
            "ended": self.ended,
            "state": self.state,
            "last": self.last,
        }


def recent(folder: Path, limit: int = 20) -> tuple[Summary, ...]:
    """The last operations recorded in a folder, newest first."""
    try:
        files = sorted(folder.glob("*.jsonl"), key=_modified, reverse=True)
    except OSError:
        return ()
    summaries = (summarise(events(path), path.stem) for path in files[:limit])
    return tuple(s for s in summaries if s is not None)


def events(path: Path) -> list[dict[str, Any]]:
    """All events of one operation's file; lines that are none are left out, and an unreadable file has none."""
    try:
        with path.open("rb") as file:
            return list(_parse(file.read(MAX_BYTES)))
    except OSError:
        return []


def summarise(recorded: list[dict[str, Any]], id: str) -> Summary | None:
    """What the events of one operation amount to; None if they do not begin as an operation does."""
    if not recorded or recorded[0].get("event") != "started":
        return None
    first, last = recorded[0], recorded[-1]
    state = _ENDS.get(last["event"])
    if state == "failed" and last.get("code") == "interrupted":
        state = "interrupted"
    pid = first.get("pid")
    if state is None:
        state = "running" if isinstance(pid, int) and _alive(pid) else "lost"
    return Summary(
        id=id,
        manifest=str(first.get("manifest") or ""),
        command=tuple(str(word) for word in first.get("command") or ()),
        environment=first.get("environment"),
        kernel=first.get("kernel"),
        pid=pid if isinstance(pid, int) else None,
        started=float(first.get("time") or 0),
        ended=None if state == "running" else float(last.get("time") or 0),
        state=state,
        last=last if len(recorded) > 1 else None,
    )


class Follower:
    """Reads on in operations' files from where it was; what was there before it began is not told again."""

    def __init__(self) -> None:
        self._began = time.time()
        self._offsets: dict[Path, int] = {}
        self._running: dict[str, None] = {}
        self._first: dict[Path, dict[str, Any]] = {}

    def first(self, path: Path) -> dict[str, Any]:
        """The event with which the operation of a file began (its manifest, its kernel); empty before it was read."""
        return self._first.get(path, {})

    @property
    def running(self) -> tuple[str, ...]:
        """The ids of operations that began and have not ended, as far as they were followed."""
        return tuple(self._running)

    def read(self, path: Path) -> list[dict[str, Any]]:
        """The events written to a file since it was last read."""
        try:
            found = path.stat()
            offset = self._offsets.get(path)
            if offset is None:
                offset = 0 if found.st_mtime >= self._began - 1 else found.st_size
            with path.open("rb") as file:
                file.seek(offset if offset <= found.st_size else 0)
                data = file.read(MAX_BYTES)
        except OSError:
            self._offsets.pop(path, None)
            self._running.pop(path.stem, None)
            self._first.pop(path, None)
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offsets[path] = (offset if offset <= found.st_size else 0) + len(whole)
        new = list(_parse(whole))
        for event in new:
            if event["event"] in _ENDS:
                self._running.pop(path.stem, None)
            elif event["event"] == "started":
                self._running[path.stem] = None
                self._first[path] = event
        return new


def _parse(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            yield event


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
