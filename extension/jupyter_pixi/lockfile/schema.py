"""Plain data of a lock file (any version it was written with, from 4 on) -> `LockFile`.

A value of the wrong shape raises `BadShape` with the path at which it stands, so that the reader can name the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from . import packages as of
from .fields import CONDA, CONDA_SOURCE, LISTS, MAPPINGS, NUMBERS, PACKAGES, PYPI
from .legacy import LEGACY_KINDS, milliseconds, modern_fields, source_id
from .location import is_archive
from .model import LockEnvironment, LockFile, LockOptions, LockPlatform, Package
from .yaml_general import Path

_KINDS = ("conda", "conda_source", "pypi")
Kind = Literal["conda", "conda_source", "pypi"]
Known = dict[tuple[str, str], list[Package]]
_DEFAULT_OPTIONS = {"highest", "strict", "if-necessary-or-explicit"}
_DEPTH = 4


class BadShape(Exception):
    """A value is missing or of the wrong type; `path` leads to it (or to what should hold it)."""

    def __init__(self, message: str, path: Path = ()) -> None:
        super().__init__(message)
        self.message, self.path = message, path


def lock_of(document: Any, version: int) -> LockFile:
    """The lock file that a document states. Raises `BadShape`."""
    root = _mapping(document, ())
    environments = _mapping(_required(root, "environments"), ("environments",))
    known = _packages(_list(_required(root, "packages"), ("packages",)), version)
    read = {
        str(name): _environment(_mapping(data, ("environments", name)), known, ("environments", name))
        for name, data in environments.items()
    }
    if "platforms" in root:
        platforms = tuple(_platforms(_list(root["platforms"], ("platforms",))))
    else:
        used = sorted({platform for environment in read.values() for platform in environment.packages})
        platforms = tuple(LockPlatform(name, name) for name in used)
    if version >= 7:
        _check_platforms(read, platforms)
    return LockFile(version, platforms, read)


def _check_platforms(environments: Mapping[str, LockEnvironment], platforms: tuple[LockPlatform, ...]) -> None:
    names = {platform.name for platform in platforms}
    if len(names) != len(platforms):
        raise BadShape("a platform stands twice in `platforms`", ("platforms",))
    for name, environment in environments.items():
        for platform in environment.packages:
            if platform not in names:
                path: Path = ("environments", name, "packages", platform)
                raise BadShape(f"the platform '{platform}' is missing in `platforms`", path)


def _platforms(rows: list[Any]) -> Iterator[LockPlatform]:
    for number, data in enumerate(rows):
        path: Path = ("platforms", number)
        row = _mapping(data, path)
        name = _text(_required(row, "name", path), (*path, "name"))
        virtual = _list(row.get("virtual-packages") or [], (*path, "virtual-packages"))
        yield LockPlatform(
            name,
            _text(row.get("subdir") or name, (*path, "subdir")),
            tuple(_text(item, (*path, "virtual-packages", at)) for at, item in enumerate(virtual)),
        )


def _environment(data: Mapping[str, Any], known: Known, path: Path) -> LockEnvironment:
    channels = _list(data.get("channels") or [], (*path, "channels"))
    indexes = data.get("indexes")
    links = _list(data.get("find-links") or [], (*path, "find-links"))
    chosen = _mapping(_required(data, "packages", path), (*path, "packages"))
    return LockEnvironment(
        channels=tuple(_channel(item, (*path, "channels", at)) for at, item in enumerate(channels)),
        packages={
            str(platform): tuple(_selected(items, known, (*path, "packages", platform)))
            for platform, items in chosen.items()
        },
        indexes=None if indexes is None else tuple(map(str, _list(indexes, (*path, "indexes")))),
        find_links=tuple(_link(item, (*path, "find-links", at)) for at, item in enumerate(links)),
        options=_options(_mapping(data.get("options") or {}, (*path, "options"))),
    )


def _options(data: Mapping[str, Any]) -> LockOptions:
    def word(key: str) -> str | None:
        value = data.get(key)
        return None if value is None or value in _DEFAULT_OPTIONS else str(value)

    return LockOptions(word("strategy"), word("channel-priority"), word("pypi-prerelease-mode"))


def _channel(item: Any, path: Path) -> str:
    return _text(_required(item, "url", path), path) if isinstance(item, dict) else _text(item, path)


def _link(item: Any, path: Path) -> tuple[str, str]:
    link = _mapping(item, path)
    for kind in ("url", "path"):
        if kind in link:
            return kind, _text(link[kind], path)
    raise BadShape("missing field `url` or `path`", path)


def _selected(items: Any, known: Known, path: Path) -> Iterator[Package]:
    for number, item in enumerate(_list(items, path)):
        extra: Mapping[str, Any] = {}
        if isinstance(item, tuple):
            kind, location = item
        else:
            extra = _mapping(item, (*path, number))
            kind = next((word for word in _KINDS if word in extra), "")
            if not kind:
                raise BadShape("missing field `conda`, `conda_source` or `pypi`", (*path, number))
            location = _text(extra[kind], (*path, number, kind))
        candidates = known.get((kind, location))
        if not candidates:
            raise BadShape(f"the package '{location}' is missing in `packages`", (*path, number))
        yield candidates[0] if len(candidates) == 1 else _narrowed(candidates, extra)


def _narrowed(candidates: list[Package], extra: Mapping[str, Any]) -> Package:
    """Version 6 tells packages of one location apart by some of their fields."""
    tests = {"name": of.name, "version": of.version, "build": of.build, "subdir": of.subdir}
    for package in candidates:
        if all(test(package) == extra[key] for key, test in tests.items() if key in extra):
            return package
    return candidates[0]


def _packages(items: list[Any], version: int) -> Known:
    """Every package by kind and location as the environments name it."""
    known: Known = {}
    for number, item in enumerate(items):
        path: Path = ("packages", number)
        fields = dict(_mapping(item, path))
        kind, location = _identity(fields, path)
        for key, value in fields.items():
            fields[key] = _field(key, value, (*path, key))
        if version < 7 and fields.get("timestamp"):
            fields["timestamp"] = milliseconds(fields["timestamp"])
        if version < 6:
            fields = modern_fields(kind, location, fields)
        package = Package(cast(Kind, kind), location, fields)
        if kind == "conda" and not is_archive(location):
            if version >= 7:
                raise BadShape(f"'{location}' is not a conda archive", path)
            package = source_id(location, fields)
        if kind == "pypi" and not fields.get("name"):
            raise BadShape("missing field `name`", path)
        known.setdefault((kind, location), []).append(package)
    _link_builds(known)
    return known


def _identity(fields: dict[str, Any], path: Path) -> tuple[str, str]:
    """Take kind and location out of a package's fields."""
    if fields.get("kind") in LEGACY_KINDS:  # versions 4 and 5
        kind = str(fields.pop("kind"))
        location = fields.pop("url", None) or fields.pop("path", None)
        if not isinstance(location, str):
            raise BadShape("missing field `url`", path)
        fields.pop("path", None)
        return kind, location
    for kind in _KINDS:
        if kind in fields:
            return kind, _text(fields.pop(kind), (*path, kind))
    raise BadShape("missing field `conda`, `conda_source` or `pypi`", path)


def _field(key: str, value: Any, path: Path) -> Any:
    """A field's value, checked for its shape."""
    if type(value) is str and key not in _CHECKED:
        return value
    if value is None:
        return [] if key == "depends" else None
    if key in LISTS:
        return [value] if isinstance(value, str) else _texts(value, path)
    if key in PACKAGES:
        return [_reference(item, (*path, at)) for at, item in enumerate(_list(value, path))]
    if key == "extra_depends":
        return {extra: _texts(specs or [], (*path, extra)) for extra, specs in _mapping(value, path).items()}
    if key == "source_depends" or key == "sources":
        return {
            name: _plain(_mapping(item, (*path, name)), path, _DEPTH) for name, item in _mapping(value, path).items()
        }
    if key in MAPPINGS:
        return _plain(_mapping(value, path), path, _DEPTH)
    if key in _TEXTS:
        return _checked(key, _text(value, path), path)
    return str(value) if isinstance(value, str) else _plain(value, path, _DEPTH)


def _checked(key: str, text: str, path: Path) -> str:
    if key in NUMBERS and not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadShape("expected a number", path)
    if key in _HASHES and not (len(text) == _HASHES[key] and _HEX.fullmatch(text)):
        raise BadShape(f"expected {_HASHES[key]} hexadecimal digits", path)
    return text


def _texts(value: Any, path: Path) -> list[str]:
    return [_text(item, (*path, at)) for at, item in enumerate(_list(value, path))]


_HASHES = {"sha256": 64, "md5": 32, "legacy_bz2_md5": 32}
_HEX = re.compile("[0-9a-fA-F]*")
_CHECKED = LISTS | PACKAGES | MAPPINGS | NUMBERS | _HASHES.keys()
_TEXTS = (set(CONDA) | set(CONDA_SOURCE) | set(PYPI)) - LISTS - PACKAGES - MAPPINGS


def _reference(item: Any, path: Path) -> tuple[str, str]:
    """An entry of `build_packages` or `host_packages`: kind and location."""
    if isinstance(item, tuple):
        return cast("tuple[str, str]", item)
    row = _mapping(item, path)
    for kind in _KINDS:
        if kind in row:
            return kind, _text(row[kind], path)
    raise BadShape("missing field `conda`, `conda_source` or `pypi`", path)


def _link_builds(known: Known) -> None:
    """Replace references in build and host environments by the packages themselves."""
    for candidates in known.values():
        for package in candidates:
            for key in PACKAGES & package.fields.keys():
                fields = cast("dict[str, Any]", package.fields)
                fields[key] = [known[item][0] for item in fields[key] or () if item in known]


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


def _required(data: Any, key: str, path: Path = ()) -> Any:
    if key not in data or (data[key] is None and key != "packages"):
        raise BadShape(f"missing field `{key}`", path)
    return data[key]


def _mapping(value: Any, path: Path) -> dict[str, Any]:
    if isinstance(value, tuple):
        return {value[0]: value[1]}
    if not isinstance(value, dict):
        raise BadShape(_expected("a mapping", value), path)
    return value


def _list(value: Any, path: Path) -> list[Any]:
    if not isinstance(value, list):
        raise BadShape(_expected("a list", value), path)
    return value


def _text(value: Any, path: Path) -> str:
    if not isinstance(value, str):
        raise BadShape(_expected("a string", value), path)
    return str(value)


def _expected(what: str, value: Any) -> str:
    found = "a list" if isinstance(value, list) else "a string"
    if isinstance(value, (dict, tuple)):
        found = "a mapping"
    return f"expected {what}, found {'nothing' if value is None else found}"
