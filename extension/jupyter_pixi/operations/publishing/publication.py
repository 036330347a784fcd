"""Turns a new manifest and lock into what is on disk, both or neither, under the workspace's own lock.

A journal (journal.py) makes every point of it recoverable: the next operation finishes what had been decided
(recovery.py). (Design: the transaction, steps 1, 5 and 8.)
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ... import system
from ...errors import PixiError
from ...events import Phase
from .. import scripts
from ..context import Context
from ..policy import refuse_if_frozen
from ..trusting import expect
from ..workspace import OpenWorkspace
from . import history, journal
from .history import Entry, Kind
from .journal import Journal, digest, digest_of, state_folder, step
from .recovery import Recovered, recover, sweep


@dataclass(frozen=True)
class Pair:
    """New contents of manifest and lock; None leaves the file as it is. `remove_lock` takes the lock file away."""

    manifest: bytes | None = None
    lock: bytes | None = None
    remove_lock: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return self.manifest is None and self.lock is None and not self.remove_lock


@dataclass(frozen=True)
class Told:
    """What the history says of a change besides its generations."""

    kind: Kind = "change"
    of: str | None = None
    environment: str | None = None
    changes: tuple[str, ...] = ()


@contextmanager
def workspace_lock(root: Path, context: Context, *, writes: bool = True) -> Iterator[Recovered | None]:
    """Hold the workspace against other operations of this engine, and finish what a crashed one had begun.

    Gives what was finished. Raises PixiError where the folder cannot be written to. Beside a script, and for a dry run
    (`writes` False), nothing is kept.
    """
    if context.script is not None or not writes:
        yield None
        return
    try:
        folder = state_folder(root)
        lock = system.FileLock(folder / "workspace.lock")
        _wait_for(lock, context)
    except OSError as error:
        raise _cannot_write(root, error) from None
    try:
        left = None if lock.held else journal.read(root)
        busy = left is not None and left.is_alive  # a file system without locks: somebody may be at work
        recovered = None if busy else recover(root, context)
        if lock.held and not journal.path_of(root).exists():
            sweep(root, context.manifest_path or root / "pixi.toml")
        step("locked")
        yield recovered
    finally:
        lock.release()


def _cannot_write(root: Path, error: OSError) -> PixiError:
    return PixiError(
        f"The workspace at {root} cannot be written to: {error.strerror}.",
        help="Copy it to a folder of your own, or ask its owner; nothing was changed.",
        code="read-only",
    )


def _wait_for(lock: system.FileLock, context: Context) -> None:
    """Take the lock, saying once that somebody else holds it; a file system without locks is said, not fatal."""
    told = False
    try:
        while not lock.try_acquire():
            if not told:
                context.sink(Phase(phase="wait", title="Waiting for another change of this workspace to finish"))
                told = True
            time.sleep(0.02)
            _stop_if_cancelled()
    except system.LocksUnsupported:
        context.warn(
            "This file system has no locks: make sure that nobody else changes the workspace at the same time.",
            "no-locks",
        )


def _stop_if_cancelled() -> None:
    """End the wait when the user asked for it: the event loop, which would say so, stands still meanwhile."""
    with suppress(RuntimeError):
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError


def publish(
    opened: OpenWorkspace,
    pair: Pair,
    context: Context | None = None,
    *,
    installing: str | None = None,
    told: Told | None = None,
) -> None:
    """Write the pair, if manifest and lock are still those that `opened` was read from.

    With `installing`, the change is not over before `finish`: a crash until then lets the next operation install that
    environment. Raises PixiError when somebody changed the files meanwhile (nothing is written) or the folder
    forbids it; Refused where changes are frozen.
    """
    if pair.is_empty:
        return
    refuse_if_frozen(opened.manifest, context.environ if context is not None else os.environ)
    if opened.manifest.kind == "script":
        _check_generation(opened)
        scripts.write(opened, pair)
        return
    decided = _decide(opened, pair, context, installing, told or Told())
    try:
        for planned in decided.files:
            if digest_of(Path(planned.path)) != planned.old:
                raise _changed(Path(planned.path))
            journal.commit(planned)
    except OSError as error:
        _put_back(opened, decided)
        raise _not_written(opened, error) from None
    except PixiError:
        _put_back(opened, decided)
        raise
    journal.discard(tuple(p for p in decided.files if p.saved is not None))
    if installing is None:
        finish(opened.root)


def _decide(opened: OpenWorkspace, pair: Pair, context: Context | None, installing: str | None, told: Told) -> Journal:
    """Stage the pair and write the journal: from then on a crash does not undo the change, but finishes it.

    Raises PixiError; nothing of it is left then.
    """
    _check_generation(opened)
    plans: list[journal.Planned] = []
    try:
        entry = _entry(opened, pair, context, told)
        folder = state_folder(opened.root)
        if pair.manifest is not None:
            plans.append(journal.plan(opened.manifest.path, opened.manifest_data, pair.manifest, folder))
            step("staged.manifest")
        if pair.lock is not None or pair.remove_lock:
            plans.append(journal.plan(opened.lock_path, opened.lock_data, pair.lock, folder))
            step("staged.lock")
        decided = Journal("publish", tuple(plans), installing, entry.to_dict())
        _check_generation(opened)
        _expect(opened, plans, context)
        journal.write(opened.root, decided)
    except OSError as error:
        settled(opened.root)
        journal.discard(tuple(plans))
        raise _not_written(opened, error) from None
    except PixiError:
        journal.discard(tuple(plans))
        raise
    return decided


def record(opened: OpenWorkspace, context: Context, told: Told) -> None:
    """Put into the history what changed no file. Raises PixiError where that cannot be written."""
    try:
        history.record(opened.root, _entry(opened, Pair(), context, told).to_dict())
    except OSError as error:
        raise _not_written(opened, error) from None


def finish(root: Path) -> None:
    """The change is over: it goes into the history. Nothing happens where none is under way."""
    present = journal.read(root)
    if present is None:
        return
    with suppress(OSError):  # a full disk must not make a change that was made look like one that was not
        if present.entry is not None:
            history.record(root, present.entry)
    with suppress(OSError):
        journal.remove(root)


def _expect(opened: OpenWorkspace, plans: Iterable[journal.Planned], context: Context | None) -> None:
    if context is not None:
        expect(opened, {planned.path: planned.new for planned in plans}, context.environ)


def withdraw(published: OpenWorkspace, pair: Pair, context: Context | None = None) -> None:
    """Publish the generation before a change whose install failed, leaving no trace of it in the history.

    The journal then asks for the prefix to follow (`settled` ends that). Raises PixiError as `publish` does, OSError
    where the files cannot be written (`is_withdrawing` tells whether the next operation will finish it).
    """
    _check_generation(published)
    present = journal.read(published.root)
    environment = present.environment if present is not None else None
    plans: list[journal.Planned] = []
    try:
        folder = state_folder(published.root)
        if pair.manifest is not None:
            plans.append(journal.plan(published.manifest.path, published.manifest_data, pair.manifest, folder))
        if pair.lock is not None or pair.remove_lock:
            plans.append(journal.plan(published.lock_path, published.lock_data, pair.lock, folder))
        _expect(published, plans, context)
        journal.write(published.root, Journal("publish", tuple(plans), environment))
    except OSError:
        journal.discard(tuple(plans))
        raise
    for planned in plans:
        journal.commit(planned)


def is_withdrawing(root: Path) -> bool:
    """Whether the journal asks for the generation before a change, which `withdraw` has decided on."""
    present = journal.read(root)
    return present is not None and present.phase == "publish" and present.entry is None


def settled(root: Path) -> None:
    """The prefix follows the generation that was put back."""
    with suppress(OSError):
        journal.remove(root)


def _entry(opened: OpenWorkspace, pair: Pair, context: Context | None, told: Told) -> Entry:
    """The history's entry for a change, its contents kept already."""
    root = opened.root
    old_manifest, one = history.keep(root, opened.manifest_data)
    old_lock, two = history.keep(root, opened.lock_data)
    manifest, three = (old_manifest, one) if pair.manifest is None else history.keep(root, pair.manifest)
    lock, four = (old_lock, two) if pair.lock is None else history.keep(root, pair.lock)
    return Entry(
        id=history.next_id(root),
        time=time.time(),
        command=context.command if context is not None else (),
        kernel=context.caller.kernel if context is not None and context.caller is not None else None,
        before=history.Pair(old_manifest, old_lock),
        after=history.Pair(manifest, None if pair.remove_lock else lock),
        kind=told.kind,
        of=told.of,
        environment=told.environment,
        changes=told.changes,
        redacted=one or two or three or four,
    )


def _check_generation(opened: OpenWorkspace) -> None:
    same_manifest = digest_of(opened.manifest.path) == digest(opened.manifest_data)
    same_lock = digest_of(opened.lock_path) == digest(opened.lock_data)
    if not (same_manifest and same_lock):
        raise _changed(opened.manifest.path if not same_manifest else opened.lock_path)


def _changed(path: Path) -> PixiError:
    return PixiError(
        f"{path.name} was changed by somebody else while this was solved; nothing was written.",
        help="Run the command again: it starts from the new state.",
        code="generation",
    )


def _not_written(opened: OpenWorkspace, error: OSError) -> PixiError:
    return PixiError(
        f"Cannot write {error.filename or opened.manifest.path}: {error.strerror}.",
        help="Nothing was changed. Make room, or ask for the right to write there.",
        code="disk-full" if error.errno == 28 else "cannot-write",
    )


def _put_back(opened: OpenWorkspace, decided: Journal) -> None:
    """After a failed write the old bytes are put back; where that fails too, the journal lets the next one finish.

    What somebody else has written since is left.
    """
    try:
        for planned in decided.files:
            old = opened.manifest_data if planned.path == str(opened.manifest.path) else opened.lock_data
            if digest_of(Path(planned.path)) != planned.new and not journal.is_torn(planned):
                continue
            if old is None:
                Path(planned.path).unlink(missing_ok=True)
            else:
                system.replace_file(Path(planned.path), old, in_place=True)
        journal.discard(decided.files)
        journal.remove(opened.root)
    except OSError:
        return
