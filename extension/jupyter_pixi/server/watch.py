"""Turns a set of folders into batches of changed paths, from the system's notifications."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchfiles import Change

MAX_FOLDERS = 6_000
"""How many folders are watched at most; many systems allow a user 8,192 watches in all."""

SETTLE_MS = 200
"""How long changes are gathered (milliseconds): an install touches thousands of files."""

TICK_MS = 1_000
"""How long `changes` waits at most (milliseconds)."""


class Watcher:
    """Watches folders (not what is below them) until others are given.

    Where the system gives no notifications (network file systems, no watches left) nothing is ever reported:
    whoever uses this looks by itself now and then as well.
    """

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._limit = MAX_FOLDERS
        self._folders: tuple[str, ...] = ()
        self._batches: Generator[set[tuple[Change, str]], None, None] | None = None

    def watch(self, folders: Iterable[Path]) -> bool:
        """Watch exactly these folders, as many as allowed, the first ones first.

        Returns whether that is a new set: watching it begins with the next call of `changes`, and what happens until
        then goes unnoticed.
        """
        from watchfiles import watch

        wanted = tuple(dict.fromkeys(str(f) for f in folders if f.is_dir()))[: self._limit]
        is_new = wanted != self._folders
        if not is_new and self._batches is not None:
            return False
        self.close()
        self._folders = wanted
        if not wanted:
            return False
        batches = watch(
            *wanted,
            watch_filter=None,
            debounce=SETTLE_MS,
            step=50,
            stop_event=self._stop,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
            ignore_permission_denied=True,
        )
        self._batches = batches
        return is_new

    def changes(self) -> set[Path]:
        """Wait for changes, `TICK_MS` at most; the paths that changed, empty if none did or the watch has ended."""
        if self._batches is None:
            self._stop.wait(TICK_MS / 1000)
            return set()
        try:
            return {Path(path) for _, path in next(self._batches)}
        except (StopIteration, FileNotFoundError):
            self._batches = None  # the end, or a folder that has just gone: the next `watch` tries again
        except (OSError, RuntimeError):
            self._batches = None  # the system's limit: the next `watch` tries with fewer
            self._limit = max(64, len(self._folders) // 2)
        return set()

    def close(self) -> None:
        """Let go of all watches."""
        if self._batches is not None:
            self._batches.close()
            self._batches = None
