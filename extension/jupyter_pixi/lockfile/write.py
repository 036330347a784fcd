"""A `LockFile` -> the text of a version 7 pixi.lock, byte for byte as Pixi (serde_yaml) writes it.

Lists are not indented under their key. Sorted: platforms and environments by name, packages by kind and location.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from . import packages as of
from .fields import LISTS, NUMBERS, ORDER, PACKAGES, WRITTEN_EMPTY
from .model import CURRENT_VERSION, LockEnvironment, LockFile, LockPlatform, Package
from .platforms import aliases, renamed
from .quoting import quote
from .yaml_subset import Bare

if TYPE_CHECKING:
    from ..manifest.model import Platform

_BARE = NUMBERS | {"noarch"}  # which may be a boolean
_MERGED = ("purls", "run_exports", "md5", "sha256")
_RANK = {"conda": 0, "conda_source": 1, "pypi": 2}
_NOT_OF_DIRECTORIES = frozenset({"version", "sha256", "md5", "index"})
_text = lru_cache(maxsize=100_000)(quote)


def write_lock(lock: LockFile, platforms: Sequence[Platform] = ()) -> str:
    """The text of the lock, always of version 7 (older ones are brought up, as Pixi does).

    `platforms` are those of the workspace: rich ones among them are written as `p1`, `p2` … in their order. Without
    them the lock's own names are written.
    """
    lock = renamed(lock, aliases(lock.platforms, platforms))
    lines = [f"version: {CURRENT_VERSION}"]
    lines += _platforms(lock.platforms)
    if lock.environments:
        lines.append("environments:")
        for name in sorted(lock.environments):
            lines.append(f"  {_text(name)}:")
            lines += _environment(lock.environments[name])
    else:
        lines.append("environments: {}")
    used = _used(lock.environments.values())
    lines.append("packages:" if used else "packages: []")
    for package in used:
        lines += _package(package)
    lines.append("")
    return "\n".join(lines)


def _platforms(rows: Iterable[LockPlatform]) -> Iterator[str]:
    ordered = sorted(rows, key=lambda row: row.name)
    yield "platforms:" if ordered else "platforms: []"
    for row in ordered:
        yield f"- name: {_text(row.name)}"
        if row.subdir != row.name:
            yield f"  subdir: {_text(row.subdir)}"
        if row.virtual_packages:
            yield "  virtual-packages:"
            for virtual in row.virtual_packages:
                yield f"  - {_text(virtual)}"


def _environment(environment: LockEnvironment) -> Iterator[str]:
    yield "    channels:" if environment.channels else "    channels: []"
    for channel in environment.channels:
        yield f"    - url: {_text(channel)}"
    if environment.indexes is not None:
        yield "    indexes:" if environment.indexes else "    indexes: []"
        for index in environment.indexes:
            yield f"    - {_text(index)}"
        if environment.find_links:
            yield "    find-links:"
            for kind, link in environment.find_links:
                yield f"    - {kind}: {_text(link)}"
    yield from _options(environment)
    filled = {name: packages for name, packages in environment.packages.items() if packages}
    yield "    packages:" if filled else "    packages: {}"
    for platform in sorted(filled):
        yield f"      {_text(platform)}:"
        for package in sorted(set(filled[platform]), key=_order):
            yield f"      - {package.kind}: {_text(package.location)}"


def _options(environment: LockEnvironment) -> Iterator[str]:
    options = environment.options
    words = (
        ("strategy", options.strategy),
        ("channel-priority", options.channel_priority),
        ("pypi-prerelease-mode", options.pypi_prerelease_mode),
    )
    chosen = [f"      {key}: {_text(word)}" for key, word in words if word is not None]
    if chosen:
        yield "    options:"
        yield from chosen


def _order(package: Package) -> tuple[int, str]:
    return _RANK[package.kind], package.location


def _used(environments: Iterable[LockEnvironment]) -> list[Package]:
    """Every package that an environment names, or that one of those was built with; each once."""
    found: dict[Package, Package] = {}
    waiting = [
        package for environment in environments for packages in environment.packages.values() for package in packages
    ]
    for package in waiting:  # which grows on the way
        known = found.setdefault(package, package)
        if known is not package:
            found[package] = _merged(known, package)
        else:
            for key in PACKAGES & package.fields.keys():
                waiting += package.fields[key]
    return sorted(found.values(), key=_order)


def _merged(package: Package, other: Package) -> Package:
    """A package as several environments have it: what one does not know (`purls`, say) is taken from the other."""
    more = {key: other.fields[key] for key in _MERGED if key in other.fields and package.fields.get(key) is None}
    return replace(package, fields={**package.fields, **more}) if more else package


def _package(package: Package) -> Iterator[str]:
    yield f"- {package.kind}: {_text(package.location)}"
    fields = package.fields
    plain_directory = of.is_directory(package)
    for key in ORDER[package.kind]:
        if key not in fields or (plain_directory and key in _NOT_OF_DIRECTORIES):
            continue
        value = fields[key]
        if type(value) is str:
            yield f"  {key}: {value if key in _BARE else _text(value)}"
        elif value is None:
            if key == "channel":
                yield "  channel: null"
        elif key in LISTS:
            yield from _list(key, value)
        elif key in PACKAGES:
            if value:
                yield f"  {key}:"
                yield from (f"  - {item.kind}: {_text(item.location)}" for item in sorted(value, key=_order))
        else:
            yield from _nested(key, value, "  ")


def _list(key: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"  {key}:"
        for item in items:
            yield f"  - {_text(item)}"
    elif key in WRITTEN_EMPTY:
        yield f"  {key}: []"


def _nested(key: str, value: Any, indent: str) -> Iterator[str]:
    """A field with structure: a mapping (of mappings, lists, texts), a list, or a scalar."""
    label = f"{indent}{_text(key)}:"
    if isinstance(value, Mapping):
        if value:
            yield label
            for inner in value:
                yield from _nested(inner, value[inner], indent + "  ")
        elif key in WRITTEN_EMPTY or indent != "  ":
            yield f"{label} {{}}"
    elif isinstance(value, (list, tuple)):
        yield label if value else f"{label} []"
        yield from (f"{indent}- {_scalar(item)}" for item in value)
    else:
        yield f"{label} {_scalar(value)}"


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    return str(value) if isinstance(value, Bare) else _text(str(value))
