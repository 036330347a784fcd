"""Turns a template (a name, or the manifest of another workspace) into the file name and text of a new manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ...errors import PixiError
from ...manifest import parse_manifest
from ...manifest.discover import manifest_in
from ...manifest.edit import ManifestEditor
from .workspace_meta import place_of

BUILT_IN: Mapping[str, tuple[str, ...]] = {
    "notebook": ("python", "ipykernel"),
    "r-notebook": ("r-base", "r-irkernel"),
}
"""Templates that need no file: the packages of a new workspace, each in any version."""


def from_manifest(
    template: Path, folder: Path, channels: Sequence[str] = (), platforms: Sequence[str] = ()
) -> tuple[str, str]:
    """The manifest at a path (or in a folder), named after the new workspace's folder.

    `channels` and `platforms` take the place of its own where they are given. Raises PixiError where there is none, and
    ManifestError where it is no valid manifest in the new folder: files that it names are not taken along.
    """
    source = manifest_in(template) if template.is_dir() else template
    if source is None or not source.is_file():
        known = ", ".join(BUILT_IN)
        raise PixiError(
            f"There is no template at {template}.",
            help=f"A template is a manifest, a folder that has one, or one of: {known}.",
            code="template",
        )
    editor = ManifestEditor(source.read_bytes(), folder / source.name)
    editor.document.set(place_of(editor, "name"), folder.name)
    for key, values in (("channels", channels), ("platforms", platforms)):
        if values:
            editor.document.set((*editor.workspace(), key), list(values))
    parse_manifest(editor.data, folder / source.name)
    return source.name, editor.document.text
