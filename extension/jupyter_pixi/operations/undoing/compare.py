"""Turns two states of a workspace into what lies between them: packages, and lines of the manifest.

`states` says what a state is.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...environments.model import Environment
from ...errors import LockFileError, PixiError
from ...lockfile import LockFile, read_lock, with_platform_names
from ..context import Context
from ..workspace import OpenWorkspace, open_workspace
from .states import NOW, State, before_last, state_of

if TYPE_CHECKING:
    from ...lockfile.diff import LockDiff


@dataclass(frozen=True)
class Comparison:
    """What changed from one state to another."""

    before: State
    after: State
    diff: LockDiff
    manifest: tuple[str, ...]  # a unified diff's lines

    def to_json(self) -> dict[str, Any]:
        """Pixi's document of a lock diff, with the states' names and the manifest's lines beside it."""
        return {
            **self.diff.to_json(),
            "from": self.before.name,
            "to": self.after.name,
            "manifest": list(self.manifest),
        }


def compare(context: Context, first: str | None = None, second: str | None = None, *, git: bool = False) -> Comparison:
    """Compare two states: `first` (default: before the last change; with `git` HEAD) with `second` (default: now).

    Raises PixiError for a state that is not known.
    """
    opened = open_workspace(context, tolerate_lock=True)
    if git and second is not None:
        raise PixiError("`--git` compares HEAD with one state; two were named.", code="usage")
    if git:
        first, second = "git", first
    before = state_of(opened, first) if first is not None else before_last(opened)
    after = state_of(opened, second or NOW)
    return Comparison(before, after, _lock_diff(opened, before, after), _manifest_diff(opened, before, after))


def _lock_diff(opened: OpenWorkspace, before: State, after: State) -> LockDiff:
    from ...lockfile.diff import diff

    environments: Mapping[str, Environment] = opened.environments
    old, new = _lock(opened, before), _lock(opened, after)
    return diff(old, new if new is not None else LockFile(7, (), {}), environments)


def _lock(opened: OpenWorkspace, state: State) -> LockFile | None:
    if state.lock is None:
        return None
    try:
        return with_platform_names(read_lock(state.lock, opened.lock_path), opened.platforms)
    except LockFileError as error:
        raise LockFileError(f"The lock file of {state.name} cannot be read: {error.message}") from None


def _manifest_diff(opened: OpenWorkspace, before: State, after: State) -> tuple[str, ...]:
    if before.manifest == after.manifest:
        return ()
    old, new = ((s.manifest or b"").decode("utf-8", "replace").splitlines() for s in (before, after))
    name = opened.manifest.path.name
    lines = difflib.unified_diff(old, new, f"{name} ({before.name})", f"{name} ({after.name})", n=1, lineterm="")
    return tuple(lines)
