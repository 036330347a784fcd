"""Turns a prefix and its lock into a report: what was changed behind the lock's back, and what is damaged.

`!pip install`, `%conda install` and deleted files leave traces that the install's quick comparison does not look for:
here every record and every distribution's RECORD is read, and every file's size (or digest) compared.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from .. import digests
from ..environments.model import Environment
from ..lockfile.model import LockFile
from ..manifest.model import Platform
from .comparison import compare
from .dists import Source, same_version, source
from .installed import (
    INSTALLER,
    CondaRecord,
    Distribution,
    conda_records,
    distributions,
    sha256_of_record,
    site_packages,
)
from .wanted import Wanted, conda_identity, pypi_identity, wanted

What = Literal["missing", "foreign", "changed", "damaged", "unmanaged"]


@dataclass(frozen=True)
class Row:
    """One package that is not what the lock says.

    "missing": locked, not there. "foreign": there, not locked, and an install removes it. "unmanaged": installed by
    another tool (`!pip`), and an install leaves it. "changed": another version or build. "damaged": files are gone or
    differ (`files`, a few of them). `installed` and `locked` are versions; `by` is the tool that installed it, `why`
    what is not as locked where the versions do not tell.
    """

    name: str
    kind: Literal["conda", "pypi"]
    what: What
    installed: str | None = None
    locked: str | None = None
    by: str | None = None
    files: tuple[str, ...] = ()
    why: str | None = None

    @property
    def is_stray(self) -> bool:
        """Whether another tool installed it: what nothing asks for, or what stands in another package's place."""
        if self.what == "changed":
            return self.by is not None
        return self.kind == "pypi" and self.what == "unmanaged"

    def sentence(self) -> str:
        """The row for people."""
        if self.what == "missing":
            return f"{self.name} {self.locked or ''} is in the lock file, but not installed".replace("  ", " ")
        if self.what == "changed":
            by = f", installed by {self.by}" if self.by else ""
            if self.why:
                return f"{self.name} {self.installed} is not as locked: {self.why}"
            return f"{self.name} is {self.installed}{by}; the lock file says {self.locked}"
        if self.what == "damaged":
            return f"{self.name} {self.installed} is damaged: {', '.join(self.files)}"
        by = self.by or ("conda" if self.kind == "conda" else "another tool")
        return f"{self.name} {self.installed} is not in the lock file (installed by {by})"

    def to_dict(self) -> dict[str, Any]:
        """The row as JSON data."""
        return {
            "name": self.name,
            "kind": self.kind,
            "what": self.what,
            "installed": self.installed,
            "locked": self.locked,
            "by": self.by,
            "files": list(self.files),
            "why": self.why,
            "text": self.sentence(),
        }


def drift(
    prefix: Path,
    lock: LockFile,
    environment: Environment,
    platform: Platform,
    root: Path,
    *,
    contents: bool = False,
) -> tuple[Row, ...]:
    """All differences of an installed prefix, by name. `contents` compares digests of all files, not only sizes.

    Raises InstallError if the lock does not know the environment.
    """
    on = environment.on.get(platform.name)
    declared = [str(package) for package in on.virtual_packages] if on else []
    want = wanted(lock, environment.name, platform.name, platform.subdir, declared)
    editable = {name for name, spec in (on.pypi_dependencies if on else ()) if spec.editable}
    return report(prefix, want, {n: source(p, root, n in editable) for n, p in want.pypi.items()}, contents=contents)


def report(prefix: Path, want: Wanted, sources: Mapping[str, Source], *, contents: bool = False) -> tuple[Row, ...]:
    """The same, for what the prefix should hold."""
    records = conda_records(prefix)
    site = site_packages(prefix, records)
    dists = distributions(prefix, site)
    owned = _owned(prefix, records.values())
    loose = {name: d for name, d in dists.items() if str(d.path) not in owned}
    rows = [*_conda_rows(prefix, want, records, contents), *_pypi_rows(want, sources, loose, prefix)]
    rows += [
        Row(name, "pypi", "damaged", d.version, d.version, d.installer or None, files)
        for name, d in loose.items()
        if name in want.pypi and d.installer == INSTALLER and (files := damaged_distribution(d, contents))
    ]
    unreadable = {name for name, record in records.items() if not record.data}
    rows = [row for row in rows if row.kind == "conda" or row.what != "unmanaged" or row.name not in unreadable]
    return tuple(sorted(_merged(rows, loose), key=lambda row: (row.name, row.kind, row.what)))


def _owned(prefix: Path, records: Iterable[CondaRecord]) -> set[str]:
    """The dist-info folders that conda packages linked."""
    return {
        str(prefix / os.path.dirname(file))  # noqa: PTH120 - thousands of them
        for record in records
        for file in record.files
        if file.endswith(".dist-info/METADATA")
    }


def _conda_rows(prefix: Path, want: Wanted, records: Mapping[str, CondaRecord], contents: bool) -> Iterable[Row]:
    for name, package in want.conda.items():
        _, version, build = conda_identity(package)
        record = records.get(name)
        if record is None:
            yield Row(name, "conda", "missing", None, version)
        elif (record.version, record.build) != (version, build):
            full = record.version != version
            there = record.version if full else f"{record.version} {record.build}"
            yield Row(name, "conda", "changed", there, version if full else f"{version} {build}")
        else:
            files = damaged_record(prefix, record, contents)
            if files:
                yield Row(name, "conda", "damaged", record.version, version, None, files)
    for name, record in records.items():
        if name not in want.conda:
            yield Row(name, "conda", "foreign", record.version)


def _pypi_rows(
    want: Wanted, sources: Mapping[str, Source], loose: Mapping[str, Distribution], prefix: Path
) -> Iterable[Row]:
    plan = compare(prefix, want, sources).pypi
    for name in plan.install:
        locked = pypi_identity(want.pypi[name])[1]
        there = loose.get(name)
        if there is None:
            yield Row(name, "pypi", "missing", None, locked)
        else:
            by = there.installer if there.installer != INSTALLER else None
            why = plan.install[name] if locked is None or same_version(locked, there.version) else None
            yield Row(name, "pypi", "changed", there.version, locked, by, why=why)
    for name, there in loose.items():
        if name not in want.pypi:
            what: What = "foreign" if there.installer == INSTALLER else "unmanaged"
            yield Row(name, "pypi", what, there.version, None, there.installer or None)


def _merged(rows: list[Row], loose: Mapping[str, Distribution]) -> Iterable[Row]:
    """One row for what two looks tell of one package.

    A conda package that another tool replaced is a damaged record and a stray distribution; one whose record alone is
    gone is missing, and a stray; a distribution without RECORD is changed, and damaged.
    """
    by_conda = {row.name for row in rows if row.kind == "pypi" and row.what == "unmanaged" and row.by == "conda"}
    forgotten = {row.name for row in rows if row.kind == "conda" and row.what == "missing"} & by_conda
    damaged = {row.name for row in rows if row.kind == "pypi" and row.what == "damaged"}
    rows = [
        replace(row, what="damaged", installed=row.locked, files=("its record in conda-meta",))
        if row.kind == "conda" and row.name in forgotten
        else row
        for row in rows
        if row.kind == "conda"
        or (row.name not in forgotten and (row.what != "changed" or row.by is not None or row.name not in damaged))
    ]
    replaced = {row.name for row in rows if row.kind == "conda" and row.what == "damaged"} & {
        row.name for row in rows if row.kind == "pypi" and row.what == "unmanaged"
    }
    for row in rows:
        if row.name not in replaced:
            yield row
        elif row.kind == "conda":
            there = loose[row.name]
            yield Row(row.name, "conda", "changed", there.version, row.locked, there.installer or None)


_SHOWN = 5
"""How many files of a damaged package are named."""


def damaged_record(prefix: Path, record: CondaRecord, contents: bool = False) -> tuple[str, ...]:
    """The first few files of a conda package that are gone or differ: by size, with `contents` by digest.

    Files that had the prefix's path patched in have no size to compare; compiled Python files may be gone.
    """
    if not record.data:
        return (f"conda-meta/{record.path.name}",)
    data = record.data.get("paths_data")
    entries = data.get("paths") if isinstance(data, dict) else None
    found: list[str] = []
    root = f"{prefix}{os.sep}"  # texts in place of paths: a prefix has tens of thousands of files
    for entry in entries or ():
        path = root + str(entry.get("_path", ""))
        if entry.get("no_link") or path.endswith(".pyc") or entry.get("path_type") == "directory":
            continue
        patched = bool(entry.get("prefix_placeholder"))
        digest = entry.get("sha256_in_prefix") or (None if patched else entry.get("sha256"))
        size = None if patched else entry.get("size_in_bytes")
        if entry.get("path_type") == "softlink":
            digest = size = None
            if _leads_elsewhere(path, str(entry["_path"]), record):
                found.append(str(entry["_path"]))
                continue
        if _differs(path, size, digest if contents else None):
            found.append(str(entry["_path"]))
            if len(found) == _SHOWN:
                break
    return tuple(found)


def _leads_elsewhere(path: str, name: str, record: CondaRecord) -> bool:
    """Whether a link of a package is no link any more, or leads to nothing where the package's own does not."""
    if not os.path.lexists(path) or os.path.exists(path):  # noqa: PTH110 - thousands of them
        return os.path.lexists(path) and not os.path.islink(path)  # noqa: PTH114
    try:
        return os.readlink(path) != os.readlink(f"{record.data['extracted_package_dir']}/{name}")  # noqa: PTH115
    except (OSError, KeyError):
        return False


def damaged_distribution(there: Distribution, contents: bool = False) -> tuple[str, ...]:
    """The first few files of a Python distribution's RECORD that are gone or differ."""
    import csv

    try:
        text = (there.path / "RECORD").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ("RECORD",)
    found: list[str] = []
    for row in csv.reader(text.splitlines()):
        if len(row) != 3 or not row[2] or row[0].endswith((".pyc", ".dist-info/RECORD")):
            continue  # (a RECORD cannot tell its own size, and some builds try)
        digest = sha256_of_record(row[1]) if contents else None
        if _differs(str(there.path.parent / row[0]), int(row[2]), digest):
            found.append(row[0])
            if len(found) == _SHOWN:
                break
    return tuple(found)


def _differs(path: str, size: object, digest: str | None) -> bool:
    try:
        there = os.lstat(path)
    except OSError:
        return True
    if stat.S_ISLNK(there.st_mode):
        return False
    if isinstance(size, int) and there.st_size != size:
        return True
    return digest is not None and digests.file_digest(path) != digest
