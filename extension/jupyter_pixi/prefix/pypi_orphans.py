"""Turns an install that was cut short while uv worked into a prefix without the PyPI packages that were in its hands.

uv removes and links the files of a package in any order, so a crash in between leaves modules that can be imported and
that no RECORD names. An install notes beforehand which packages will move, and the files of those that are there; what
the others consist of, the next one finds in uv's cache. All locked packages are installed anew after that.
"""

from __future__ import annotations

import configparser
import csv
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .installed import INSTALLER, Distribution, conda_records, distributions, normalise, site_packages
from .markers import meta_folder
from .orphans import remove_file
from .strays import remove_empty

FILE = "jupyter-pixi-moving"
"""The note's name in `conda-meta`."""

_OURS = ("", "uv", INSTALLER)
"""What INSTALLER reads in the distributions that an install was at, as far as it has come."""


def note(prefix: Path, moving: Iterable[str], there: Mapping[str, Distribution]) -> None:
    """Note the packages (normalised names) that will come, go or change. Raises OSError."""
    noted = _noted(prefix)
    for name in moving:
        files = (
            [_in_prefix(prefix, there[name].path.parent, file) for file in there[name].files] if name in there else []
        )
        noted[name] = sorted({*noted.get(name, ()), *files})
    (meta_folder(prefix) / FILE).write_text(json.dumps(noted), encoding="utf-8")


def forget(prefix: Path) -> None:
    """The install is complete. Raises OSError."""
    (meta_folder(prefix) / FILE).unlink(missing_ok=True)


def sweep(prefix: Path, cache: Path) -> None:
    """Remove the noted packages, as far as nobody else owns their files. `cache` is uv's. Raises OSError."""
    noted = _noted(prefix)
    records = conda_records(prefix)
    site = site_packages(prefix, records)
    if not noted or site is None:
        return
    there = distributions(prefix, site)
    ours = {name for name in noted if name not in there or there[name].installer in _OURS}
    owned = {file for record in records.values() for file in record.files}
    owned |= {_in_prefix(prefix, site, file) for name, d in there.items() if name not in ours for file in d.files}
    files = {file for name in ours for file in noted[name]}
    files |= {_in_prefix(prefix, site, file) for file in _cached(cache, ours, prefix, site)}
    top = Path(os.path.realpath(prefix))
    emptied: set[Path] = set()
    for name in files - owned:
        path = Path(os.path.normpath(prefix / name))
        if Path(os.path.realpath(path.parent)).is_relative_to(top):
            emptied |= remove_file(path)
    for unfinished in (file for folder in emptied for file in folder.glob(".tmp??????")):
        remove_file(unfinished)  # uv's copy of a file, where it cannot link
    for name in ours & there.keys():
        info = str(there[name].path.relative_to(prefix))
        if not any(file.startswith(f"{info}/") for file in owned):
            shutil.rmtree(there[name].path, ignore_errors=True)
    for folder in sorted(emptied, key=lambda each: len(each.parts), reverse=True):
        remove_empty(folder, prefix)


def _noted(prefix: Path) -> dict[str, list[str]]:
    try:
        rows: Any = json.loads((meta_folder(prefix) / FILE).read_bytes())
        return {str(name): [str(file) for file in files] for name, files in rows.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _in_prefix(prefix: Path, site: Path, file: str) -> str:
    """A file of a RECORD, relative to the prefix."""
    return os.path.relpath(os.path.normpath(site / file), prefix)


def _cached(cache: Path, names: set[str], prefix: Path, site: Path) -> Iterator[str]:
    """The files that uv links of those packages, relative to site-packages, of whatever versions the cache has.

    (uv keeps unpacked wheels in `archive-v0/<id>`; their `.data` folders and entry points are as in the binary
    distribution format.)
    """
    back = os.path.relpath(prefix, site)
    schemes = {"purelib": ".", "platlib": ".", "scripts": f"{back}/bin", "data": back}
    for info in cache.glob("archive-v*/*/*.dist-info"):
        stem = info.name.removesuffix(".dist-info")
        if normalise(stem.partition("-")[0]) not in names:
            continue
        for file in _record(info / "RECORD"):
            scheme, _, rest = file.removeprefix(f"{stem}.data/").partition("/")
            if not file.startswith(f"{stem}.data/"):
                yield file
            elif scheme in schemes:
                yield f"{schemes[scheme]}/{rest}"
        yield from (f"{back}/bin/{script}" for script in _scripts(info / "entry_points.txt"))


def _record(path: Path) -> list[str]:
    try:
        return [row[0] for row in csv.reader(path.read_text(encoding="utf-8").splitlines()) if row]
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _scripts(path: Path) -> list[str]:
    parser = configparser.RawConfigParser(delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names of programs keep their case
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return []
    return [
        name
        for section in ("console_scripts", "gui_scripts")
        if parser.has_section(section)
        for name in parser.options(section)
    ]
