"""Turns the files in which operations record their events into summaries of the operations."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import folders, system

FOLDER = Path(".pixi") / "jupyter-pixi" / "operations"
"""Where a workspace's operations are recorded, one `<id>.jsonl` each, below the workspace's root."""


def shared_folder(environ: Mapping[str, str]) -> Path:
    """Where operations on workspaces that cannot be written are recorded."""
    return Path(folders.runtime(environ)) / "operations"


MAX_BYTES = 4_000_000
"""How much of one file is read at once."""

SILENT = 600.0
"""Seconds after which an operation of another machine, whose process cannot be asked for, counts as lost."""

ENDS = {"result": "done", "failed": "failed"}
"""The events that end an operation, and the states they leave."""


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


def files(folder: Path, limit: int = 20) -> list[Path]:
    """The files of the last operations recorded in a folder, newest first."""
    try:
        return sorted(folder.glob("*.jsonl"), key=_modified, reverse=True)[:limit]
    except OSError:
        return []


def recent(folder: Path, limit: int = 20) -> tuple[Summary, ...]:
    """The last operations recorded in a folder, newest first."""
    summaries = (summarise(events(path), path.stem) for path in files(folder, limit))
    return tuple(s for s in summaries if s is not None)


def events(path: Path) -> list[dict[str, Any]]:
    """All events of one operation's file; lines that are none are left out, and an unreadable file has none."""
    recorded = _read(path)
    if recorded and recorded[-1]["event"] not in ENDS and not _runs(recorded[0], recorded[-1]):
        return _read(path)  # its process may have told the end, and ended, after the first look
    return recorded


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open("rb") as file:
            return list(parse(file.read(MAX_BYTES)))
    except OSError:
        return []


def summarise(recorded: list[dict[str, Any]], id: str) -> Summary | None:
    """What the events of one operation amount to; None if they do not begin as an operation does."""
    if not recorded or recorded[0].get("event") != "started":
        return None
    first, last = recorded[0], recorded[-1]
    state = ENDS.get(last["event"])
    if state == "failed" and last.get("code") == "interrupted":
        state = "interrupted"
    pid = first.get("pid")
    if state is None:
        state = "running" if _runs(first, last) else "lost"
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


def parse(data: bytes) -> Iterator[dict[str, Any]]:
    """The events of whole lines; lines that are none are left out."""
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


def _runs(first: dict[str, Any], last: dict[str, Any]) -> bool:
    """Whether the process of an operation is still at work; of another machine's, whether it spoke lately."""
    pid, host, born = first.get("pid"), first.get("host"), first.get("born")
    if host is not None and host != system.host_name():
        return time.time() - float(last.get("time") or 0) < SILENT
    return isinstance(pid, int) and system.still_runs(pid, born if isinstance(born, str) else None)
