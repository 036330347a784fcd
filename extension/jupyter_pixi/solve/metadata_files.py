"""Files that say what a Python package needs (METADATA, PKG-INFO, pyproject.toml) to raw, unnormalised metadata."""

from __future__ import annotations

import re
import tomllib
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

_RELEVANT = ("version", "dependencies", "optional-dependencies", "requires-python")
_DYNAMIC = ("version", "requires-dist", "requires-python", "provides-extra")


@dataclass(frozen=True)
class Raw:
    """Metadata as a file has it: requirements in the author's spelling."""

    version: str | None
    requires_dist: tuple[str, ...]
    requires_python: str | None

    @staticmethod
    def from_metadata(text: str) -> Raw:
        """Reads the headers of a METADATA or PKG-INFO file."""
        headers = HeaderParser().parsestr(text)
        return Raw(headers.get("Version"), tuple(headers.get_all("Requires-Dist", [])), headers.get("Requires-Python"))


def directory(path: Path) -> Raw | None:
    """The metadata of a source directory, if its pyproject.toml says all of it without running anything."""
    try:
        data = tomllib.loads((path / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    project: dict[str, Any] = data.get("project") or {}
    if "name" not in project or any(key in project.get("dynamic", ()) for key in _RELEVANT):
        return None
    if "version" not in project:
        return None
    requirements = list(project.get("dependencies", ()))
    for extra, rows in (project.get("optional-dependencies") or {}).items():
        requirements += [_with_extra(row, extra) for row in rows]
    return Raw(project["version"], tuple(requirements), project.get("requires-python"))


def _with_extra(row: str, extra: str) -> str:
    head, separator, marker = row.partition(" ;") if " @ " in row else row.partition(";")
    if separator and marker.strip():
        return f"{head.strip()} ; ({marker.strip()}) and extra == '{extra}'"
    return f"{row.strip()} ; extra == '{extra}'"


def git_checkout(cache: Path, commit: str, subdirectory: str | None) -> Raw | None:
    """The static metadata of a commit that uv has checked out in its cache."""
    if not commit:
        return None
    for checkout in sorted(cache.glob(f"git-v*/checkouts/*/{commit[:7]}*")):
        found = directory(checkout / subdirectory if subdirectory else checkout)
        if found is not None:
            return found
    return None


def wheel_file(path: Path) -> Raw | None:
    """The metadata in a wheel on disk."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)]
            return Raw.from_metadata(archive.read(names[0]).decode()) if names else None
    except (OSError, zipfile.BadZipFile):
        return None


def unpacked_wheel(cache: Path, file_name: str) -> Raw | None:
    """The metadata of a wheel that uv has unpacked in its cache."""
    stem = "-".join(file_name.split("-")[:2])
    return _first(cache.glob(f"archive-v*/*/{_literal(stem)}.dist-info/METADATA"))


def sdist(cache: Path, name: str, version: str) -> Raw | None:
    """The metadata of a source archive that uv has unpacked, if it is complete (Metadata-Version 2.2, not dynamic)."""
    for path in sorted(cache.glob(f"sdists-v*/*/{_literal(name)}/{_literal(version)}/*/src/PKG-INFO")):
        text = path.read_text(encoding="utf-8", errors="replace")
        headers = HeaderParser().parsestr(text)
        declared = tuple(int(n) for n in re.findall(r"\d+", headers.get("Metadata-Version", "1.0")))
        dynamic = {value.lower() for value in headers.get_all("Dynamic", [])}
        if declared >= (2, 2) and not dynamic.intersection(_DYNAMIC):
            return Raw.from_metadata(text)
    return None


def _first(paths: Iterable[Path]) -> Raw | None:
    for path in sorted(paths):
        return Raw.from_metadata(path.read_text(encoding="utf-8", errors="replace"))
    return None


def _literal(text: str) -> str:
    """A text for a glob pattern that matches only itself."""
    return re.sub(r"([*?\[])", r"[\1]", text)
