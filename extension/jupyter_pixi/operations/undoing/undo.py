"""Turns the last change into one that takes it back, or brings it again: manifest, lock and prefix.

Where the manifest was edited since, the two changes are merged; where they collide, that is said and nothing happens.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ...errors import LockFileError, PixiError
from ...lockfile import read_lock, with_platform_names
from ..changing.change import carry_out
from ..changing.plan import Change
from ..context import Context
from ..locking.relock import Relocked, relock
from ..publishing import history
from ..publishing.history import Entry, Kind, Pair
from ..publishing.journal import digest
from ..publishing.publication import Told, record, workspace_lock
from ..result import Changed
from ..workspace import OpenWorkspace, open_workspace, with_manifest
from .merge import Conflict, merge
from .merge_keys import merge_keys


@dataclass(frozen=True)
class UndoOptions:
    """What `undo` and `redo` were asked for."""

    redo: bool = False
    dry_run: bool = False
    restart: bool = False
    force_loaded: bool = False


async def undo(context: Context, options: UndoOptions) -> Changed:
    """Take the last change back, or with `redo` bring the last one again that was taken back.

    Raises PixiError when there is none, or when the manifest was edited in the same place since.
    """
    opened = open_workspace(context, tolerate_lock=True)
    with workspace_lock(opened.root, context):
        opened = open_workspace(context, tolerate_lock=True)
        entry = _target(opened, redo=options.redo)
        base, goal = (entry.before, entry.after) if options.redo else (entry.after, entry.before)
        change = await _change(opened, context, entry, base, goal, redo=options.redo)
        done = await carry_out(
            change,
            context,
            dry_run=options.dry_run,
            restart=options.restart,
            force_loaded=options.force_loaded,
            may_remove=True,
        )
        if _is_nothing(change) and not options.dry_run:
            record(opened, context, change.told)  # so that the next undo goes on to the change before
        return done


def _target(opened: OpenWorkspace, *, redo: bool) -> Entry:
    """The change to take back. One that only brought the lock up to date with the manifest is passed over."""
    done, undone = history.positions(history.entries(opened.root))
    for entry in reversed(undone if redo else done):
        base, goal = (entry.before, entry.after) if redo else (entry.after, entry.before)
        if base.manifest != goal.manifest or _kept_lock(opened, opened, base, goal) is not None:
            return entry
    what = "There is nothing to do again." if redo else "There is no change to take back."
    raise PixiError(what, help="`history` lists the changes that are known.", code="no-history")


async def _change(
    opened: OpenWorkspace, context: Context, entry: Entry, base: Pair, goal: Pair, *, redo: bool
) -> Change:
    data = _manifest(opened, entry, base, goal)
    after = with_manifest(opened, data)
    kind: Kind = "redo" if redo else "undo"
    said = " ".join(entry.command) or f"change {entry.id}"
    lines = (f"{'Did again' if redo else 'Took back'} `{said}`",)
    relocked = _kept_lock(opened, after, base, goal)
    change = Change(opened, after, lines=lines, exact=relocked is not None, told=Told(kind, of=entry.id))
    if relocked is None:
        relocked = await _solved(opened, after, goal, context)
    change = replace(change, relocked=relocked)
    if _is_nothing(change):
        there = "there already" if redo else "gone already"
        change = replace(change, lines=(f"What `{said}` did is {there}: somebody edited the files, or git did",))
    return change


def _is_nothing(change: Change) -> bool:
    """Whether manifest and lock are already as they should become."""
    same = change.after.manifest_data == change.before.manifest_data
    return same and change.relocked is not None and not change.relocked.changed


def _manifest(opened: OpenWorkspace, entry: Entry, base: Pair, goal: Pair) -> bytes:
    """The manifest with the change taken back (or made), whatever else was edited since."""
    if base.manifest == goal.manifest:
        return opened.manifest_data
    old, new = history.content(opened.root, base.manifest), history.content(opened.root, goal.manifest)
    if old is None or new is None:
        raise PixiError(
            f"The manifest of change {entry.id} is not kept any more.",
            help="The history is bounded; use git for older states.",
            code="no-history",
        )
    if opened.manifest_data == old and not entry.redacted:
        return new
    texts = tuple(text.decode("utf-8", "surrogateescape") for text in (old, opened.manifest_data, new))
    merged = merge(*texts)
    if merged.conflicts:
        by_keys = merge_keys(*texts)
        if by_keys is None:
            raise _collision(opened, entry, merged.conflicts[0])
        return by_keys.encode("utf-8", "surrogateescape")
    return merged.text.encode("utf-8", "surrogateescape")


def _collision(opened: OpenWorkspace, entry: Entry, conflict: Conflict) -> PixiError:
    from ...errors import Place

    mine = "".join(f"  now:   {line.rstrip()}\n" for line in conflict.mine) or "  now:   (nothing)\n"
    theirs = "".join(f"  would: {line.rstrip()}\n" for line in conflict.theirs) or "  would: (nothing)\n"
    said = " ".join(entry.command) or f"change {entry.id}"
    return PixiError(
        f"`{said}` cannot be taken back: the manifest was edited in the same place since.\n{(mine + theirs).rstrip()}",
        place=Place(opened.manifest.path, conflict.line),
        help="Edit these lines as you want them, then run `lock` and `install`. Nothing was changed.",
        code="conflict",
    )


def _kept_lock(opened: OpenWorkspace, after: OpenWorkspace, base: Pair, goal: Pair) -> Relocked | None:
    """The lock of the goal, if nothing but the change lies between it and now, and it fits the manifest."""
    from ...lockfile.check import check

    present, kept = digest(opened.lock_data), history.content(opened.root, goal.lock)
    if kept is None or present not in (base.lock, goal.lock):
        return None
    try:
        lock = with_platform_names(read_lock(kept, opened.lock_path), after.platforms)
    except LockFileError:
        return None
    if not check(after.manifest, after.environments, lock).up_to_date:
        return None
    return Relocked(lock, None if kept == opened.lock_data else kept)


async def _solved(opened: OpenWorkspace, after: OpenWorkspace, goal: Pair, context: Context) -> Relocked:
    """The lock solved again, leaning on what was locked at the goal."""
    kept = history.content(opened.root, goal.lock)
    if kept is not None:
        try:
            lock = with_platform_names(read_lock(kept, opened.lock_path), after.platforms)
        except LockFileError:
            lock = None
        after = replace(after, lock=lock, lock_error=None) if lock is not None else after
    relocked = await relock(after, context)
    if relocked.data is None:  # the kept lock fits as it is, but it may not be the one on disk
        from ...lockfile import write_lock

        data = write_lock(relocked.lock, after.platforms).encode()
        return Relocked(relocked.lock, None if data == opened.lock_data else data)
    return relocked
