"""Turns the journal that a crash left into one generation of manifest and lock: the one that had been decided.

A crash before the decision leaves the old pair, one after it is carried on to the new pair. A file that somebody has
edited since is never written over.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import PixiError
from ...prefix.paths import state_folder
from ..context import Context
from . import history, journal
from .journal import Journal, Planned, digest_of


@dataclass(frozen=True)
class Recovered:
    """What was found and done. `environment` is the one whose prefix may be behind manifest and lock."""

    sentence: str
    environment: str | None = None


def recover(root: Path, context: Context) -> Recovered | None:
    """Finish what a crash cut short; the workspace's lock must be held. None where nothing was left.

    Raises PixiError where the files cannot be written.
    """
    left = journal.read(root)
    if left is None:
        if journal.path_of(root).exists():  # unreadable: it never decided anything
            journal.remove(root)
        return None
    try:
        found = _take_back(left) if left.phase == "tentative" else _finish(root, left)
        journal.discard(left.files)
        journal.remove(root)
    except OSError as error:
        raise PixiError(
            f"A change of this workspace was cut short, and cannot be finished: {error.strerror} ({error.filename}).",
            help="Make room, or ask for the right to write there, and run the command again.",
            code="cannot-write",
        ) from None
    context.note(found.sentence)
    return found


def left_overs(root: Path, manifest: Path) -> tuple[Path, ...]:
    """The files that a change of this workspace was writing, to become others when they are complete.

    Those that no journal names are left of a crash, unless somebody is at work.
    """
    files = {root / "pixi.lock", root / "pixi.toml", root / "pyproject.toml", manifest}
    targets = [Path(os.path.realpath(path)) for path in files]
    names = {path.name for path in (*files, *targets)}
    found = [
        path
        for folder in {root, *(target.parent for target in targets)}
        for path in _matching(folder, ".*.new")
        if path.name[1:].rsplit(".", 2)[0] in names
    ]
    own = state_folder(root)
    return (*found, *_matching(own, ".*.new"), *_matching(own / history.FOLDER, "*.part"))


def _matching(folder: Path, pattern: str) -> list[Path]:
    try:
        return list(folder.glob(pattern))
    except OSError:
        return []


def sweep(root: Path, manifest: Path) -> None:
    """Remove what a crash left half written; the workspace's lock must be held, and no journal be there."""
    for path in left_overs(root, manifest):
        path.unlink(missing_ok=True)


def _take_back(left: Journal) -> Recovered:
    """A trial was on the disk while it was solved: the manifest from before it is what counts."""
    for planned in left.files:
        other_way = replace(planned, staged=planned.saved, saved=planned.staged)
        torn = journal.is_torn(planned) or journal.is_torn(other_way)
        if digest_of(Path(planned.path)) == planned.new or torn:
            journal.commit(planned)
    return Recovered("A change was cut short before it was decided; the manifest is as it was before.")


def _finish(root: Path, left: Journal) -> Recovered:
    """Carry a decided publication through."""
    states = {planned.path: _state(planned) for planned in left.files}
    if "foreign" in states.values():
        names = ", ".join(Path(path).name for path, state in states.items() if state == "foreign")
        return Recovered(f"A change was cut short, and {names} was edited since: it is left as it is now.")
    for planned in left.files:
        if states[planned.path] != "new":
            journal.commit(planned)
    _record(root, left)
    if left.environment is not None and set(states.values()) == {"new"}:
        return Recovered(
            "A change was cut short while it was installed; manifest and lock file have it, the environment follows.",
            left.environment,
        )
    return Recovered(
        "A change that was cut short has been finished: manifest and lock file belong together again.",
        left.environment,
    )


def _state(planned: Planned) -> str:
    """`old`, `new`, or `foreign` for a content that the journal does not know (or whose successor is gone)."""
    present = digest_of(Path(planned.path))
    if present == planned.new:
        return "new"
    ready = planned.new is None or (planned.staged is not None and digest_of(Path(planned.staged)) == planned.new)
    if ready and (present == planned.old or journal.is_torn(planned)):
        return "old"
    return "foreign"


def _record(root: Path, left: Journal) -> None:
    if left.entry is not None:
        try:
            history.record(root, left.entry)
        except (KeyError, TypeError):  # of another version of this program
            return
