"""Turns an install that was cut short into a prefix without the files of packages that it had only begun.

A package is recorded in `conda-meta` after its last file is linked, and forgotten before its last file is gone. A crash
or a full disk in between leaves files that nobody owns and that could be imported all the same. So an install notes
beforehand which packages will move; the next one finds in the package cache what they consist of.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from .installed import conda_records, site_packages
from .markers import meta_folder
from .strays import remove_empty

FILE = "jupyter-pixi-linking"
"""The note's name in `conda-meta`; no `.json`, for conda tools take every such file there for a package's record."""

Identity = tuple[str, str, str]
"""Name, version and build."""


def path(prefix: Path) -> Path:
    """Where the note of a prefix stands."""
    return meta_folder(prefix) / FILE


def note(prefix: Path, moving: Iterable[Identity]) -> None:
    """Note what will be linked or removed, besides what an earlier install has noted and not done. Raises OSError."""
    found = sorted({*_noted(prefix), *moving})
    path(prefix).write_text(json.dumps(found), encoding="utf-8")


def forget(prefix: Path) -> None:
    """The install is complete. Raises OSError."""
    path(prefix).unlink(missing_ok=True)


def sweep(prefix: Path, package_cache: Path) -> None:
    """Remove the files of noted packages that are not recorded, as far as no recorded package owns them.

    What the cache does not have any more is left. Raises OSError.
    """
    noted = _noted(prefix)
    if not noted:
        return
    records = conda_records(prefix)
    lost = [i for i in noted if i[0] not in records or (records[i[0]].version, records[i[0]].build) != i[1:]]
    owned = {file for record in records.values() for file in record.files}
    top = Path(os.path.realpath(prefix))
    site = site_packages(prefix, records)
    folder = str(site.relative_to(prefix)) if site is not None else None
    emptied: set[Path] = set()
    for identity in lost:
        for name in _files(package_cache / "-".join(identity), folder):
            path = Path(os.path.normpath(prefix / name))
            if name not in owned and Path(os.path.realpath(path.parent)).is_relative_to(top) and path != prefix:
                emptied |= remove_file(path)
    for each in sorted(emptied, key=lambda each: len(each.parts), reverse=True):
        remove_empty(each, prefix)


def _noted(prefix: Path) -> list[Identity]:
    try:
        rows: Any = json.loads(path(prefix).read_bytes())
        return [(str(name), str(version), str(build)) for name, version, build in rows]
    except (OSError, ValueError, TypeError):
        return []


def _files(package: Path, site: str | None) -> Iterator[str]:
    """Where the files of an unpacked package are in a prefix. (conda: `info/paths.json` and `info/link.json`.)"""
    for entry in _json(package / "info/paths.json").get("paths") or ():
        name = str(entry.get("_path", ""))
        if name.startswith("site-packages/"):
            if site is not None:
                yield f"{site}/{name.removeprefix('site-packages/')}"
        elif name.startswith("python-scripts/"):
            yield f"bin/{name.removeprefix('python-scripts/')}"
        else:
            yield name
    noarch = _json(package / "info/link.json").get("noarch")
    for point in (noarch.get("entry_points") or ()) if isinstance(noarch, dict) else ():
        program = str(point).partition("=")[0].strip()
        if program:
            yield f"bin/{program}"


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def remove_file(path: Path) -> set[Path]:
    """Remove a file, and what Python compiled of it. The folders that may be empty now. Raises OSError."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    compiled = path.parent / "__pycache__"
    if path.suffix == ".py":
        for each in compiled.glob(f"{path.stem}.*.pyc"):
            each.unlink(missing_ok=True)
    return {path.parent, compiled}
