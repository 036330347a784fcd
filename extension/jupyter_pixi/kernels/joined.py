"""A command of the engine and a file of its events -> how it ended, whoever started it.

The child has a session of its own and outlives the kernel that started it. Starts of the same environment meet at one
file in the user's runtime folder: it holds the running operation's events, and the child holds the lock on it, so a
second start sees that one is under way, reads along, and knows that it is over when the lock can be had.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import folders
from ..digests import text_digest

_PAUSE = 0.05
_CANCEL_GRACE = 60.0


@dataclass
class Heard:
    """What the events said so far."""

    phase: str = ""
    title: str = ""
    done: int = 0
    total: int | None = None
    phases: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    result: Mapping[str, Any] | None = None
    failed: Mapping[str, Any] | None = None

    def hear(self, line: bytes) -> None:
        """Takes one line in; one that is no event is passed over."""
        try:
            event = json.loads(line)
            kind = event["event"]
        except (ValueError, KeyError, TypeError):
            return
        if kind == "phase":
            self.phase, self.title = str(event.get("phase")), str(event.get("title"))
            self.done, self.total = 0, event.get("total")
            self.phases.append(self.phase)
        elif kind == "progress" and event.get("phase") == self.phase:
            self.done, self.total = event.get("done", 0), event.get("total") or self.total
        elif kind in ("note", "warning"):
            self.notes.append(str(event.get("text")))
        elif kind == "result":
            self.result = event.get("data")
        elif kind == "failed":
            self.failed = event

    def where(self) -> str:
        """How far it is, for people: "Installing 40 packages, 12 of 40"."""
        counted = f", {self.done} of {self.total}" if self.total else ""
        return (self.title or "starting") + counted


@dataclass
class Outcome:
    """How it ended: "done", "failed", "interrupted", or "running" if the time was up before."""

    end: str
    heard: Heard
    log: str = ""  # the last lines that the child wrote for people, if it ended without a word


def meeting_place(manifest: str, environment: str, purpose: str, environ: Mapping[str, str]) -> Path:
    """The file at which starts of this environment meet."""
    key = text_digest("\0".join([os.path.realpath(manifest), environment, purpose]))[:24]
    return Path(folders.private(folders.runtime(environ))) / f"{purpose}-{key}.jsonl"


def run_or_join(
    argv: Sequence[str], place: Path, environ: Mapping[str, str], cwd: str, seconds: float | None
) -> Outcome:
    """Runs `argv` (with `--events-fd N` appended), or waits for the one that somebody else started at this place.

    `seconds` is the time to wait, None without end. A KeyboardInterrupt cancels a child of our own. Raises OSError.
    """
    with open(place, "a+b", opener=_private) as file:
        child = _start(argv, file.fileno(), place, environ, cwd) if _locked(file.fileno()) else None
    # From here on the lock belongs to the child alone.
    try:
        return _follow(place, child, None if seconds is None else time.monotonic() + seconds)
    except KeyboardInterrupt:
        if child is not None:
            _cancel(child)
        return Outcome("interrupted", heard_at(place))


def heard_at(place: Path) -> Heard:
    """What the operation at this place has said so far. Raises OSError."""
    heard = Heard()
    for line in place.read_bytes().split(b"\n"):
        heard.hear(line)
    return heard


def _follow(place: Path, child: subprocess.Popen[bytes] | None, until: float | None) -> Outcome:
    heard, rest = Heard(), b""
    with place.open("rb") as file:
        while True:
            over = _is_over(place, child)  # asked before reading, so that nothing is missed
            *lines, rest = (rest + file.read()).split(b"\n")
            for line in lines:
                heard.hear(line)
            if over:
                return _ended(heard, place, child)
            if until is not None and time.monotonic() > until:
                return Outcome("running", heard)
            time.sleep(_PAUSE)


def _ended(heard: Heard, place: Path, child: subprocess.Popen[bytes] | None) -> Outcome:
    if heard.failed is None and (heard.result is not None or (child is not None and child.returncode == 0)):
        return Outcome("done", heard)
    if heard.failed is not None and heard.failed.get("code") == "interrupted":
        return Outcome("interrupted", heard)
    try:
        log = place.with_suffix(".log").read_text(errors="replace").strip()
    except OSError:
        log = ""
    return Outcome("failed", heard, "\n".join(log.splitlines()[-12:]))


def _start(argv: Sequence[str], fd: int, place: Path, environ: Mapping[str, str], cwd: str) -> subprocess.Popen[bytes]:
    os.ftruncate(fd, 0)
    with open(place.with_suffix(".log"), "wb", opener=_private) as log:
        return subprocess.Popen(
            [*argv, "--events-fd", str(fd)],
            env=dict(environ),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(fd,),
            start_new_session=True,
        )


def _is_over(place: Path, child: subprocess.Popen[bytes] | None) -> bool:
    if child is not None:
        return child.poll() is not None
    with place.open("rb") as file:
        return _locked(file.fileno())


def _locked(fd: int) -> bool:
    """Takes the lock of an open file if it is free; it goes when the last descriptor of that file is closed."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: every start works for itself; the engine has locks of its own
        return True
    return True


def _cancel(child: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(_CANCEL_GRACE)
            return
        except ProcessLookupError:
            return
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            continue


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
