"""Turns a workspace back into what git's HEAD has: manifest, lock and prefix, in one change that can be undone."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ... import system
from ...errors import ManifestError, ManifestNotFound, PixiError
from ...lockfile import read_lock, with_platform_names
from ..changing.change import carry_out
from ..changing.plan import Change
from ..context import Context
from ..locking.relock import Relocked
from ..publishing.publication import workspace_lock
from ..result import Changed
from ..workspace import OpenWorkspace, locate, open_workspace, with_manifest


async def restore(context: Context, *, dry_run: bool = False, restart: bool = False, force: bool = False) -> Changed:
    """Publish manifest and lock of git's HEAD, and install. Raises PixiError without git, repository or commit."""
    path = _place(context)
    manifest = committed(path)
    if manifest is None:
        raise PixiError(
            f"git's HEAD does not have {path.name}: there is nothing to go back to.",
            help="`history` lists the changes made here; `undo` takes the last one back.",
            code="not-committed",
        )
    lock = committed(path.parent / "pixi.lock")
    root = path.parent
    with workspace_lock(root, context):
        if not dry_run and not path.exists():
            system.replace_file(path, manifest)
        opened = _opened(context, manifest)
        after = with_manifest(opened, manifest)
        relocked = _relocked(opened, after, lock)
        lines = ("Manifest and lock file are those of git",)
        change = Change(opened, after, relocked, lines=lines, exact=relocked is not None)
        return await carry_out(change, context, dry_run=dry_run, restart=restart, force_loaded=force, may_remove=True)


def _place(context: Context) -> Path:
    """Where the manifest is, also if it is gone, or so broken that it is none. Raises ManifestNotFound."""
    try:
        return locate(context)
    except ManifestNotFound:
        if context.manifest_path is None or context.manifest_path.suffix != ".toml":
            raise
        return context.cwd / context.manifest_path
    except ManifestError as error:
        if error.place is None:
            raise
        return error.place.file


def _opened(context: Context, manifest: bytes) -> OpenWorkspace:
    """The workspace as it is; where its manifest is broken, one that can be compared with nothing but bytes."""
    from dataclasses import replace

    from ...manifest import parse_manifest

    try:
        return open_workspace(context, tolerate_lock=True)
    except PixiError:
        from ...config import load_config
        from ...environments import compose

        path = _place(context)
        good = parse_manifest(manifest, path)
        config = load_config(good.root, context.environ, context.settings)
        bare = OpenWorkspace(good, path.read_bytes(), compose(good, config), config, None, None)
        try:
            return replace(bare, lock_data=bare.lock_path.read_bytes())
        except OSError:
            return bare


def _relocked(opened: OpenWorkspace, after: OpenWorkspace, data: bytes | None) -> Relocked | None:
    """HEAD's lock if it has one that can be read; None asks for a solve."""
    if data is None:
        return None
    lock = with_platform_names(read_lock(data, opened.lock_path), after.platforms)
    return Relocked(lock, None if data == opened.lock_data else data)


def committed(path: Path) -> bytes | None:
    """A file's content in git's HEAD; None where HEAD does not have it. Raises PixiError without git or repository."""
    real = path.parent.resolve() / path.name
    try:
        found = subprocess.run(
            ["git", "-C", str(real.parent), "show", f"HEAD:./{real.name}"], capture_output=True, check=False, timeout=30
        )
        if found.returncode == 0:
            return found.stdout
        inside = subprocess.run(
            ["git", "-C", str(real.parent), "rev-parse", "--git-dir"], capture_output=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        raise PixiError("git is not to be found on this machine.", code="no-git") from None
    if inside.returncode != 0:
        raise PixiError(
            f"{real.parent} is not in a git repository.",
            help="`undo` takes back what was changed here, with or without git.",
            code="no-git",
        )
    return None
