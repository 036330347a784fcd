"""Plain data of a lock file (any version it was written with, from 4 on) -> `LockFile`.

A value of the wrong shape raises `BadShape` with the path at which it stands, so that the reader can name the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, cast

from . import packages as of
from .fields import PACKAGES, without_implied
from .legacy import LEGACY_KINDS, milliseconds, modern_fields, source_id
from .location import SUBDIRS, derive, is_archive
from .model import LockEnvironment, LockFile, LockOptions, LockPlatform, Package
from .shapes import KINDS, BadShape, check_pypi, field, mapping, required, sequence, text, word
from .yaml_general import Path

Kind = Literal["conda", "conda_source", "pypi"]
Known = dict[tuple[str, str], list[Package]]


def lock_of(document: Any, version: int) -> LockFile:
    """The lock file that a document states. Raises `BadShape`."""
    root = mapping(document, ())
    environments = mapping(required(root, "environments"), ("environments",))
    known = _packages(sequence(required(root, "packages"), ("packages",)), version)
    read = {
        str(name): _environment(mapping(data, ("environments", name)), known, ("environments", name))
        for name, data in environments.items()
    }
    if version >= 7:
        platforms = tuple(_platforms(sequence(root.get("platforms", []), ("platforms",))))
        _check_platforms(read, platforms)
    else:
        used = sorted({platform for environment in read.values() for platform in environment.packages})
        platforms = tuple(LockPlatform(name, _subdir(name, ("environments",))) for name in used)
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
        row = mapping(data, path)
        name = text(required(row, "name", path), (*path, "name"))
        virtual = sequence(row.get("virtual-packages") or [], (*path, "virtual-packages"))
        yield LockPlatform(
            name,
            _subdir(text(row.get("subdir") or name, (*path, "subdir")), path),
            tuple(text(item, (*path, "virtual-packages", at)) for at, item in enumerate(virtual)),
        )


def _subdir(name: str, path: Path) -> str:
    if name not in SUBDIRS:
        raise BadShape(f"'{name}' is not a known subdir", path)
    return name


def _environment(data: Mapping[str, Any], known: Known, path: Path) -> LockEnvironment:
    channels = sequence(required(data, "channels", path), (*path, "channels"))
    indexes = data.get("indexes")
    links = sequence(data.get("find-links") or [], (*path, "find-links"))
    chosen = mapping(required(data, "packages", path) or {}, (*path, "packages"))
    return LockEnvironment(
        channels=tuple(_channel(mapping(item, (*path, "channels", at)), path) for at, item in enumerate(channels)),
        packages={
            str(platform): tuple(_selected(items or [], known, (*path, "packages", platform)))
            for platform, items in chosen.items()
        },
        indexes=None if indexes is None else tuple(map(str, sequence(indexes, (*path, "indexes")))),
        find_links=tuple(_link(item, (*path, "find-links", at)) for at, item in enumerate(links)),
        options=_options(mapping(data.get("options") or {}, (*path, "options")), (*path, "options")),
    )


def _options(data: Mapping[str, Any], path: Path) -> LockOptions:
    words = [word(key, data.get(key), path) for key in ("strategy", "channel-priority", "pypi-prerelease-mode")]
    return LockOptions(*words)


def _channel(row: Mapping[str, Any], path: Path) -> str:
    return text(required(row, "url", path), path)


def _link(item: Any, path: Path) -> tuple[str, str]:
    link = mapping(item, path)
    for kind in ("url", "path"):
        if kind in link:
            return kind, text(link[kind], path)
    raise BadShape("missing field `url` or `path`", path)


def _selected(items: Any, known: Known, path: Path) -> Iterator[Package]:
    for number, item in enumerate(sequence(items, path)):
        extra: Mapping[str, Any] = {}
        if isinstance(item, tuple):
            kind, location = item
        else:
            extra = mapping(item, (*path, number))
            kind = next((word for word in KINDS if word in extra), "")
            if not kind:
                raise BadShape("missing field `conda`, `conda_source` or `pypi`", (*path, number))
            location = text(extra[kind], (*path, number, kind))
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
        fields = dict(mapping(item, path))
        kind, location = _identity(fields, path)
        for key, value in fields.items():
            fields[key] = field(key, value, (*path, key))
        if fields.get("timestamp"):
            fields["timestamp"] = milliseconds(fields["timestamp"])
        if version < 6:
            fields = modern_fields(kind, location, fields)
        elif kind == "conda" and is_archive(location):
            fields = without_implied(location, fields)
        package = Package(cast(Kind, kind), location, fields)
        if kind == "conda" and not is_archive(location):
            if version >= 7:
                raise BadShape(f"'{location}' is not a conda archive", path)
            package = source_id(location, fields)
        if kind == "pypi":
            check_pypi(fields, path)
        if package.kind == "conda" and not (derive(location).subdir or fields.get("subdir")):
            raise BadShape("missing field `subdir`", path)
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
    for kind in KINDS:
        if kind in fields:
            return kind, text(fields.pop(kind), (*path, kind))
    raise BadShape("missing field `conda`, `conda_source` or `pypi`", path)


def _link_builds(known: Known) -> None:
    """Replace references in build and host environments by the packages themselves."""
    for candidates in known.values():
        for package in candidates:
            for key in PACKAGES & package.fields.keys():
                fields = cast("dict[str, Any]", package.fields)
                fields[key] = [known[item][0] for item in fields[key] or () if item in known]
