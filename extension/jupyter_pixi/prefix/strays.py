"""Turns a distribution that another tool put into a prefix into its absence, by its own record of files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from .installed import Distribution


def remove_distribution(prefix: Path, there: Distribution) -> None:
    """Remove the files that RECORD names, compiled ones too, as far as they lie in the prefix; then the dist-info.

    Folders that are empty afterwards go as well. Files that conda packages own may be among them: those packages have
    to be linked anew. Raises OSError.
    """
    site = there.path.parent
    top = Path(os.path.realpath(prefix))
    folders: set[Path] = set()
    for name in there.files:
        path = Path(os.path.normpath(site / name))
        if not Path(os.path.realpath(path.parent)).is_relative_to(top):
            continue
        path.unlink(missing_ok=True)
        if path.suffix == ".py":
            for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
                compiled.unlink(missing_ok=True)
        folders |= {path.parent, path.parent / "__pycache__"}
    shutil.rmtree(there.path, ignore_errors=True)
    for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
        remove_empty(folder, site)


def remove_empty(folder: Path, top: Path) -> None:
    """Remove a folder and those above it, up to but without `top`, as far as they are empty."""
    while folder != top and folder.is_relative_to(top):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
