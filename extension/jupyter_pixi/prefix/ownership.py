"""Turns a file of a prefix into the package that it belongs to, or that it belonged to before something changed.

What is installed tells it in its records; what is gone is told by its folder in the package cache, while it is there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

from .installed import CondaRecord, Distribution, conda_records, distributions, normalise, site_packages, split_record

Key = tuple[str, str]
"""("conda" | "pypi", name)."""

Versions = Mapping[Key, tuple[str, ...]]
"""Version (and, of a conda package, build) by kind and name."""


def versions_in(entries: Iterable[str]) -> Versions:
    """What is installed, by the names of files in `conda-meta` and of folders in site-packages."""
    found: dict[Key, tuple[str, ...]] = {}
    for entry in entries:
        record = split_record(entry)
        if record is not None:
            found["conda", record[0]] = record[1:]
        elif entry.endswith((".dist-info", ".egg-info")):
            name, _, version = entry.rpartition(".")[0].partition("-")
            found["pypi", normalise(name)] = (version,)
    return found


def version_in(versions: Versions, key: Key) -> str | None:
    """A package's version; where another tool has put its distribution in a conda package's place, that one's."""
    found = versions.get(("pypi", normalise(key[1]))) or versions.get(key)
    return found[0] if found else None


class Ownership:
    """Whose the files of a prefix are, and were. `cache` is the folder with the unpacked conda packages."""

    def __init__(self, prefix: Path, cache: Path) -> None:
        self._prefix, self._cache = prefix, cache
        self._roots = tuple({f"{root}{os.sep}" for root in (str(prefix), os.path.realpath(prefix))})
        self._known: dict[tuple[str, ...], frozenset[str]] = {}

    @cached_property
    def now(self) -> Versions:
        """What is installed."""
        found: dict[Key, tuple[str, ...]] = {("conda", n): (r.version, r.build) for n, r in self._records.items()}
        for name, each in self._distributions.items():
            record = self._records.get(name)
            own = record is not None and each.version != record.version and self._has_metadata(record)
            found["pypi", name] = (record.version,) if record is not None and own else (each.version,)
        return found

    def _has_metadata(self, record: CondaRecord) -> bool:
        """Whether the distribution of a conda package is there, beside a left-over of another tool's."""
        files = [file for file in record.files if file.endswith(".dist-info/METADATA")]
        return bool(files) and all((self._prefix / file).exists() for file in files)

    @cached_property
    def _records(self) -> dict[str, CondaRecord]:
        return conda_records(self._prefix)

    @cached_property
    def _site(self) -> Path | None:
        return site_packages(self._prefix, self._records)

    @cached_property
    def _distributions(self) -> dict[str, Distribution]:
        return distributions(self._prefix, self._site)

    def moved(self, path: str, then: Versions, module: str) -> Key | None:
        """Which of the packages that were there in another version `then` had this file, or has it now.

        Where no record tells, one of them that has the module's name. None where there is none.
        """
        file = self._relative(path)
        moved = [key for key in then if self.now.get(key) != then[key]]
        for key in moved:
            if file in self._files(key) or _in_package(file, self._files_before(key, then[key])):
                return key
        return next((key for key in moved if module and normalise(key[1]) == normalise(module)), None)

    def owner(self, path: str) -> Key | None:
        """The installed package that this file belongs to."""
        file = self._relative(path)
        return next((key for key in self.now if file in self._files(key)), None)

    def edited(self, path: str, then: Versions) -> Key | None:
        """The installed package of this file, if it was not there `then`, or has not brought the file as it is."""
        key = self.owner(path)
        if key is None or key not in then:
            return key
        known = self._digest(key, self._relative(path))
        from ..digests import file_digest

        return key if known != file_digest(path) else None

    def _relative(self, path: str) -> str:
        return next((path[len(root) :] for root in self._roots if path.startswith(root)), path)

    def _files(self, key: Key) -> frozenset[str]:
        """The files of an installed package, relative to the prefix."""
        kind, name = key
        if (files := self._known.get(key)) is None:
            if kind == "conda":
                files = frozenset(self._records[name].files) if name in self._records else frozenset()
            elif self._site is not None and name in self._distributions:
                site = self._relative(str(self._site))
                files = frozenset(f"{site}/{file}" for file in self._distributions[name].files)
            else:
                files = frozenset()
            self._known[key] = files
        return files

    def _files_before(self, key: Key, version: tuple[str, ...]) -> frozenset[str]:
        """The files of a conda package that the cache has unpacked."""
        if key[0] != "conda":
            return frozenset()
        words = (key[1], *version)
        if words not in self._known:
            try:
                paths = json.loads((self._cache / "-".join(words) / "info/paths.json").read_bytes())["paths"]
                self._known[words] = frozenset(str(path["_path"]) for path in paths)
            except (OSError, ValueError, KeyError, TypeError):
                self._known[words] = frozenset()
        return self._known[words]

    def _digest(self, key: Key, file: str) -> str | None:
        """The SHA-256 that an installed package records of its file, in hexadecimal digits."""
        if key[0] == "conda":
            data = self._records[key[1]].data.get("paths_data") or {}
            for entry in data.get("paths") or ():
                if entry.get("_path") == file:
                    return str(entry.get("sha256_in_prefix") or entry.get("sha256"))
            return None
        return self._distributions[key[1]].digest(file.rpartition("site-packages/")[2])


def _in_package(file: str, files: frozenset[str]) -> bool:
    """Whether a file of a prefix is among those of an archive, where Python's are in `site-packages/` (noarch)."""
    return file in files or f"site-packages/{file.rpartition('/site-packages/')[2]}" in files
