"""Turns a prefix that is about to change into one marked as half made, and back where nothing in it has changed.

Packages are fetched before the first one is linked or removed. Whoever cancels a download, or has no network, keeps
the prefix that he had: it need not be linked anew.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

from .. import system
from . import markers, orphans, statefile
from .lock import PrefixGuard


class Unfinished:
    """The mark on one prefix, whose lock is held; `touch` comes from the linker's threads."""

    def __init__(self, prefix: Path, held: PrefixGuard) -> None:
        self._prefix = prefix
        self._held = held
        self._fingerprint = held.read()
        files = (markers.marker_path(prefix), statefile.state_path(prefix), orphans.path(prefix))
        self._files = {path: _read(path) for path in files}
        self._mutex = threading.Lock()
        self._touched = False
        self._withdrawn = False

    def begin(self) -> None:
        """Mark the prefix, before anything in it changes. Raises OSError."""
        self._held.begin()
        markers.invalidate_marker(self._prefix)
        statefile.remove_state(self._prefix)

    def touch(self) -> None:
        """The first package is about to be linked or removed: the mark stays, and is set again if it was taken back."""
        with self._mutex:
            self._touched = True
            if self._withdrawn:
                self._withdrawn = False
                try:
                    self.begin()
                except OSError:  # a full disk: without the marker, too, nobody takes the prefix for a good one
                    with suppress(OSError):
                        markers.marker_path(self._prefix).unlink(missing_ok=True)

    def withdraw(self) -> None:
        """Put back what the mark has replaced, unless something was touched. A full disk leaves the mark."""
        with self._mutex:
            if self._touched:
                return
            with suppress(OSError):
                for path, data in self._files.items():
                    if data is None:
                        path.unlink(missing_ok=True)
                    else:
                        system.replace_if_changed(path, data)
                self._held.write(self._fingerprint, durable=True)
                self._withdrawn = True


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
