"""The bytes of a pixi.lock -> `LockFile`, or a sentence with the line at fault."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import LockFileError, Place
from . import legacy, schema, yaml_general, yaml_subset
from .model import CURRENT_VERSION, LockFile
from .shapes import BadShape

_LARGEST = 256 * 1024 * 1024
_VERSION = re.compile(r"^version:\s*(\d{1,9})\s*(?:#.*)?$", re.MULTILINE)
_QUOTED_VERSION = re.compile(r"^version:\s*['\"]", re.MULTILINE)
_CONFLICT = re.compile(r"^(?:<{7}|>{7}|={7})(?: |$)", re.MULTILINE)
_HELP = "Restore it from version control (`restore` brings git's HEAD), or delete it and lock again (`lock`)."
_MARKERS = ("<" * 7, ">" * 7, "=" * 7)


class LockTooNew(LockFileError):
    """The lock file has a version this engine does not know: it is never written over. `version` says which."""

    code = "lock-too-new"

    def __init__(self, version: int, path: Path) -> None:
        super().__init__(
            f"Lock-file version {version} is newer than supported (the newest is {CURRENT_VERSION})",
            help="Update jupyter-pixi, or lock again with a Pixi that writes an older version. "
            "The file is left as it is.",
            place=Place(path, 1),
        )
        self.version = version


def load(path: Path) -> LockFile | None:
    """Read the lock file at `path`; None if there is none. Raises `LockFileError` (and `LockTooNew`)."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        reason = error.strerror or str(error)
        raise LockFileError(f"Failed to load lock file from `{path}`: {reason}", place=Place(path)) from None
    return read_lock(data, path)


@lru_cache(maxsize=2)
def read_lock(data: bytes, path: Path) -> LockFile:
    """Read a lock file of version 1 to 7. A change reads the same bytes several times; the last two are remembered.

    `path` is only for messages. Platform names are the file's: rich ones are aliases (`p1` …) until
    `with_platform_names`. Raises `LockFileError` with the line at fault, `LockTooNew` for a newer version.
    """
    if len(data) > _LARGEST:
        raise _error(path, f"it is larger than {_LARGEST // 2**20} MB")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise _error(path, "it is not UTF-8 text", data[: error.start].count(b"\n") + 1) from None
    if text.startswith("\ufeff"):
        raise _error(path, "it begins with a byte order mark, which Pixi does not read", 1)
    version = _version(text, path)
    if version < 4:
        text = _converted(text, path)
    try:
        return _lock_of(yaml_subset.parse(text), text, version, path)
    except (yaml_subset.NotInSubset, BadShape):
        return _read_any(text, version, path)


def _lock_of(document: Any, text: str, version: int, path: Path) -> LockFile:
    lock = schema.lock_of(document, version)
    if version not in (4, 5):
        return lock
    legacy.normalise_requirements(document, yaml_subset.parse(_converted(text, path)))
    return schema.lock_of(document, version)


def _read_any(text: str, version: int, path: Path) -> LockFile:
    """Read text that is not as serde_yaml writes it, or not as a lock file should be: find out which."""
    try:
        return _lock_of(yaml_general.parse(text), text, version, path)
    except yaml_general.BadYaml as error:
        raise _error(path, error.message, error.line, error.column) from None
    except BadShape as error:
        raise _error(path, error.message, yaml_general.line_of(text, error.path)) from None


def _version(text: str, path: Path) -> int:
    marked = any(marker in text for marker in _MARKERS)  # a regular expression takes its time, and all threads wait
    conflict = _CONFLICT.search(text) if marked else None
    if conflict:
        line = text.count("\n", 0, conflict.start()) + 1
        raise _error(path, "it holds conflict markers of git", line)
    match = _VERSION.search(text)
    if match is None:
        if not text.strip():
            raise _error(path, "it is empty")
        try:
            document = yaml_general.parse(text)
        except yaml_general.BadYaml as error:
            raise _error(path, error.message, error.line, error.column) from None
        stated = document.get("version") if isinstance(document, dict) else None
        if not isinstance(stated, str) or not stated.isdigit() or len(stated) > 9 or _QUOTED_VERSION.search(text):
            raise _error(path, "missing field `version`" if stated is None else "`version` is not a number", 1)
        version = int(stated)
    else:
        version = int(match[1])
    if version > CURRENT_VERSION:
        raise LockTooNew(version, path)
    if version < 1:
        raise _error(path, f"there is no version {version}", 1)
    return version


def _converted(text: str, path: Path) -> str:
    try:
        return legacy.convert(text)
    except Exception as error:  # rattler has no common class for what it finds wrong
        raise _error(path, str(error).splitlines()[0] if str(error) else "it cannot be read") from None


def _error(path: Path, reason: str, line: int | None = None, column: int | None = None) -> LockFileError:
    return LockFileError(
        f"Failed to load lock file from `{path}`: {reason}", help=_HELP, place=Place(path, line, column)
    )
