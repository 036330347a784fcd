"""Turns the versions that a solve chose into the spec that the manifest gets (Pixi's pinning strategies)."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import TYPE_CHECKING

from ...lockfile import packages
from ...lockfile.model import LockFile

if TYPE_CHECKING:
    from rattler import Version

MINOR_PINNED = frozenset({"python", "rust", "julia", "gcc", "gxx", "gfortran", "nodejs", "deno", "r", "r-base", "perl"})
"""Conda packages whose minor versions break things: pinned by minor version while no strategy is configured."""


def locked_versions(lock: LockFile, name: str, kind: str, pairs: Container[tuple[str, str]]) -> list[str]:
    """The versions in which a package ("conda" or "pypi") is locked in these (environment, platform) pairs."""
    return [
        version
        for environment, content in lock.environments.items()
        for platform, locked in content.packages.items()
        if (environment, platform) in pairs
        for package in locked
        if package.kind.startswith(kind) and packages.name(package) == name
        if (version := packages.version(package))
    ]


def conda_pin(name: str, versions: Iterable[str], strategy: str | None) -> str | None:
    """The version spec for a conda package that was locked in these versions (one per environment and platform).

    `strategy` is a `pinning-strategy` of the configuration, or None for Pixi's default: semver, but minor for
    MINOR_PINNED. None if there are no versions (the package is locked nowhere).
    """
    return _pin(versions, strategy or ("minor" if name in MINOR_PINNED else "semver"))


def pypi_pin(versions: Iterable[str], strategy: str | None) -> str | None:
    """The specifiers for a PyPI package, written with a blank as Pixi does; None where no specifier can say them."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    pin = _pin(versions, strategy or "semver")
    try:
        return None if pin is None or not SpecifierSet(pin) else pin.replace(",", ", ")
    except InvalidSpecifier:  # `*`, and several exact versions, cannot be said there
        return None


def _pin(versions: Iterable[str], strategy: str) -> str | None:
    from rattler import Version

    found = [Version(v) for v in dict.fromkeys(versions)]
    if not found:
        return None
    if strategy == "no-pin":
        return "*"
    if strategy == "exact-version":
        return "|".join(f"=={version}" for version in found)
    lower = f">={min(found)}"
    return lower if strategy == "latest-up" else f"{lower},<{_upper(max(found), strategy)}"


def _upper(version: Version, strategy: str) -> Version:
    """The exclusive upper bound above a version: cut behind the number that is bumped. The epoch stays."""
    if strategy == "major":
        return version.with_segments(0, 1).bump_major()
    if strategy == "minor":
        kept = version.pop_segments(version.segment_count - 2) if version.segment_count > 2 else version
        return (kept or version).bump_minor()
    place = next((i for i, parts in enumerate(version.segments()) if any(parts)), None)
    return (version if place is None else version.with_segments(0, place + 1)).bump_last()
