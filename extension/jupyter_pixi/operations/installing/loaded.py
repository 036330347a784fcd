"""Turns what a kernel says of itself into which packages of its prefix are in use.

A conda package is in use if a file that it linked was imported or is mapped by the process: BLAS, OpenSSL and CUDA
belong to packages that no Python distribution names. A PyPI package is, if its distribution was imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...prefix.installed import CondaRecord, conda_records, normalise, site_packages
from ..context import Caller

Key = tuple[str, str]
"""("conda" | "pypi", name)."""

PYTHON = ("conda", "python")


def is_own_kernel(caller: Caller) -> bool:
    """Whether the caller runs in its prefix's interpreter; a rescue kernel has nothing of it loaded."""
    return bool(caller.modules or caller.loaded)


def loaded_keys(caller: Caller, candidates: Iterable[Key]) -> set[Key]:
    """Which of the candidate packages the kernel has loaded."""
    wanted = set(candidates)
    if not is_own_kernel(caller) and not caller.mapped:
        return set()
    found = {key for key in wanted if key[0] == "pypi" and key[1] in _distributions(caller)}
    if PYTHON in wanted and is_own_kernel(caller):
        found.add(PYTHON)
    inside = _files_inside(caller)
    if any(kind == "conda" for kind, _ in wanted):
        prefix = Path(caller.prefix)
        records = conda_records(prefix)
        site = site_packages(prefix, records)
        folder = os.path.relpath(site, prefix) if site is not None else ""
        for kind, name in wanted - found:
            record = records.get(name)
            if kind == "conda" and record is not None and _is_loaded(record, inside, caller, folder):
                found.add((kind, name))
    return found


def _distributions(caller: Caller) -> set[str]:
    return {normalise(each.name) for each in caller.loaded}


def _files_inside(caller: Caller) -> set[str]:
    """The files of the prefix that are in use, relative to it: as they are named, and where links lead."""
    roots = {caller.prefix.rstrip(os.sep) + os.sep, os.path.realpath(caller.prefix) + os.sep}
    found = set()
    for path in _files(caller):
        for each in {path, os.path.realpath(path)}:
            found |= {each[len(root) :] for root in roots if each.startswith(root)}
    return found


def _files(caller: Caller) -> Iterator[str]:
    for each in caller.loaded:
        yield from each.files
    yield from caller.mapped


def _is_loaded(record: CondaRecord, inside: set[str], caller: Caller, site: str) -> bool:
    files = record.files
    if not inside.isdisjoint(files):
        return True
    if any(name.endswith((".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info")) for name in files):
        return False  # its distribution would have been named; a namespace that it shares proves nothing
    tops = {name[len(site) + 1 :].split("/", 1)[0].split(".", 1)[0] for name in files if name.startswith(f"{site}/")}
    return not tops.isdisjoint(caller.modules)
