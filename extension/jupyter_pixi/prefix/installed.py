"""Turns a prefix's folder into what is in it: conda records, Python distributions, kernels.

Names come from file names alone, so that a look at a large prefix stays cheap; JSON is read when it is asked for.
Light: no rattler.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .markers import meta_folder

INSTALLER = "uv-pixi"
"""What Pixi writes into INSTALLER: the mark of the PyPI packages that the lock file owns."""

_RECORD = re.compile(r"(?P<name>.+)-(?P<version>[^-]+)-(?P<build>[^-]+)\.json$")


def normalise(name: str) -> str:
    """A Python distribution's name in its one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True)
class CondaRecord:
    """A package that `conda-meta` records. `data` reads the whole JSON (empty where it is not readable)."""

    name: str
    version: str
    build: str
    path: Path

    @cached_property
    def data(self) -> Mapping[str, Any]:
        """The record's JSON."""
        try:
            data = json.loads(self.path.read_bytes())
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    @property
    def files(self) -> tuple[str, ...]:
        """The files it linked, relative to the prefix, with `/`."""
        return tuple(self.data.get("files") or ())


def conda_records(prefix: Path) -> dict[str, CondaRecord]:
    """What `conda-meta` records, by name. A prefix that is not there has none."""
    records: dict[str, CondaRecord] = {}
    try:
        entries = sorted(entry.name for entry in os.scandir(meta_folder(prefix)))
    except OSError:
        return records
    for entry in entries:
        split = split_record(entry)
        if split:
            records[split[0]] = CondaRecord(*split, meta_folder(prefix) / entry)
    return records


def split_record(entry: str) -> tuple[str, str, str] | None:
    """Name, version and build in the name of a record of `conda-meta`; None if it is none."""
    match = _RECORD.match(entry)
    return (match["name"].lower(), match["version"], match["build"]) if match else None


def forget_unreadable(prefix: Path) -> frozenset[str]:
    """Remove the records that cannot be read, and return their names: such packages can only be linked anew.

    Raises OSError.
    """
    lost = {name: record for name, record in conda_records(prefix).items() if not record.data}
    for record in lost.values():
        record.path.unlink(missing_ok=True)
    return frozenset(lost)


def sha256_of_record(text: str) -> str | None:
    """The hexadecimal digits of a digest as RECORD has it (`sha256=` and URL-safe base64, PEP 376); else None."""
    import base64

    raw = text.removeprefix("sha256=")
    return base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)).hex() if raw != text else None


@dataclass(frozen=True)
class Distribution:
    """A Python distribution: its `.dist-info` folder, with the small files read when asked for."""

    name: str  # normalised
    version: str
    path: Path

    def _text(self, name: str) -> str | None:
        try:
            return (self.path / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    @cached_property
    def installer(self) -> str:
        """Who says that it installed it: "uv-pixi", "conda", "pip", or empty."""
        return (self._text("INSTALLER") or "").strip()

    @cached_property
    def direct_url(self) -> Mapping[str, Any] | None:
        """The content of `direct_url.json` (PEP 610); None without one."""
        text = self._text("direct_url.json")
        try:
            return json.loads(text) if text else None
        except ValueError:
            return None

    @cached_property
    def requires_python(self) -> str | None:
        """`Requires-Python` of its metadata, without blanks."""
        for line in (self._text("METADATA") or "").splitlines():
            if not line:
                break
            if line.lower().startswith("requires-python:"):
                return line.split(":", 1)[1].replace(" ", "")
        return None

    @cached_property
    def requires(self) -> tuple[str, ...]:
        """`Requires-Dist` of its metadata, without what only extras ask for."""
        from email.parser import HeaderParser

        found = HeaderParser().parsestr(self._text("METADATA") or "").get_all("Requires-Dist") or ()
        return tuple(text for text in found if "extra ==" not in text)

    @cached_property
    def _rows(self) -> tuple[list[str], ...]:
        import csv

        return tuple(row for row in csv.reader((self._text("RECORD") or "").splitlines()) if row)

    @property
    def files(self) -> tuple[str, ...]:
        """The files of its RECORD, relative to site-packages, with `/`."""
        return tuple(row[0] for row in self._rows)

    def digest(self, file: str) -> str | None:
        """The SHA-256 that its RECORD has of a file, in hexadecimal digits; None where it has none."""
        found = next((row[1] for row in self._rows if row[0] == file and len(row) > 1), "")
        return sha256_of_record(found)


def site_packages(prefix: Path, records: Mapping[str, CondaRecord] | None = None) -> Path | None:
    """The site-packages of the prefix's Python; without a conda Python the newest there is. None if there is none."""
    folders = _site_folders(prefix)
    record = (records if records is not None else conda_records(prefix)).get("python")
    if record is not None:
        name = "python" + ".".join(record.version.split(".")[:2])
        fitting = [path for path in folders if path.parent.name in (name, f"{name}t", "Lib")]
        if fitting:
            return fitting[0]
        return None
    return max(folders, key=lambda path: _version_key(path.parent.name.removeprefix("python")), default=None)


def other_site_packages(prefix: Path, current: Path | None) -> tuple[Path, ...]:
    """The site-packages of Pythons that the prefix had before: what the lock owns there is a left-over."""
    return tuple(path for path in _site_folders(prefix) if path != current)


def _site_folders(prefix: Path) -> list[Path]:
    found = [
        path
        for path in sorted((prefix / "lib").glob("python3*/site-packages"))
        if path.is_dir() and not path.parent.is_symlink()
    ]
    windows = prefix / "Lib" / "site-packages"
    return found or ([windows] if windows.is_dir() else [])


def _version_key(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def distributions(prefix: Path, site: Path | None = None) -> dict[str, Distribution]:
    """The Python distributions in a prefix's site-packages, by normalised name."""
    folder = site or site_packages(prefix)
    found: dict[str, Distribution] = {}
    if folder is None:
        return found
    try:
        entries = sorted(entry.name for entry in os.scandir(folder) if entry.name.endswith(".dist-info"))
    except OSError:
        return found
    for entry in entries:
        name, _, version = entry.removesuffix(".dist-info").partition("-")
        if name and version:
            found[normalise(name)] = Distribution(normalise(name), version, folder / entry)
    return found


@dataclass(frozen=True)
class Python:
    """The prefix's Python: full version ("3.11.7"), its executable, its ABI tag ("cp311")."""

    version: str
    executable: Path
    abi: str


def python(prefix: Path, records: Mapping[str, CondaRecord] | None = None) -> Python | None:
    """The Python of the conda package `python` in this prefix; None without one."""
    record = (records if records is not None else conda_records(prefix)).get("python")
    if record is None:
        return None
    major, minor = [*record.version.split("."), "0"][:2]
    windows = (prefix / "python.exe").exists()
    executable = prefix / "python.exe" if windows else prefix / "bin" / f"python{major}.{minor}"
    if not windows and not executable.exists() and (prefix / "bin" / "python").exists():
        executable = prefix / "bin" / "python"
    threaded = "t" if record.build.endswith(("_cp313t", "_cp314t")) else ""
    return Python(record.version, executable, f"cp{major}{minor}{threaded}")
