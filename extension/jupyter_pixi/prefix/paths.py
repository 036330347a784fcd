"""Turns a workspace root, a configuration and an environment's name into folders, and prepares `.pixi`.

(Pixi: docs/reference/pixi_configuration.md, detached-environments; pixi_core, workspace paths.) Only light modules
are imported here, because the kernel launcher asks for paths as well.
"""

from __future__ import annotations

import os
from pathlib import Path

from .. import system

PIXI_FOLDER = ".pixi"
ENVIRONMENTS_FOLDER = "envs"
STATE_FOLDER = "jupyter-pixi"
"""Ours inside `.pixi`: journal, history, operations."""

REMOVED = ".removed"
"""What the name of a prefix ends with that was taken out of its place to be removed."""

_IGNORE_FILES = {
    ".gitignore": b"*\n!config.toml\n",
    ".condapackageignore": b".pixi\n!.pixi/config.toml\n",
}


def pixi_folder(root: Path) -> Path:
    """The workspace's `.pixi`."""
    return root / PIXI_FOLDER


def state_folder(root: Path) -> Path:
    """Where this product keeps its own files of a workspace: `.pixi/jupyter-pixi` (it may not exist)."""
    return root / PIXI_FOLDER / STATE_FOLDER


def detached_folder(
    root: Path, workspace: str, detached: bool | str | Path | None, cache_folder: Path | None
) -> Path | None:
    """The workspace's own folder under `detached-environments`, or None where environments stay in `.pixi`.

    `detached` is the configuration's value: a folder, or True for `envs` in the cache folder. The name is the
    workspace's with the decimal xxh3 digest of the root's path behind it, as Pixi makes it.
    """
    if not detached:
        return None
    if detached is True:
        if cache_folder is None:
            return None
        base = cache_folder / ENVIRONMENTS_FOLDER
    else:
        base = Path(detached).expanduser()
    from .digests import xxh3  # loads a C extension

    return base / f"{workspace}-{xxh3(os.fsencode(str(root)))}"


def environments_folder(
    root: Path,
    workspace: str = "",
    detached: bool | str | Path | None = None,
    cache_folder: Path | None = None,
) -> Path:
    """The folder that holds the prefixes: `.pixi/envs`, or `envs` in the detached folder."""
    base = detached_folder(root, workspace, detached, cache_folder)
    return (base if base is not None else pixi_folder(root)) / ENVIRONMENTS_FOLDER


def prefix_path(
    root: Path,
    environment: str,
    workspace: str = "",
    detached: bool | str | Path | None = None,
    cache_folder: Path | None = None,
) -> Path:
    """The prefix of an environment (it may not exist)."""
    return environments_folder(root, workspace, detached, cache_folder) / environment


def sweep_removed(environments: Path) -> None:
    """Remove what is left of prefixes whose removing was cut short; somebody else may be at it, too."""
    for path in environments.glob(f".*{REMOVED}"):
        import shutil

        shutil.rmtree(path, ignore_errors=True)


def prepare_pixi_folder(root: Path, environments: Path | None = None) -> None:
    """Make `.pixi` with its ignore files, each only where it is missing; and the link to detached environments.

    `environments` is the folder of prefixes; if it lies elsewhere, `.pixi/envs` becomes a link to it (unless
    something else is already there). A folder that cannot be written is left alone, as Pixi leaves it. Raises OSError
    if `.pixi` itself cannot be made.
    """
    folder = pixi_folder(root)
    folder.mkdir(exist_ok=True)
    for name, content in _IGNORE_FILES.items():
        path = folder / name
        if not path.exists():
            try:
                system.replace_file(path, content)
            except PermissionError:
                pass
    if environments is None or system.WINDOWS:
        return
    link = folder / ENVIRONMENTS_FOLDER
    if environments == link:
        return
    environments.mkdir(parents=True, exist_ok=True)
    if link.is_symlink() and link.readlink() != environments:
        link.unlink()
    if not link.is_symlink() and not link.exists():
        link.symlink_to(environments, target_is_directory=True)
