"""An entry of `workspace.platforms` (a subdir, or a table with virtual packages) -> a Platform with its name.

Rules of Pixi's docs/workspace/platforms.md: friendly keys, raw `__name` keys, and the name that is derived from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .archspec import problem_of
from .grammar import compare_versions, version_problem
from .model import Platform, VirtualPackage
from .subdirs import FAMILIES, SUBDIRS, default_virtual_packages, is_subdir
from .toml import Table, Value

MAX_NAME = 64
FRIENDLY = (
    ("cuda", "__cuda"),
    ("archspec", "__archspec"),
    ("glibc", "__glibc"),
    ("linux", "__linux"),
    ("macos", "__osx"),
    ("windows", "__win"),
)
"""Friendly keys in the order in which they make up a derived name."""


def read_platforms(value: Value) -> tuple[Platform, ...]:
    """The platforms of an array. Raises ManifestError for a wrong entry or a name that is there twice."""
    platforms: dict[str, Platform] = {}
    for item in value.items():
        platform = read_platform(item)
        if platform.name in platforms:
            raise item.error(f"duplicate key: `{platform.name}`")
        platforms[platform.name] = platform
    return tuple(platforms.values())


def read_platform(value: Value) -> Platform:
    """The platform of one entry."""
    if isinstance(value.raw, str):
        if not is_subdir(value.raw):
            raise value.error(_unknown(value.raw))
        return Platform(value.raw, value.raw)
    if not isinstance(value.raw, dict):
        raise value.wanted("a string or table")
    return _from_table(value.table())


def _from_table(table: Table) -> Platform:
    name, subdir = table.ask("name"), table.ask("platform")
    written = _cuda(table) + _friendly(table)
    written += _raw(table, written)
    table.close()
    if subdir is not None:
        if not is_subdir(subdir.string()):
            raise subdir.error(_unknown(subdir.string()))
        system = subdir.string()
    elif name is not None:
        system = name.string()
        if not is_subdir(system):
            raise name.error(f"'{system}' is not a conda subdir; set 'platform' explicitly when using a custom name")
    else:
        raise table.error("a platform entry must set at least one of 'name' or 'platform'")
    if name is not None:
        problem = name_problem(name.string())
        if problem:
            raise name.error(f"'{name.string()}' is not a valid platform name: {problem}")
    label = name.string() if name is not None else derived_name(system, written)
    problem = name_problem(label)
    if problem:
        raise table.error(f"auto-derived platform name '{label}' is not valid ({problem})")
    if label == system and written:
        raise table.error(
            "platform entry rejected: You tried to add a virtual package into a special subdir platform; "
            "either drop the virtual packages or give the entry a `name` distinct from its subdir"
        )
    return make_platform(label, system, written)


def make_platform(name: str, subdir: str, written: Iterable[VirtualPackage]) -> Platform:
    """The platform with these virtual packages as its own; those equal to the subdir's default do not count."""
    packages = tuple(written)
    defaults = default_virtual_packages(subdir)
    return Platform(name, subdir, tuple(p for p in packages if not is_default(p, defaults)), packages)


def derived_name(subdir: str, packages: Iterable[VirtualPackage]) -> str:
    """The name of a platform that was given none: the subdir and what differs from its defaults."""
    defaults = default_virtual_packages(subdir)
    values, rest = friendly_values(p for p in packages if not is_default(p, defaults))
    parts = [subdir, *(f"{key}-{_segment(value)}" for key, value in values.items())]
    for name, package in sorted(rest.items()):
        value = package.version if package.build in (None, "0") else f"{package.version}={package.build}"
        parts.append(f"{_segment(name)}-{_segment(value)}")
    return "-".join(parts)


def friendly_values(packages: Iterable[VirtualPackage]) -> tuple[dict[str, str], dict[str, VirtualPackage]]:
    """The virtual packages that a friendly key can say (`cuda`, `glibc` …), as its values; and the others by name."""
    rest = {package.name: package for package in packages}
    values: dict[str, str] = {}
    for key, name in FRIENDLY:
        package = rest.get(name)
        if package is None:
            continue
        if name == "__archspec":
            value = package.build if package.version == "0" else None
        else:
            value = package.version if package.build in (None, "0") else None
        if value:
            values[key] = value
            del rest[name]
    return values, rest


def name_problem(text: str) -> str | None:
    """Why `text` cannot be the name of a platform, or None if it can."""
    if not text:
        return "a platform name can not be empty"
    if len(text.encode()) > MAX_NAME:
        return f"a platform name can not be longer than {MAX_NAME} bytes"
    if text in FAMILIES:
        return f"'{text}' is a reserved platform name"
    if not re.fullmatch(r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?", text):
        return "it has letters, digits and '-', begins with a letter and does not end with '-'"
    return None


def _unknown(text: str) -> str:
    valid = ", ".join(f"'{subdir}'" for subdir in SUBDIRS)
    return f"'{text}' is not a known platform. Valid platforms are {valid}"


def _segment(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")


def is_default(package: VirtualPackage, defaults: tuple[VirtualPackage, ...]) -> bool:
    """Whether a virtual package is one of a subdir's defaults."""
    return any(
        package.name == default.name
        and (package.build or "") == (default.build or "")
        and compare_versions(package.version, default.version) == 0
        for default in defaults
    )


def _cuda(table: Table) -> list[VirtualPackage]:
    value = table.ask("cuda")
    if value is None:
        return []
    if isinstance(value.raw, str):
        return [_versioned("__cuda", value)]
    if not isinstance(value.raw, dict):
        raise value.wanted("a version string or a table")
    inner = value.table()
    driver, arch = inner.ask("driver"), inner.ask("arch")
    inner.close()
    if driver is None:
        if arch is not None:
            raise arch.error("`cuda.arch` requires `cuda.driver`: `__cuda_arch` is only valid alongside `__cuda`")
        raise value.error("`cuda` table must set `driver` (and optionally `arch`)")
    packages = [_versioned("__cuda", driver)]
    if arch is not None:
        packages.append(_versioned("__cuda_arch", arch))
    return packages


def _friendly(table: Table) -> list[VirtualPackage]:
    packages = []
    archspec = table.ask("archspec")
    if archspec is not None:
        packages.append(_archspec(archspec))
    for key, name in FRIENDLY[2:]:
        value = table.ask(key)
        if key == "macos":
            alias = table.ask("osx")
            if value is not None and alias is not None:
                raise alias.error("'osx' is an alias for 'macos'; set only one")
            value = value or alias
        if value is not None:
            packages.append(_versioned(name, value))
    return packages


def _archspec(value: Value) -> VirtualPackage:
    text = value.string()
    if not text:
        raise value.error("'archspec' requires a non-empty microarchitecture string")
    problem = problem_of(text)
    if problem is not None:
        raise value.error(problem)
    return VirtualPackage("__archspec", "0", text)


def _raw(table: Table, known: list[VirtualPackage]) -> list[VirtualPackage]:
    packages: list[VirtualPackage] = []
    for key, value in table.values():
        if not key.startswith("__"):
            continue
        table.ask(key)
        if not re.fullmatch(r"__[0-9a-z][0-9a-z_.-]*", key.lower()):
            raise table.key_error(key, f"'{key}' is not a valid virtual package name")
        if any(package.name == key.lower() for package in (*known, *packages)):
            raise table.key_error(
                key,
                f"'{key}' is declared more than once; set it via either a friendly key or the raw '{key}' key, "
                "not both",
            )
        version, equals, build = value.string().partition("=")
        problem = version_problem(version)
        if problem:
            raise value.error(f"'{version}' is not a valid virtual-package version: {problem}")
        packages.append(VirtualPackage(key.lower(), version, build if equals and build else None))
    return packages


def _versioned(name: str, value: Value) -> VirtualPackage:
    text = value.string()
    problem = version_problem(text)
    if problem:
        raise value.error(f"'{text}' is not a valid version: {problem}")
    return VirtualPackage(name, text)
