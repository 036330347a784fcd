"""Turns `clean` into removed prefixes and caches; what this product keeps of the workspace's history stays."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..config import cache_folder
from ..errors import InstallError, Refused
from ..prefix import markers, paths, statefile
from ..prefix.activation_cache import FOLDER as ACTIVATION_CACHE
from .context import Context
from .running.task_cache import FOLDER as TASK_CACHE
from .targets import prefix_of, runs_from
from .workspace import OpenWorkspace

CACHES = {
    "conda": ("pkgs",),
    "pypi": ("uv-cache", "pypi-metadata"),
    "repodata": ("repodata",),
    "mapping": ("conda-pypi-mapping",),
    "exec": ("cached-envs-v0",),
}
"""The parts of the cache folder by the name of their flag, as Pixi names them."""


@dataclass(frozen=True)
class Cleaned:
    """What was removed, and its size in bytes (files with several names count once)."""

    removed: tuple[Path, ...]
    size: int


def clean(opened: OpenWorkspace, context: Context, environment: str | None) -> Cleaned:
    """Remove the prefix of one environment, or all of them with the caches of activations and tasks.

    Raises Refused for the prefix that the calling kernel or this program runs in, InstallError where the system does
    not allow it.
    """
    own = paths.pixi_folder(opened.root)
    if environment is not None:
        opened.environment(environment)
        prefix = prefix_of(opened, environment)
        found = [prefix, own / ACTIVATION_CACHE / f"activation_{environment}.json"]
        prefixes = [prefix]
    else:
        folder = prefix_of(opened, "default").parent
        prefixes = [Path(entry) for entry in _entries(folder)]
        found = [folder, own / "solve-group-envs", own / ACTIVATION_CACHE, own / TASK_CACHE]
        if (own / paths.ENVIRONMENTS_FOLDER).is_symlink():
            found.append(own / paths.ENVIRONMENTS_FOLDER)
    _refuse_own(prefixes, context)
    for prefix in prefixes:
        _distrust(prefix)
    aside = {prefix: _set_aside(prefix) for prefix in prefixes}
    cleaned = _remove(found, aside)
    if environment is not None:
        paths.sweep_removed(prefixes[0].parent)
    return cleaned


def clean_activations(opened: OpenWorkspace) -> Cleaned:
    """Remove what Pixi's experimental cache of activations keeps."""
    return _remove([paths.pixi_folder(opened.root) / ACTIVATION_CACHE])


def clean_cache(context: Context, parts: Iterable[str]) -> Cleaned:
    """Remove parts of the cache folder (keys of CACHES), which all workspaces share."""
    folder = cache_folder(context.environ)
    return _remove([folder / name for part in parts for name in CACHES[part]])


def _entries(folder: Path) -> list[str]:
    try:
        return [entry.path for entry in os.scandir(folder) if entry.is_dir()]
    except OSError:
        return []


def _refuse_own(prefixes: Sequence[Path], context: Context) -> None:
    """Nobody takes away the ground from under a running kernel, this program, and the server that lives beside it."""
    _refuse_kernels(prefixes, context)
    ours = next((prefix.name for prefix in prefixes if runs_from(prefix)), None)
    if ours is not None:
        raise Refused(
            f"Jupyter itself runs in the environment '{ours}', which would be removed under it.",
            help="Name another environment with `-e`, or stop Jupyter and remove the folder by hand (or with `pixi "
            "clean`). `install --repair` makes the environment as it is locked without removing it. Nothing was "
            "removed.",
        )


def _refuse_kernels(prefixes: Sequence[Path], context: Context) -> None:
    caller = context.caller
    if caller is None or not caller.prefix or not caller.loaded:
        return
    if any(os.path.realpath(prefix) == os.path.realpath(caller.prefix) for prefix in prefixes):
        raise Refused(
            f"This kernel runs in the environment '{caller.environment}', which would be removed under it.",
            help="Shut the kernel down and run `jupyter pixi clean` in a terminal.",
        )


def _distrust(prefix: Path) -> None:
    """Nobody starts in a prefix that is being taken away."""
    try:
        statefile.remove_state(prefix)
        markers.distrust(prefix)
    except OSError:
        pass


def _set_aside(prefix: Path) -> Path:
    """Take a prefix out of its place at once: removing it may be cut short, and what is left is no environment.

    Gives where it is now: in its place where it cannot be renamed (a mount point).
    """
    aside = prefix.with_name(f".{prefix.name}.{secrets.token_hex(4)}{paths.REMOVED}")
    try:
        prefix.rename(aside)
    except OSError:
        return prefix
    return aside


def _remove(found: Iterable[Path], aside: Mapping[Path, Path] = MappingProxyType({})) -> Cleaned:
    """Remove files and folders; `aside` says where those are that have been renamed."""
    removed, size = [], 0
    for name in found:
        path = aside.get(name, name)
        if not os.path.lexists(path):
            continue
        size += _size(path)
        try:
            if path.is_symlink() or not path.is_dir():
                path.unlink()
            else:
                shutil.rmtree(path)
        except OSError as error:
            raise InstallError(f"Cannot remove {error.filename or path}: {error.strerror or error}.") from None
        removed.append(name)
    return Cleaned(tuple(removed), size)


def _size(path: Path) -> int:
    """The bytes of a file, or of all files in a folder."""
    if path.is_symlink():
        return 0
    if not path.is_dir():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size  # noqa: PTH118
            except OSError:
                continue
    return total
