"""Starts of a kernel that ended without a word -> counted, so that Jupyter's restarting does not go round for ever.

A broken interpreter or library ends the process before anything of ours runs in it, and Jupyter starts it again. The
launcher notes each start beside the connection file; the bridge takes the note away (`bridge.register`), and for a
kernel without our bridge one who looks on from outside (`witness`). A note that is still there with `LIMIT` recent
starts in it means that none of them came far.
"""

from __future__ import annotations

import json
import os
import time

NOTE = ".starts"
"""What stands behind the connection file's name; as in `bridge.context`, which is too heavy for a start."""

LIMIT = 2
WINDOW = 60.0  # seconds


def note(connection_file: str) -> None:
    """Notes that a start is about to be made. A folder that cannot be written to goes without."""
    starts = [*_recent(connection_file), time.monotonic()]
    try:
        descriptor = os.open(connection_file + NOTE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(starts, file)
    except OSError:
        pass


def forget(connection_file: str) -> None:
    """Takes the note away: the kernel has begun."""
    try:
        os.unlink(connection_file + NOTE)
    except OSError:
        pass


def were_in_vain(connection_file: str) -> bool:
    """Whether the last starts with this connection file ended before the kernel could say anything."""
    return len(_recent(connection_file)) >= LIMIT


def _recent(connection_file: str) -> list[float]:
    """When they were made, on the clock that does not jump."""
    try:
        with open(connection_file + NOTE, "rb") as file:
            starts = json.load(file)
        now = time.monotonic()
        return [start for start in starts if 0 <= now - start < WINDOW]
    except (OSError, ValueError, TypeError):
        return []
