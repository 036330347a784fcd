"""The vocabulary in which every operation reports: typed events, and how they become JSON lines and come back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Event:
    """Something an operation has to say. `time` is seconds since the epoch."""

    kind: ClassVar[str] = "event"
    time: float = field(default_factory=time.time, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """The event as plain data, its kind under `event`."""
        return {"event": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Started(Event):
    """An operation begins: the first event of every operation."""

    kind: ClassVar[str] = "started"
    operation: str  # its id
    command: tuple[str, ...]  # as the user gave it, without the program's name
    manifest: str | None = None
    environment: str | None = None
    pid: int | None = None
    kernel: str | None = None  # connection file name or id of the calling kernel
    host: str | None = None  # the machine's name
    born: str | None = None  # what tells the process from a later one of the same id (system.birth)


@dataclass(frozen=True)
class Phase(Event):
    """A stretch of work begins. `total` counts steps (packages or environment-platform pairs) where it is known."""

    kind: ClassVar[str] = "phase"
    phase: str  # "solve", "resolve-pypi", "download", "link", "unlink", "pypi", "activate", "channel" …
    title: str  # for people: "Solving 4 environments"
    total: int | None = None


@dataclass(frozen=True)
class Progress(Event):
    """A step of the present phase ended, or bytes arrived. `done` and `total` count the phase's steps."""

    kind: ClassVar[str] = "progress"
    phase: str
    done: int
    total: int | None = None
    item: str | None = None  # the package or pair concerned
    bytes_done: int | None = None
    bytes_total: int | None = None


@dataclass(frozen=True)
class Warn(Event):
    """Something the user should know; the work goes on."""

    kind: ClassVar[str] = "warning"
    text: str
    code: str | None = None


@dataclass(frozen=True)
class Note(Event):
    """A line for the user that is not a warning: "Added polars >=1.43,<2"."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class Result(Event):
    """The operation succeeded. `data` is the document that `--json` prints, or what a renderer draws from."""

    kind: ClassVar[str] = "result"
    data: dict[str, Any]


@dataclass(frozen=True)
class Failed(Event):
    """The operation failed with an error for the user; always the last event."""

    kind: ClassVar[str] = "failed"
    code: str
    text: str
    help: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None


Sink = Callable[[Event], None]
"""Where events go: a renderer, a pipe, a file. A sink must not raise."""

_KINDS: dict[str, type[Event]] = {cls.kind: cls for cls in (Started, Phase, Progress, Warn, Note, Result, Failed)}


def silent(event: Event) -> None:
    """The sink that drops everything."""


def to_line(event: Event) -> str:
    """One JSON line (with its newline) for a pipe or an operation's file."""
    return json.dumps(event.to_dict(), separators=(",", ":"), default=str) + "\n"


def from_line(line: str) -> Event | None:
    """The event of a JSON line; None for a line that is not one (a newer vocabulary, a torn write)."""
    try:
        data = json.loads(line)
        cls = _KINDS[data.pop("event")]
        if cls is Started:
            data["command"] = tuple(data["command"])
        return cls(**data)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
