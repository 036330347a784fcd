"""Turns a workspace back into what git's HEAD has: manifest, lock and prefix, in one change that can be undone."""

from __future__ import annotations

from pathlib import Path

from ... import system
from ...errors import LockFileError, ManifestError, ManifestNotFound, PixiError
from ...lockfile import read_lock, with_platform_names
from ..changing.change import carry_out
from ..changing.plan import Change
from ..context import Context
from ..locking.relock import Relocked
from ..publishing.publication import workspace_lock
from ..result import Changed
from ..workspace import OpenWorkspace, locate, open_workspace, with_manifest
from .git import committed, staged


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
    _check(manifest, lock, path)
    root = path.parent
    with workspace_lock(root, context):
        if not dry_run and not path.exists():
            system.replace_file(path, manifest)
        opened = _opened(context, manifest)
        after = with_manifest(opened, manifest)
        relocked = _relocked(opened, after, lock)
        lines = ("Manifest and lock file are those of git",)
        change = Change(opened, after, relocked, lines=lines, notes=_in_index(path), exact=relocked is not None)
        return await carry_out(change, context, dry_run=dry_run, restart=restart, force_loaded=force, may_remove=True)


def _check(manifest: bytes, lock: bytes | None, path: Path) -> None:
    """What HEAD has must be readable, or nothing is touched. Raises PixiError that says so."""
    from ...manifest import parse_manifest

    try:
        parse_manifest(manifest, path)
        if lock is not None:
            read_lock(lock, path.parent / "pixi.lock")
    except (ManifestError, LockFileError) as error:
        raise PixiError(
            f"What git's HEAD has cannot be used: {error.message}",
            place=error.place,
            help="Line and column are those of git's file. An older commit can be brought back with git, for example "
            "`git checkout HEAD~1 -- pixi.toml pixi.lock`; then `install`. Nothing was changed.",
            code="not-committed",
        ) from None


def _in_index(path: Path) -> tuple[str, ...]:
    """What git still holds against the restored files: `restore` does not touch its index."""
    names = staged((path, path.parent / "pixi.lock"))
    if not names:
        return ()
    both = " and ".join(names)
    return (f"git's index still has changes of {both}; `git restore --staged {' '.join(names)}` drops them.",)


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
            data = bare.lock_path.read_bytes()
        except OSError:
            return bare
        try:
            return replace(bare, lock_data=data, lock=with_platform_names(read_lock(data, path), bare.platforms))
        except LockFileError as error:
            return replace(bare, lock_data=data, lock_error=error)


def _relocked(opened: OpenWorkspace, after: OpenWorkspace, data: bytes | None) -> Relocked | None:
    """HEAD's lock if it has one that can be read; None asks for a solve."""
    if data is None:
        return None
    lock = with_platform_names(read_lock(data, opened.lock_path), after.platforms)
    return Relocked(lock, None if data == opened.lock_data else data)
