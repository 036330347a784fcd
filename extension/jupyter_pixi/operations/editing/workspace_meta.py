"""Turns `workspace name|description|version|requires-pixi` into what the manifest says, or into an edit of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...config import load_config
from ...errors import PixiError
from ...manifest import parse_manifest
from ...manifest.edit import ManifestEditor
from ...manifest.grammar import strict_spec_problem, version_problem
from ...manifest.layout import Path as Keys
from ...manifest.model import Manifest
from ..context import Context
from ..publishing.publication import Pair, publish, workspace_lock
from ..trusting import remember
from ..workspace import OpenWorkspace, locate

FIELDS = ("name", "description", "version")


@dataclass(frozen=True)
class Meta:
    """A manifest opened for these commands: a `requires-pixi` that is not fulfilled does not keep them out."""

    manifest: Manifest
    path: Path
    data: bytes


def open_manifest(context: Context) -> Meta:
    """The manifest. Raises ManifestError."""
    path = locate(context)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PixiError(f"Cannot read {path}: {error.strerror}.", code="manifest") from None
    return Meta(parse_manifest(data, path, check_version=False), path, data)


def edit(context: Context, change: Callable[[Meta, ManifestEditor], str]) -> str:
    """Make a change that concerns no environment; nothing is locked. Returns the sentence to tell."""
    meta = open_manifest(context)
    with workspace_lock(meta.path.parent, context):
        meta = open_manifest(context)
        editor = ManifestEditor(meta.data, meta.path)
        said = change(meta, editor)
        if editor.data != meta.data:
            after = parse_manifest(editor.data, meta.path, check_version=False)
            opened = _opened(meta, context)
            publish(opened, Pair(manifest=editor.data), context)
            remember(OpenWorkspace(after, editor.data, {}, opened.config, None, opened.lock_data), context)
    return said


def _opened(meta: Meta, context: Context) -> OpenWorkspace:
    lock = meta.path.parent / "pixi.lock"
    lock_data = lock.read_bytes() if lock.exists() else None
    config = load_config(meta.path.parent, context.environ, context.settings)
    return OpenWorkspace(meta.manifest, meta.data, {}, config, None, lock_data)


def place_of(editor: ManifestEditor, field: str) -> Keys:
    """Where a field stands, or goes: in pyproject.toml under [project] unless [tool.pixi.workspace] has it."""
    own = (*editor.workspace(), field)
    if editor.is_pyproject and editor.document.has(("project",)) and not editor.document.has(own):
        return ("project", field)
    return own


def set_field(field: str, value: str) -> Callable[[Meta, ManifestEditor], str]:
    """Set name, description or version. Raises PixiError for a version that is none."""

    def change(meta: Meta, editor: ManifestEditor) -> str:
        if field == "version":
            check_version(value)
        editor.document.set(place_of(editor, field), value)
        return f"Updated workspace {field} to '{value}'."

    return change


def bump(part: str) -> Callable[[Meta, ManifestEditor], str]:
    """Raise the major, minor or patch part of the version. Raises PixiError where there is none."""

    def change(meta: Meta, editor: ManifestEditor) -> str:
        from rattler import Version

        current = meta.manifest.workspace.version
        if current is None:
            raise PixiError("the workspace has no version to raise", help="Set one with `workspace version set 0.1.0`.")
        raised = str(getattr(Version(current), f"bump_{part}")())
        editor.document.set(place_of(editor, "version"), raised)
        return f"Updated workspace version from '{current}' to '{raised}'."

    return change


def check_version(text: str) -> None:
    """Raises PixiError when the text is no version."""
    problem = version_problem(text)
    if problem:
        raise PixiError(
            f"could not convert version to a valid project version\n  malformed version string '{text}': {problem}"
        )


def set_requires(text: str | None) -> Callable[[Meta, ManifestEditor], str]:
    """Set or take away `requires-pixi`. Raises PixiError for text that is no version specification."""

    def change(meta: Meta, editor: ManifestEditor) -> str:
        keys = (*editor.workspace(), "requires-pixi")
        if text is None:
            if editor.document.has(keys):
                editor.document.remove(keys)
            return "Remove workspace requires-pixi."
        problem = strict_spec_problem(text)
        if problem:
            raise PixiError(f"could not convert to a valid version spec: '{text}': {problem}")
        editor.document.set(keys, text)
        return f"Updated workspace requires-pixi to '{text}'."

    return change


def verify(context: Context) -> None:
    """Raises ManifestError when this engine's Pixi version is not what the manifest requires."""
    meta = open_manifest(context)
    parse_manifest(meta.data, meta.path)
