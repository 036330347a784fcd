"""Turns what an install made into Pixi's marker files in `conda-meta`, and reads them back.

`pixi` is the JSON that `pixi run` trusts, `.pixi-environment-fingerprint` the 16 bytes that decide whether the conda
part of an install does anything, `pixi_env_prefix` and `history` are for other tools (pixi_core,
environment/conda_prefix.rs; lock_file/utils). Light: the launcher reads markers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import system

PIXI_VERSION = "0.77.0"
"""The Pixi whose file formats are written, and whose version the marker states."""

INSTALLING = "pixi:installing!"
"""What the fingerprint reads while packages are being moved; left over, it means that the prefix is half made."""

INVALID_HASH = "invalid-hash"
"""What stands for the lock's hash when the prefix is not what the lock says: a filtered or unfinished install."""

FINGERPRINT_FILE = ".pixi-environment-fingerprint"
_MARKER_FILE = "pixi"
_PREFIX_FILE = "pixi_env_prefix"
_HISTORY_FILE = "history"
_HISTORY = b"// not relevant for pixi but for `conda run -p`"


@dataclass(frozen=True)
class Marker:
    """The content of `conda-meta/pixi`.

    `platform` is (subdir, virtual packages in declared order as `name=version[=build]`), None where it is unknown;
    `minimum` is (subdir, every `__*` spec that the locked records depend on), None where it is unknown.
    """

    manifest: str
    environment: str
    hash: str
    platform: tuple[str, tuple[str, ...]] | None
    minimum: tuple[str, tuple[str, ...]] | None
    pixi_version: str = PIXI_VERSION

    def to_json(self) -> str:
        """The file's text: two blanks of indentation, no newline at the end, as Pixi writes it."""
        data: dict[str, Any] = {
            "manifest_path": self.manifest,
            "environment_name": self.environment,
            "pixi_version": self.pixi_version,
            "environment_lock_file_hash": self.hash,
            "resolved_platform": _platform("virtual_packages", self.platform, keep_empty=True),
            "minimum_supported_platform": _platform("requirements", self.minimum, keep_empty=False),
        }
        return json.dumps(data, indent=2, ensure_ascii=False)


def _platform(key: str, value: tuple[str, tuple[str, ...]] | None, *, keep_empty: bool) -> Any:
    if value is None:
        return None
    subdir, texts = value
    return {"subdir": subdir, key: list(texts)} if texts or keep_empty else {"subdir": subdir}


def parse_marker(text: str) -> Marker | None:
    """The marker of a file's text, None if it is not one (older versions of Pixi left other fields out)."""
    try:
        data = json.loads(text)
        return Marker(
            manifest=str(data["manifest_path"]),
            environment=str(data["environment_name"]),
            hash=str(data.get("environment_lock_file_hash") or ""),
            platform=_read_platform(data.get("resolved_platform"), "virtual_packages"),
            minimum=_read_platform(data.get("minimum_supported_platform"), "requirements"),
            pixi_version=str(data.get("pixi_version") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _read_platform(value: Mapping[str, Any] | None, key: str) -> tuple[str, tuple[str, ...]] | None:
    if not value:
        return None
    return str(value["subdir"]), tuple(str(text) for text in value.get(key) or ())


def meta_folder(prefix: Path) -> Path:
    """The `conda-meta` folder of a prefix."""
    return prefix / "conda-meta"


def marker_path(prefix: Path) -> Path:
    """Where the marker of a prefix stands."""
    return meta_folder(prefix) / _MARKER_FILE


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def read_marker(prefix: Path) -> Marker | None:
    """What `conda-meta/pixi` says; None where it is missing or not readable as a marker."""
    text = _read(marker_path(prefix))
    return parse_marker(text) if text is not None else None


def read_fingerprint(prefix: Path) -> str | None:
    """The fingerprint, `INSTALLING`, or None where there is none of 16 characters."""
    text = _read(meta_folder(prefix) / FINGERPRINT_FILE)
    return text if text is not None and len(text) == 16 else None


def read_prefix_path(prefix: Path) -> str | None:
    """The `conda-meta` path that the prefix was installed at, None if it does not say."""
    return _read(meta_folder(prefix) / _PREFIX_FILE)


def has_moved(prefix: Path) -> bool:
    """Whether the prefix says that it was installed elsewhere: its folder was moved or copied since."""
    said = read_prefix_path(prefix)
    here = str(meta_folder(prefix))
    return said is not None and said != here and os.path.realpath(said) != os.path.realpath(here)


def write_marker(prefix: Path, marker: Marker) -> bool:
    """Write `conda-meta/pixi` if it reads otherwise. Returns whether anything was written. Raises OSError.

    It need not reach the disk before the packages do that it vouches for.
    """
    return system.replace_if_changed(marker_path(prefix), marker.to_json().encode(), durable=False)


def write_prefix_files(prefix: Path) -> bool:
    """Write `pixi_env_prefix`, and `history` if it is missing. Returns whether anything was written. Raises OSError."""
    folder = meta_folder(prefix)
    written = system.replace_if_changed(folder / _PREFIX_FILE, str(folder).encode(), durable=False)
    history = folder / _HISTORY_FILE
    if not history.exists() or history.stat().st_size == 0:  # rattler leaves an empty one
        written = system.replace_if_changed(history, _HISTORY, durable=False) or written
    return written


def invalidate_marker(prefix: Path) -> None:
    """Make the marker's hash `invalid-hash`, so that `pixi run` looks closer; no marker stays no marker.

    A marker that cannot be parsed is removed. Raises OSError.
    """
    path = marker_path(prefix)
    text = _read(path)
    if text is None:
        return
    try:
        data = json.loads(text)
        data["environment_lock_file_hash"] = INVALID_HASH
    except (ValueError, TypeError):
        path.unlink(missing_ok=True)
        return
    system.replace_if_changed(path, json.dumps(data, indent=2, ensure_ascii=False).encode())


def distrust(prefix: Path) -> None:
    """Take the marker away and make the fingerprint say that the prefix is half made: it is about to go.

    Raises OSError.
    """
    folder = meta_folder(prefix)
    (folder / _MARKER_FILE).unlink(missing_ok=True)
    try:
        fd = os.open(folder / FINGERPRINT_FILE, os.O_RDWR)
    except FileNotFoundError:
        return
    try:
        system.write_durably(fd, INSTALLING.encode("ascii"))
    finally:
        os.close(fd)


def sweep(prefix: Path, name: str = "*") -> None:
    """Remove what a crash left half written of files of that name in `conda-meta`. Raises OSError.

    Whoever else writes such a file must be kept out (by the prefix's lock), or be ready to fail.
    """
    for path in meta_folder(prefix).glob(f".{name}.*.new"):
        if path.is_dir():
            import shutil

            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def requirements(depends: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """Every `__*` spec among the dependencies of the locked records, each once, in text order."""
    return tuple(sorted({spec for record in depends for spec in record if spec.startswith("__")}))
