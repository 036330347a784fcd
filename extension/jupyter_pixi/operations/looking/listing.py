"""Turns the lock of one environment on one platform into the rows of `list` and `tree`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...environments.model import Environment
from ...errors import PixiError
from ...lockfile import packages
from ...lockfile.model import LockFile, Package
from ...manifest.edit import pypi_name
from ...manifest.model import CondaSpec, Platform, PypiSpec
from ...manifest.specs_text import pypi_toml
from ...manifest.values import value_text
from ..workspace import OpenWorkspace

_FAMILIES = {"linux": "linux", "osx": "osx", "win": "win"}
_ARCHES = {"64": "x86_64", "32": "x86", "aarch64": "aarch64", "arm64": "arm64", "ppc64le": "ppc64le"}


@dataclass(frozen=True)
class Row:
    """A locked package as `list` shows it. `requested` is the manifest's spec text, None for a transitive one."""

    package: Package
    name: str
    kind: str
    version: str | None
    build: str | None
    size: int | None
    source: str
    requested: str | None

    @property
    def is_explicit(self) -> bool:
        """Whether the manifest asks for it by this name."""
        return self.requested is not None


def rows(opened: OpenWorkspace, lock: LockFile, environment: Environment, platform: Platform) -> tuple[Row, ...]:
    """The packages of an environment on a platform, sorted by name."""
    locked = lock.environments.get(environment.name)
    found = locked.packages.get(platform.name, ()) if locked is not None else ()
    indexes = locked.indexes if locked is not None else None
    wanted = requested(environment, platform)
    out = [_row(package, wanted, indexes, opened.root) for package in found]
    return tuple(sorted(out, key=lambda row: row.name))


def no_packages(environment: str, platform: str, others: Sequence[Platform] = ()) -> PixiError:
    """The error of `list` when nothing is to be shown; `others` are platforms that can be named instead."""
    return PixiError(
        f"No packages found in '{environment}' environment for '{platform}' platform.",
        help="Its platforms are: " + ", ".join(p.name for p in others) + "." if others else None,
        code="nothing",
    )


def requested(environment: Environment, platform: Platform) -> Mapping[str, str]:
    """The specs that the manifest asks for on a platform, by comparable name, as `list` shows them."""
    found: dict[str, str] = {}
    on = environment.on.get(platform.name)
    if on is None:
        return found
    for name, conda in reversed(on.dependencies):
        found[name] = conda_text(conda)
    for name, pypi in reversed(on.pypi_dependencies):  # asked for both ways: Pixi shows the PyPI spec
        found[pypi_name(name)] = pypi_text(pypi)
    return found


def conda_text(spec: CondaSpec) -> str:
    """A conda spec as `list` shows it: the version, or `version=* build=0 channel=c`."""
    fields = [("version", spec.version or "*")]
    fields += [
        (key, str(value)) for key in ("build", "build_number", "channel", "url") if (value := getattr(spec, key))
    ]
    return fields[0][1] if len(fields) == 1 else " ".join(f"{k}={v}" for k, v in fields)


def pypi_text(spec: PypiSpec) -> str:
    """A PyPI spec as `list` shows it: its TOML value."""
    return value_text(pypi_toml(spec))


def _row(package: Package, wanted: Mapping[str, str], indexes: tuple[str, ...] | None, root: Path) -> Row:
    if package.kind == "pypi":
        name = packages.name(package)
        return Row(
            package=package,
            name=name.replace("-", "_"),
            kind="pypi",
            version=packages.version(package),
            build=None,
            size=_directory_size(package, root),
            source=_pypi_index(package, indexes) or package.location,
            requested=wanted.get(pypi_name(name)),
        )
    return Row(
        package=package,
        name=packages.name(package),
        kind="conda",
        version=packages.version(package),
        build=packages.build(package),
        size=packages.size(package),
        source=(packages.channel(package) or package.location).rstrip("/"),
        requested=wanted.get(packages.name(package)),
    )


def _directory_size(package: Package, root: Path) -> int | None:
    """What a local directory's files take (Pixi shows the size of local sources only)."""
    if not packages.is_directory(package):
        return None
    folder = root / package.location
    if not folder.is_dir():
        return None
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def _pypi_index(package: Package, indexes: tuple[str, ...] | None) -> str | None:
    if packages.is_directory(package) or packages.is_git(package):
        return None
    own = packages.index(package)
    if own is not None:
        return own
    if indexes:
        return indexes[0]
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    return PYPI_SIMPLE_ENDPOINT.rstrip("/")


def json_row(row: Row, indexes: tuple[str, ...] | None = None) -> dict[str, Any]:
    """One entry of `list --json`, with Pixi's keys in Pixi's order."""
    package = row.package
    conda = row.kind == "conda"
    subdir = packages.subdir(package) if conda else None
    family, _, arch = (subdir or "").partition("-")
    index_url = None if conda else _pypi_index(package, indexes)
    return {
        "name": row.name,
        "version": row.version,
        "build": row.build,
        "build_number": packages.build_number(package) if conda else None,
        "size_bytes": row.size,
        "kind": row.kind,
        "source": row.source,
        "license": packages.license(package) if conda else None,
        "license_family": packages.license_family(package) if conda else None,
        "is_explicit": row.is_explicit,
        "md5": packages.md5(package),
        "sha256": packages.sha256(package),
        "arch": _ARCHES.get(arch) if subdir else None,
        "platform": _FAMILIES.get(family) if subdir else None,
        "subdir": subdir,
        "timestamp": packages.timestamp(package) if conda else None,
        "noarch": packages.noarch(package) if conda else None,
        "file_name": packages.file_name(package) if conda else None,
        "url": package.location,
        "index_url": index_url,
        "requested_spec": row.requested,
        "constrains": list(packages.constrains(package)) if conda else [],
        "depends": list(packages.depends(package) if conda else packages.requires_dist(package)),
        "track_features": list(packages.track_features(package)) if conda else [],
        "run_exports": None,
    }


def matching(all_rows: tuple[Row, ...], pattern: str | None) -> tuple[Row, ...]:
    """The rows whose name the regular expression finds. Raises PixiError for an expression that is none."""
    if pattern is None:
        return all_rows
    try:
        expression = re.compile(pattern)
    except re.error as error:
        raise PixiError(f"'{pattern}' is not a regular expression: {error}") from None
    return tuple(row for row in all_rows if expression.search(row.name))


def is_local(row: Row) -> bool:
    """Whether a package comes from a folder or file of this machine: its place is a path, or a `file://` URL."""
    place = row.package.location.removeprefix("direct+")
    return "://" not in place or place.startswith("file://")
