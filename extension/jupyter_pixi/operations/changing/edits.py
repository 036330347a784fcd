"""Turns an edit of the manifest into what is on disk: validated as a whole, locked and installed where Pixi does that.

The edit is a function over the opened workspace and an editor of its manifest; it returns what to tell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...manifest.edit import ManifestEditor
from ..context import Context
from ..publishing.publication import workspace_lock
from ..result import Changed
from ..scripts import has_no_lock
from ..workspace import OpenWorkspace, open_workspace, with_manifest
from .change import carry_out
from .plan import Change


@dataclass(frozen=True)
class Said:
    """What an edit tells: sentences of success, and warnings."""

    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


Edit = Callable[[OpenWorkspace, ManifestEditor], Said]


async def edit_manifest(
    context: Context, edit: Edit, *, lock: bool, restart: bool = False, force_loaded: bool = False
) -> Changed:
    """Make an edit; with `lock` also lock the result and install the default environment.

    `restart` and `force_loaded` say what may happen to what the calling kernel has loaded (see `carry_out`).

    Raises PixiError, with nothing changed, when the edit refuses, when what results is no valid manifest, and when it
    cannot be locked or installed.
    """
    opened = open_workspace(context)
    with workspace_lock(opened.root, context):
        opened = open_workspace(context)
        editor = ManifestEditor(opened.manifest_data, opened.manifest.path)
        said = edit(opened, editor)
        after = with_manifest(opened, editor.data)
        stays = not lock or context.frozen or has_no_lock(opened)
        change = Change(opened, after, lines=said.lines, notes=said.notes, lock_stays=stays)
        return await carry_out(
            change, context, install=lock, default_only=True, restart=restart, force_loaded=force_loaded
        )
