"""Turns a folder into an opened workspace: the manifest, its environments, the configuration and the lock file."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import Config, load_config
from ..environments import compose, default_environment
from ..environments.model import Environment
from ..errors import LockFileError, ManifestNotFound, PixiError
from ..lockfile import read_lock, with_platform_names
from ..lockfile.model import LockFile
from ..manifest import parse_manifest
from ..manifest.discover import discover
from ..manifest.model import Manifest, ManifestWarning, Platform
from .context import Context
from .policy import refuse_credentials
from .scripts import for_machine, lock_path, script_path

if TYPE_CHECKING:
    from ..lockfile.check import Verdict


@dataclass(frozen=True)
class OpenWorkspace:
    """A workspace as it was read: the bytes of manifest and lock are its generation.

    `lock` is None when there is none; `lock_error` is set instead of raising where a command can do without it.
    """

    manifest: Manifest
    manifest_data: bytes
    environments: dict[str, Environment]
    config: Config
    lock: LockFile | None
    lock_data: bytes | None
    lock_error: LockFileError | None = None

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.manifest.root

    @property
    def lock_path(self) -> Path:
        """Where the lock file is or will be."""
        if self.manifest.kind == "script":
            return lock_path(self.manifest.path)
        return self.root / "pixi.lock"

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """All platforms in the order in which the lock numbers its aliases."""
        from ..environments import lock_platforms

        return lock_platforms(self.manifest, self.environments)

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the lock fulfils the manifest, per environment and platform. Offline."""
        from ..lockfile.check import check

        if self.lock_error is not None:
            raise self.lock_error
        return check(self.manifest, self.environments, self.lock)

    def environment(self, name: str) -> Environment:
        """The environment of that name. PixiError "unknown environment" if there is none."""
        try:
            return self.environments[name]
        except KeyError:
            raise PixiError(
                f"unknown environment '{name}'",
                help="This workspace has: " + ", ".join(self.environments) + ".",
                code="unknown-environment",
            ) from None

    def default_name(self, context: Context) -> str:
        """The environment a command takes when none is named: that of the surrounding shell or kernel, or default."""
        return default_environment(self.manifest, context.environ)


def locate(context: Context) -> Path:
    """The manifest that a command works on. Raises ManifestNotFound with a way out."""
    script = script_path(context)
    if script is not None:
        return script
    try:
        found = discover(context.cwd, explicit=context.manifest_path, environ=context.environ)
    except ManifestNotFound as error:
        if error.help is None:
            error.help = "Make a workspace here with `jupyter pixi init` (in a notebook: `%pixi init`)."
        raise
    if found.warning is not None:
        context.warn(found.warning)
    _check_text(found.path)
    return found.path


def _check_text(path: Path) -> None:
    """Raise PixiError for a path that is not UTF-8: no lock file, package or kernelspec can hold it."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(path.parent).decode("utf-8", "backslashreplace")
        raise PixiError(
            f"The path of the workspace is not UTF-8 text: {shown}",
            help="Rename the folder; packages and the lock file cannot hold such a path.",
            code="path",
        ) from None


def open_workspace(context: Context, *, tolerate_lock: bool = False) -> OpenWorkspace:
    """Read everything that is on disk. Raises ManifestError and LockFileError with file, line and column.

    With `tolerate_lock` an unreadable lock is kept as `lock_error`, for commands that only look.
    """
    path = locate(context)
    data = _read(path)
    manifest = _parsed(data, path)
    config = load_config(manifest.root, context.environ, context.settings)
    if context.caller is None:
        told(context, manifest, config)
    environments = compose(manifest, config)
    bare = OpenWorkspace(manifest, data, environments, config, None, None)
    try:
        lock_data = _content(bare.lock_path)
    except FileNotFoundError:
        return bare
    except OSError as error:
        unread = LockFileError(f"Cannot read {bare.lock_path}: {error.strerror}.")
        if not tolerate_lock:
            raise unread from None
        return replace(bare, lock_error=unread)
    try:
        lock = with_platform_names(read_lock(lock_data, bare.lock_path), bare.platforms)
    except LockFileError as error:
        if not tolerate_lock:
            raise
        return replace(bare, lock_data=lock_data, lock_error=error)
    return replace(bare, lock=lock, lock_data=lock_data)


def told(context: Context, manifest: Manifest, config: Config) -> None:
    """Tell, as Pixi does with every command, what is deprecated or means nothing in manifest and configuration."""
    for text in config.warnings:
        context.warn(text)
    for warning in manifest.warnings:
        context.warn(f"{warning.text}\n  at {warning.place}" if warning.place is not None else warning.text)


def with_manifest(opened: OpenWorkspace, data: bytes) -> OpenWorkspace:
    """The workspace as it would be with another manifest text: validated and composed, nothing written.

    Raises ManifestError, and Refused for a text that holds new credentials.
    """
    if data == opened.manifest_data:
        return opened
    refuse_credentials(opened.manifest_data, data)
    manifest = for_machine(parse_manifest(data, opened.manifest.path), opened.lock_data)
    environments = compose(manifest, opened.config)
    changed = OpenWorkspace(manifest, data, environments, opened.config, None, opened.lock_data, opened.lock_error)
    if opened.lock_data is None or opened.lock_error is not None:
        return changed
    return replace(changed, lock=with_platform_names(read_lock(opened.lock_data, opened.lock_path), changed.platforms))


def new_warnings(before: Manifest | None, after: Manifest) -> tuple[ManifestWarning, ...]:
    """The warnings that a change brought."""
    known = {w.text for w in before.warnings} if before is not None else set()
    return tuple(w for w in after.warnings if w.text not in known)


def _parsed(data: bytes, path: Path) -> Manifest:
    manifest = parse_manifest(data, path)
    if manifest.kind != "script":
        return manifest
    beside = lock_path(path)
    return for_machine(manifest, beside.read_bytes() if beside.exists() else None)


def _content(path: Path) -> bytes:
    """A file's bytes. Raises OSError, also for a pipe or a device: reading one might never end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "it is no regular file")
    return path.read_bytes()


def _read(path: Path) -> bytes:
    try:
        return _content(path)
    except OSError as error:
        raise PixiError(f"Cannot read {path}: {error.strerror}.", code="manifest") from None
