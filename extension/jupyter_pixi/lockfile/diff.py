"""Two lock files -> what changed, per environment and platform: rows for people, and Pixi's `--json` document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..manifest import versions
from . import packages as of
from .fields import NUMBERS, ORDER, PACKAGES, WRITTEN_EMPTY
from .model import LockEnvironment, LockFile, Package
from .platforms import with_platform_names
from .yaml_subset import Bare

if TYPE_CHECKING:
    from ..environments.model import Environment

Kind = Literal["added", "removed", "up", "down", "rebuilt"]


@dataclass(frozen=True)
class Row:
    """One package that changed. `before` and `after` are version and build for people, None where it was or is not.

    `kind` is "rebuilt" where the version stayed (another build, file or source). `explicit` tells that the environment
    asks for the package itself. PyPI names are normalised with `-`.
    """

    environment: str
    platform: str
    name: str
    type: Literal["conda", "pypi"]
    kind: Kind
    before: str | None
    after: str | None
    explicit: bool
    old: Package | None
    new: Package | None

    def to_json(self) -> dict[str, Any]:
        """The row as plain data: all but the packages themselves."""
        return {
            "environment": self.environment,
            "platform": self.platform,
            "name": self.name,
            "type": self.type,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "explicit": self.explicit,
        }


@dataclass(frozen=True)
class LockDiff:
    """Every package that changed between two locks, by environment, platform and name."""

    changes: tuple[Row, ...] = ()

    def rows(self) -> tuple[Row, ...]:
        """The changes, in the order of the environments of the manifest and of their platforms."""
        return self.changes

    def __bool__(self) -> bool:
        return bool(self.changes)

    def to_json(self) -> dict[str, Any]:
        """The document that `lock`, `update` and `upgrade` print with `--json`, as data."""
        environments: dict[str, dict[str, list[dict[str, Any]]]] = {}
        for row in self.changes:
            environments.setdefault(row.environment, {}).setdefault(row.platform, []).append(_json_row(row))
        return {"version": 1, "environment": environments}


def diff(before: LockFile | None, after: LockFile, environments: Mapping[str, Environment]) -> LockDiff:
    """Compare two locks (None: there was none). A package counts as changed if its location is another one.

    `environments` are those of the manifest: they name the platforms, and tell which packages are asked for.
    """
    platforms = tuple({item.name: item for each in environments.values() for item in each.platforms}.values())
    old = with_platform_names(before, platforms) if before is not None else None
    new = with_platform_names(after, platforms)
    names = list(environments)
    names += [name for name in new.environments if name not in names]
    names += [name for name in (old.environments if old is not None else ()) if name not in names]
    found: list[Row] = []
    for name in names:
        was = old.environments.get(name) if old is not None else None
        found += _environment(name, was, new.environments.get(name), environments.get(name))
    return LockDiff(tuple(found))


def _environment(
    name: str, was: LockEnvironment | None, now: LockEnvironment | None, environment: Environment | None
) -> Iterator[Row]:
    known = [platform.name for platform in environment.platforms] if environment is not None else []
    present = [platform for each in (now, was) if each is not None for platform in each.packages]
    for platform in dict.fromkeys([*known, *present]):
        old = _by_name(was, platform)
        new = _by_name(now, platform)
        asked = _asked(environment, platform)
        for key in sorted(old.keys() | new.keys(), key=lambda key: (key[1], key[0])):
            one, two = old.get(key), new.get(key)
            if one is None or two is None or one.location != two.location:
                kind = _kind(one, two)
                yield Row(name, platform, key[1], key[0], kind, _shown(one), _shown(two), key in asked, one, two)


_Key = tuple[Literal["conda", "pypi"], str]


def _by_name(environment: LockEnvironment | None, platform: str) -> dict[_Key, Package]:
    packages = environment.packages.get(platform, ()) if environment is not None else ()
    return {_key(package): package for package in packages}


def _key(package: Package) -> _Key:
    if package.kind == "pypi":
        return "pypi", of.normalize(of.name(package))
    return "conda", of.name(package)


def _asked(environment: Environment | None, platform: str) -> set[_Key]:
    on = environment.on.get(platform) if environment is not None else None
    if on is None:
        return set()
    conda: set[_Key] = {("conda", name) for name, _ in on.dependencies}
    return conda | {("pypi", of.normalize(name)) for name, _ in on.pypi_dependencies}


def _shown(package: Package | None) -> str | None:
    """Version and build, or where there is no version the location."""
    if package is None:
        return None
    version = of.version(package)
    if version is None:
        return of.source_location(package) or package.location
    build = of.build(package) if package.kind != "pypi" else None
    return f"{version} {build}" if build else version


def _kind(old: Package | None, new: Package | None) -> Kind:
    if old is None:
        return "added"
    if new is None:
        return "removed"
    order = _order(of.version(old), of.version(new), pypi=new.kind == "pypi")
    return "up" if order < 0 else "down" if order > 0 else "rebuilt"


def _order(old: str | None, new: str | None, *, pypi: bool) -> int:
    if old == new or old is None or new is None:
        return 0
    if pypi:
        from packaging.version import InvalidVersion, Version

        try:
            one, two = Version(old), Version(new)
        except InvalidVersion:
            return 0
        return (one > two) - (one < two)
    left, right = versions.parse(old), versions.parse(new)
    if left is not None and right is not None:
        return versions.compare(left, right)
    from rattler import Version as CondaVersion

    try:
        mine, other = CondaVersion(old), CondaVersion(new)
    except Exception:  # rattler's class for it is not public
        return 0
    return (mine > other) - (mine < other)


def _json_row(row: Row) -> dict[str, Any]:
    before = _entry(row.old) if row.old is not None else None
    after = _entry(row.new) if row.new is not None else None
    if before is not None and after is not None:
        keys = dict.fromkeys([*before, *after])
        differing = [key for key in keys if before.get(key) != after.get(key)]
        before, after = (
            {key: before[key] for key in differing if key in before},
            {key: after.get(key) for key in differing},
        )
    name = row.name.replace("-", "_") if row.type == "pypi" else row.name
    told: dict[str, Any] = {"name": name, "before": before, "after": after, "type": row.type}
    return {**told, "explicit": True} if row.explicit else told


def _entry(package: Package) -> dict[str, Any]:
    """A package as the lock states it, numbers as numbers."""
    entry: dict[str, Any] = {package.kind: package.location}
    for key in ORDER[package.kind]:
        value = package.fields.get(key)
        if value is None or (not value and key not in WRITTEN_EMPTY):
            continue
        if key in NUMBERS:
            entry[key] = int(value)
        elif key in PACKAGES:
            entry[key] = [{item.kind: item.location} for item in value]
        else:
            entry[key] = _value(value)
    return entry


def _value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(item) for item in value]
    if isinstance(value, Bare):
        try:
            return json.loads(value)
        except ValueError:
            return str(value)
    return value
