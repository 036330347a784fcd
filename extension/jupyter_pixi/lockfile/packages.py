"""A locked package -> its facts, computed from its location and the few fields that stand in the lock.

Cheap: nothing here imports a solver. (What conda records and locks have to do with each other is in `records`.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .location import derive, implied_build_number, implied_noarch
from .model import Package

_SOURCE_ID = re.compile(r"([^\[]+)\[([^\]]*)\] @ (.*)", re.DOTALL)
_SEPARATORS = re.compile(r"[-_.]+")
SDIST_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz", ".tbz", ".txz", ".tar.lz", ".tar.zst", ".tar.lzma")


def name(package: Package) -> str:
    """The package's name: as a conda channel writes it, or normalised for PyPI."""
    given = package.fields.get("name")
    if given is not None:
        return str(given)
    if package.kind == "conda":
        return derive(package.location).name or ""
    if package.kind == "conda_source":
        match = _SOURCE_ID.fullmatch(package.location)
        return match[1] if match else package.location
    return ""


def version(package: Package) -> str | None:
    """The version, or None where the lock does not say it (source packages, local directories)."""
    given = package.fields.get("version")
    if given is not None:
        return str(given)
    return derive(package.location).version if package.kind == "conda" else None


def build(package: Package) -> str | None:
    """The build string of a conda package."""
    given = package.fields.get("build")
    if given:
        return str(given)
    return derive(package.location).build if package.kind == "conda" else None


def build_number(package: Package) -> int:
    """The build number of a conda package."""
    given = package.fields.get("build_number")
    if given is not None:
        return _number(given) or 0
    return implied_build_number(build(package) or "")


def subdir(package: Package) -> str | None:
    """The subdir of a conda package."""
    given = package.fields.get("subdir")
    if given is not None:
        return str(given)
    return derive(package.location).subdir if package.kind == "conda" else None


def channel(package: Package) -> str | None:
    """The channel's URL without a trailing slash; None if it is not known."""
    if "channel" in package.fields:
        given = package.fields["channel"]
        return None if given is None else str(given).rstrip("/")
    return derive(package.location).channel if package.kind == "conda" else None


def file_name(package: Package) -> str | None:
    """The name of the archive, wheel or sdist; None for directories, git and source packages."""
    given = package.fields.get("file_name")
    if given is not None:
        return str(given)
    if package.kind == "conda":
        return derive(package.location).file_name
    if package.kind == "conda_source" or is_git(package) or is_directory(package):
        return None
    return _plain(package).replace("\\", "/").rpartition("/")[2]


def noarch(package: Package) -> str | None:
    """`python`, `generic`, or None for a package of one platform."""
    given = package.fields.get("noarch")
    if given is not None:
        return str(given) if given in ("python", "generic") else None
    if package.kind == "conda_source":
        return None
    derived = derive(package.location)
    return implied_noarch(derived.subdir or subdir(package), derived.build or build(package))


def depends(package: Package) -> tuple[str, ...]:
    """The run dependencies of a conda package, as match specs."""
    return _texts(package, "depends")


def constrains(package: Package) -> tuple[str, ...]:
    """The run constraints of a conda package, as match specs."""
    return _texts(package, "constrains")


def extra_depends(package: Package) -> Mapping[str, tuple[str, ...]]:
    """Further dependencies of a conda package by extra."""
    given: Mapping[str, Any] = package.fields.get("extra_depends") or {}
    return {extra: tuple(specs or ()) for extra, specs in given.items()}


def track_features(package: Package) -> tuple[str, ...]:
    """The features a conda package tracks."""
    return _texts(package, "track_features")


def flags(package: Package) -> tuple[str, ...]:
    """The flags of a conda package."""
    return _texts(package, "flags")


def purls(package: Package) -> tuple[str, ...] | None:
    """The PyPI identities of a conda package: None if not known, empty if it is known to have none."""
    given = package.fields.get("purls")
    return None if given is None else tuple(given)


def sha256(package: Package) -> str | None:
    """The SHA-256 of the file in hex."""
    return _text(package, "sha256")


def md5(package: Package) -> str | None:
    """The MD5 of the file in hex."""
    return _text(package, "md5")


def license(package: Package) -> str | None:
    """The licence as the package states it."""
    return _text(package, "license")


def license_family(package: Package) -> str | None:
    """The licence family as the package states it."""
    return _text(package, "license_family")


def size(package: Package) -> int | None:
    """The size of the archive in bytes."""
    return _number(package.fields.get("size"))


def timestamp(package: Package) -> int | None:
    """When the package was built, in milliseconds since the epoch."""
    return _number(package.fields.get("timestamp"))


def python_site_packages_path(package: Package) -> str | None:
    """Where a `python` package wants noarch files, relative to the prefix."""
    return _text(package, "python_site_packages_path")


def source_location(package: Package) -> str | None:
    """The location of a conda source package: a path, a URL or `git+…`."""
    match = _SOURCE_ID.fullmatch(package.location) if package.kind == "conda_source" else None
    return match[3] if match else None


def requires_dist(package: Package) -> tuple[str, ...]:
    """The requirements of a PyPI package, as PEP 508 texts."""
    return _texts(package, "requires_dist")


def requires_python(package: Package) -> str | None:
    """Which Python a PyPI package asks for."""
    return _text(package, "requires_python")


def index(package: Package) -> str | None:
    """The index a PyPI package comes from, where the lock says so."""
    return _text(package, "index")


def is_url(package: Package) -> bool:
    """Whether the location is a URL (and not a path)."""
    return "://" in package.location


def is_git(package: Package) -> bool:
    """Whether a PyPI package is locked to a commit of a git repository."""
    return package.kind == "pypi" and package.location.startswith("git+")


def is_direct(package: Package) -> bool:
    """Whether a PyPI package is locked to a URL that the user gave."""
    return package.kind == "pypi" and package.location.startswith("direct+")


def is_wheel(package: Package) -> bool:
    """Whether a PyPI package is a wheel."""
    return package.kind == "pypi" and _plain(package).endswith(".whl")


def is_sdist(package: Package) -> bool:
    """Whether a PyPI package is a source archive."""
    return package.kind == "pypi" and not is_git(package) and _plain(package).endswith(SDIST_SUFFIXES)


def is_directory(package: Package) -> bool:
    """Whether a PyPI package is a directory of this machine."""
    return package.kind == "pypi" and not is_url(package) and not _plain(package).endswith((".whl", *SDIST_SUFFIXES))


def is_distribution(package: Package) -> bool:
    """Whether a PyPI package is a file with a version of its own (and not a directory)."""
    known = ("version", "sha256", "md5", "index")
    return package.kind == "pypi" and any(package.fields.get(key) is not None for key in known)


def normalize(pypi_name: str) -> str:
    """A PyPI name as PEP 503 compares it."""
    return _SEPARATORS.sub("-", pypi_name).lower()


def pypi_names(package: Package) -> tuple[str, ...] | None:
    """The PyPI names a conda package stands for, by its purls; None if not known."""
    known = purls(package)
    if known is None:
        return None
    names = (purl.removeprefix("pkg:pypi/") for purl in known if purl.startswith("pkg:pypi/"))
    return tuple(normalize(re.split(r"[@?#]", text, maxsplit=1)[0]) for text in names)


def _plain(package: Package) -> str:
    return package.location.split("#", 1)[0].split("?", 1)[0]


def _text(package: Package, key: str) -> str | None:
    given = package.fields.get(key)
    return None if given is None else str(given)


def _texts(package: Package, key: str) -> tuple[str, ...]:
    return tuple(package.fields.get(key) or ())


def _number(text: object) -> int | None:
    try:
        return int(str(text))
    except ValueError:
        return None
