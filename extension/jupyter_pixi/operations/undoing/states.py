"""Turns the name of a state (a change's number, a time, a commit of git, `now`) into its manifest and lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ...errors import PixiError
from ..publishing import history
from ..workspace import OpenWorkspace
from .git import HEAD, commit_of, committed

NOW = "now"
HELP = (
    "`history` lists the changes. `N` is the state after change N, `N^` the one before, `now` the present one, "
    "`2026-01-31` or `2026-01-31T12:00` the one at that time, `git`, `HEAD~1`, a branch or a tag what git has."
)


@dataclass(frozen=True)
class State:
    """A manifest and a lock, and what to call them."""

    name: str
    manifest: bytes | None
    lock: bytes | None


def state_of(opened: OpenWorkspace, name: str) -> State:
    """The state of that name. Raises PixiError where it is not known, or not kept any more."""
    if name == NOW:
        return State(NOW, opened.manifest_data, opened.lock_data)
    if name in ("git", HEAD):
        return _committed(opened, HEAD, "git HEAD")
    number = name.removesuffix("^")
    if number.isascii() and number.isdigit():
        return _numbered(opened, number, before=number != name)
    moment = _moment(name)
    if moment is not None:
        return _at(opened, moment, name)
    commit = commit_of(opened.root, name)
    if commit is None:
        raise PixiError(f"There is no state '{name}'.", help=HELP, code="no-history")
    return _committed(opened, name, f"git {name}" if name.startswith(commit) else f"git {name} ({commit})")


def before_last(opened: OpenWorkspace) -> State:
    """The state before the last change; the present one where nothing was changed."""
    known = history.entries(opened.root)
    if not known:
        return State(NOW, opened.manifest_data, opened.lock_data)
    return _kept(opened, known[-1].before, f"before change {known[-1].id}")


def _committed(opened: OpenWorkspace, commit: str, name: str) -> State:
    return State(name, committed(opened.manifest.path, commit), committed(opened.lock_path, commit))


def _numbered(opened: OpenWorkspace, number: str, *, before: bool) -> State:
    entry = next((e for e in history.entries(opened.root) if e.id == number), None)
    if entry is None:
        raise PixiError(f"There is no change '{number}' in the history.", help=HELP, code="no-history")
    if before:
        return _kept(opened, entry.before, f"before change {number}")
    return _kept(opened, entry.after, f"after change {number}")


def _moment(text: str) -> float | None:
    """A date (its beginning) or a time of this machine's clock, as seconds since the epoch."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _at(opened: OpenWorkspace, moment: float, name: str) -> State:
    """What the changes up to a moment had led to; edits by hand are seen with the change that follows them."""
    known = history.entries(opened.root)
    earlier = [entry for entry in known if entry.time <= moment]
    if earlier:
        return _kept(opened, earlier[-1].after, f"{name}, after change {earlier[-1].id}")
    if known:
        return _kept(opened, known[0].before, f"{name}, before change {known[0].id}")
    return State(f"{name}, as {NOW}", opened.manifest_data, opened.lock_data)


def _kept(opened: OpenWorkspace, pair: history.Pair, name: str) -> State:
    state = State(name, history.content(opened.root, pair.manifest), history.content(opened.root, pair.lock))
    if (state.manifest is None) != (pair.manifest is None) or (state.lock is None) != (pair.lock is None):
        raise PixiError(f"The state {name} is not kept any more.", help="The history is bounded.", code="no-history")
    return state
