"""Turns two generations of a workspace's lock file (git's HEAD, the history, the disk) into rows of what changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HEAD = "head"
"""The generation that git has committed; the others are ids of the history's entries, before their change."""

MAX_ROWS = 20_000


def generations(manifest: Path) -> dict[str, Any]:
    """What the lock on disk can be compared with, newest first, and which of them is the natural one."""
    from ..operations.publishing.history import entries
    from .describe import shown

    kept = [
        {"id": e.id, "time": e.time, "command": shown(e.command), "kind": e.kind, "changes": list(e.changes)[:20]}
        for e in reversed(entries(manifest.parent))
    ]
    head = _committed(manifest.parent / "pixi.lock") is not None
    return {"manifest": str(manifest), "head": head, "history": kept}


def compare(manifest: Path, against: str, environ: Mapping[str, str] = os.environ) -> dict[str, Any]:
    """The packages in which the lock on disk differs from `against`. Raises PixiError."""
    from ..errors import PixiError
    from ..lockfile import read_lock
    from ..lockfile.diff import diff
    from ..operations.publishing.history import content, entries
    from .describe import opened

    found = opened(manifest, environ)
    if found.lock_error is not None:
        raise found.lock_error
    if found.lock is None:
        raise PixiError("This workspace has no lock file yet.", help="Make it with Lock.", code="not-locked")
    path = found.lock_path
    if against == HEAD:
        data, found_at = _committed(path), True
    else:
        entry = next((e for e in entries(found.root) if e.id == against), None)
        found_at = entry is not None
        data = content(found.root, entry.before.lock) if entry is not None else None
    if not found_at:
        raise PixiError(f"The history has no change {against!r}.", code="no-generation")
    rows = diff(read_lock(data, path) if data is not None else None, found.lock, found.environments).rows()
    return {
        "manifest": str(manifest),
        "against": against,
        "present": data is not None,
        "total": len(rows),
        "rows": [row.to_json() for row in rows[:MAX_ROWS]],
    }


def _committed(path: Path) -> bytes | None:
    """The file as git's HEAD has it; None where it has not, or there is no git."""
    from ..errors import PixiError
    from ..operations.undoing.git import committed

    try:
        return committed(path)
    except PixiError:
        return None
