"""Turns an operation's events into its file, from which servers, second tabs and later sessions learn of it.

One `<id>.jsonl` per operation in `.pixi/jupyter-pixi/operations` (mode 0600, bounded, credentials struck out), or in
the user's runtime folder where `.pixi` cannot be written.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from pathlib import Path

from .. import folders
from ..events import Event, Note, Progress, Result, Started, to_line
from ..prefix.paths import state_folder

FOLDER = "operations"
KEPT = 50
"""How many operations' files are kept."""

MAX_BYTES = 2_000_000
"""Above this size progress is no longer recorded; the end of the operation always is."""

_CREDENTIALS = re.compile(r"(://)[^/\s:@]+:[^/\s@]+@|(/t/)[A-Za-z0-9-]{8,}(?=/)")


class OperationLog:
    """The open file of one operation. `write` never raises: a full disk must not stop the operation."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._size = 0
        self._fd: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    @property
    def id(self) -> str:
        """The operation's id: its file's name."""
        return self.path.stem

    def write(self, event: Event) -> None:
        """Append one event."""
        if self._fd is None or (self._size > MAX_BYTES and isinstance(event, Progress)):
            return
        line = redacted(to_line(event)).encode()
        try:
            os.write(self._fd, line)
            self._size += len(line)
        except OSError:
            self.close()

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            fd, self._fd = self._fd, None
            os.close(fd)


class DeferredLog:
    """A log whose file is made when there is something to tell: an operation that found nothing to do leaves none."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.id = new_id()
        self._root = root
        self._environ = environ
        self._waiting: list[Event] = []
        self._log: OperationLog | None = None
        self._failed = False

    def write(self, event: Event) -> None:
        """Append one event; never raises."""
        if self._log is None and not self._failed:
            self._waiting.append(event)
            if not _is_work(event):
                return
            self._log = open_log(self._root, self._environ, self.id)
            self._failed = self._log is None
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                self.write(each)
        elif self._log is not None:
            self._log.write(event)

    def close(self) -> None:
        """Close the file, if there is one."""
        if self._log is not None:
            self._log.close()


def _is_work(event: Event) -> bool:
    """Whether an event shows that something happens, or happened."""
    if isinstance(event, Result):
        return any(event.data.get(key) for key in ("changes", "others", "written", "install"))
    return not isinstance(event, (Started, Note))


def redacted(text: str) -> str:
    """The text without the credentials of URLs (`https://user:secret@…`, conda's `/t/<token>/`)."""
    return _CREDENTIALS.sub(lambda m: (m.group(1) or m.group(2)) + "***" + ("@" if m.group(1) else ""), text)


def new_id() -> str:
    """The id of a new operation: its time and something of chance."""
    return time.strftime("%Y%m%dT%H%M%S", time.gmtime()) + "-" + os.urandom(4).hex()


def open_log(root: Path, environ: Mapping[str, str], id: str | None = None) -> OperationLog | None:
    """The file of a new operation on the workspace at `root`; None where nothing can be written at all."""
    id = id or new_id()
    for folder in (state_folder(root) / FOLDER, Path(folders.runtime(environ)) / FOLDER):
        try:
            if not (root / ".pixi").exists() and folder.is_relative_to(root):
                from ..prefix.paths import prepare_pixi_folder

                prepare_pixi_folder(root)
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            _forget_old(folder)
            return OperationLog(folder / f"{id}.jsonl")
        except OSError:
            continue
    return None


def _forget_old(folder: Path) -> None:
    """Keep the newest files only; ids begin with their time, so names sort by age."""
    for path in sorted(folder.glob("*.jsonl"))[: -(KEPT - 1)]:
        try:
            path.unlink()
        except OSError:
            continue
