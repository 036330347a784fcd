"""A value of a lock file -> the value as the model holds it, or `BadShape` where rattler would not read it.

(rattler_lock, parse/models: the types of the fields.) Fields that are not known there are kept as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from .fields import CONDA, CONDA_SOURCE, LISTS, MAPPINGS, NUMBERS, PACKAGES, PYPI
from .location import is_archive
from .yaml_general import Path

KINDS = ("conda", "conda_source", "pypi")
_DEPTH = 4


class BadShape(Exception):
    """A value is missing or of the wrong type; `path` leads to it (or to what should hold it)."""

    def __init__(self, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.message, self.path = message, path


def field(key: str, value: Any, path: Path) -> Any:
    """The value of a package's field `key`."""
    if type(value) is str and key not in _CHECKED:
        return value
    if key in LISTS:
        return None if value is None and key == "purls" else _each(key, texts(value, path), path)
    if value is None:
        return None
    if key in PACKAGES:
        return [_reference(item, (*path, at)) for at, item in enumerate(sequence(value, path))]
    if key == "extra_depends":
        return {extra: texts(specs, (*path, extra)) for extra, specs in mapping(value, path).items()}
    if key == "source_depends" or key == "sources":
        return {name: _plain(mapping(item, (*path, name)), path, _DEPTH) for name, item in mapping(value, path).items()}
    if key in MAPPINGS:
        return _plain(mapping(value, path), path, _DEPTH)
    if key in NUMBERS:
        return _number(key, text(value, path), path)
    if key in _TEXTS:
        return _checked(key, text(value, path), path)
    return str(value) if isinstance(value, str) else _plain(value, path, _DEPTH)


def required(data: Any, key: str, path: Path = ()) -> Any:
    """The value of a key that has to be there."""
    if key not in data or (data[key] is None and key != "packages"):
        raise BadShape(f"missing field `{key}`", path)
    return data[key]


def mapping(value: Any, path: Path) -> dict[str, Any]:
    """A mapping; one of a single entry may have been read as a pair."""
    if isinstance(value, tuple):
        return {value[0]: value[1]}
    if not isinstance(value, dict):
        raise BadShape(_expected("a mapping", value), path)
    return value


def sequence(value: Any, path: Path) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise BadShape(_expected("a list", value), path)
    return value


def text(value: Any, path: Path) -> str:
    """A string."""
    if not isinstance(value, str):
        raise BadShape(_expected("a string", value), path)
    return str(value)


def texts(value: Any, path: Path) -> list[str]:
    """A list of strings."""
    return [text(item, (*path, at)) for at, item in enumerate(sequence(value, path))]


def word(key: str, value: Any, path: Path) -> str | None:
    """The word of an environment's option; None for the default."""
    if value is None:
        return None
    known = OPTIONS[key]
    if value not in known:
        raise BadShape(f"unknown {key} '{value}', expected one of {', '.join(known)}", path)
    return None if value == known[0] else str(value)


OPTIONS = {
    "strategy": ("highest", "lowest-version", "lowest-version-direct"),
    "channel-priority": ("strict", "disabled", "flexible"),
    "pypi-prerelease-mode": ("if-necessary-or-explicit", "disallow", "allow", "if-necessary", "explicit"),
}
"""The options of an environment and their words, the default first."""

_HASHES = {"sha256": 64, "md5": 32, "legacy_bz2_md5": 32}
_PURL = re.compile(r"pkg:/*[A-Za-z][\w.+-]*/.*[^/?#].*", re.DOTALL)
_PYPI_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_PYPI_VERSION = re.compile(r"\s*v?\d.*", re.DOTALL)
_CLAUSES = re.compile(r"(?:\s*(?:===|==|~=|!=|<=|>=|<|>)\s*v?\d[^\s,]*\s*(?:,|$))*")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.*", re.DOTALL)
_TESTS: dict[str, tuple[Callable[[str], object], str]] = {
    **{
        key: (re.compile(f"[0-9a-fA-F]{{{length}}}").fullmatch, f"expected {length} hexadecimal digits")
        for key, length in _HASHES.items()
    },
    "noarch": (frozenset({"python", "generic", "true", "false"}).__contains__, "expected `python` or `generic`"),
    "file_name": (is_archive, "expected the name of a conda archive"),
    "channel": (_URL.fullmatch, "expected a URL"),
    "purls": (_PURL.fullmatch, "expected a package URL (`pkg:pypi/…`)"),
    "requires_python": (_CLAUSES.fullmatch, "expected version specifiers (`>=3.10,<4`)"),
}
"""What the text of a field, or each text of a list, has to be."""
_CHECKED = LISTS | PACKAGES | MAPPINGS | NUMBERS | _TESTS.keys()
_TEXTS = (set(CONDA) | set(CONDA_SOURCE) | set(PYPI)) - LISTS - PACKAGES - MAPPINGS


def check_pypi(fields: dict[str, Any], path: Path) -> None:
    """A PyPI package needs a name and, if it has a version, one of PEP 440. Raises BadShape."""
    name, version = fields.get("name"), fields.get("version")
    if not name:
        raise BadShape("missing field `name`", path)
    if not _PYPI_NAME.fullmatch(name):
        raise BadShape(f"'{name}' is not the name of a PyPI package", (*path, "name"))
    if version is not None and not _PYPI_VERSION.fullmatch(version):
        raise BadShape(f"'{version}' is not a version", (*path, "version"))


def _each(key: str, found: list[str], path: Path) -> list[str]:
    if key in _TESTS:
        for at, item in enumerate(found):
            _checked(key, item, (*path, at))
    return found


def _checked(key: str, value: str, path: Path) -> str:
    test, message = _TESTS.get(key, (None, ""))
    if test is not None and not test(value):
        raise BadShape(message, path)
    return value


def _number(key: str, value: str, path: Path) -> str:
    digits = value[1:] if key == "timestamp" and value.startswith("-") else value
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19):
        raise BadShape("expected a number", path)
    return value


def _reference(item: Any, path: Path) -> tuple[str, str]:
    """An entry of `build_packages` or `host_packages`: kind and location."""
    if isinstance(item, tuple):
        return cast("tuple[str, str]", item)
    row = mapping(item, path)
    for kind in KINDS:
        if kind in row:
            return kind, text(row[kind], path)
    raise BadShape("missing field `conda`, `conda_source` or `pypi`", path)


def _plain(value: Any, path: Path, depth: int) -> Any:
    """Nested data of texts, without limit in width but in depth."""
    if depth == 0:
        raise BadShape("the data is nested too deeply", path)
    if isinstance(value, dict):
        return {key: _plain(item, (*path, key), depth - 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, (*path, at), depth - 1) for at, item in enumerate(value)]
    if isinstance(value, tuple):
        return {value[0]: value[1]}
    return value


def _expected(what: str, value: Any) -> str:
    found = "a list" if isinstance(value, list) else "a string"
    if isinstance(value, (dict, tuple)):
        found = "a mapping"
    return f"expected {what}, found {'nothing' if value is None else found}"
