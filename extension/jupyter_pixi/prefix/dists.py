"""Turns locked PyPI packages and the distributions in a prefix into what has to be installed and removed.

Pixi's rules (pixi_install_pypi, plan): the lock owns what INSTALLER calls `uv-pixi`; another tool's distribution is
left alone unless the lock wants that name. Reads dist-info folders only.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from ..lockfile import packages
from ..lockfile.location import local_path
from ..lockfile.model import Package
from .installed import INSTALLER, Distribution
from .wanted import pypi_identity

Kind = Literal["wheel", "sdist", "direct", "path", "git", "directory"]


@dataclass(frozen=True)
class Source:
    """Where a locked PyPI package comes from.

    `url` is what an installer fetches (`file:` for this machine). "wheel" and "sdist" come from an index or find-links
    and get no direct_url.json; "direct" and "path" do. `commit`, `revision` and `subdirectory` are git's.
    """

    kind: Kind
    url: str
    path: Path | None = None
    editable: bool = False
    commit: str | None = None
    revision: str | None = None
    subdirectory: str | None = None


def source(package: Package, root: Path, editable: bool = False) -> Source:
    """Read the location of a locked PyPI package; relative ones are below `root`."""
    location = package.location
    if location.startswith("git+"):
        parts = urlsplit(location.removeprefix("git+"))
        query = parse_qs(parts.query)
        revision = next((query[key][0] for key in ("rev", "tag", "branch") if key in query), None)
        repository = parts._replace(query="", fragment="").geturl()
        subdirectory = query.get("subdirectory", [None])[0]
        return Source("git", repository, None, False, parts.fragment or None, revision, subdirectory)
    if location.startswith("direct+"):
        return Source("direct", location.removeprefix("direct+"))
    file = local_path(location)
    if file is None:
        return Source("wheel" if packages.is_wheel(package) else "sdist", location)
    path = Path(os.path.normpath(root / file))
    if packages.version(package) is None and not packages.is_wheel(package) and not packages.is_sdist(package):
        return Source("directory", path.as_uri(), path, editable)
    if packages.index(package) is not None:  # a file of a find-links folder
        return Source("wheel" if packages.is_wheel(package) else "sdist", path.as_uri(), path)
    return Source("path", path.as_uri(), path)


@dataclass(frozen=True)
class Plan:
    """What to do: locked names to install with the reason, those of them to replace, and names to remove."""

    install: Mapping[str, str]
    replace: frozenset[str]
    remove: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.install or self.remove)


def plan(
    wanted: Mapping[str, Package],
    installed: Mapping[str, Distribution],
    sources: Mapping[str, Source],
    *,
    reinstall: frozenset[str] = frozenset(),
    ignored: frozenset[str] = frozenset(),
) -> Plan:
    """Compare what the lock wants (by normalised name) with the distributions that are there."""
    install: dict[str, str] = {}
    for name, package in wanted.items():
        if name in ignored:
            continue
        there = installed.get(name)
        if there is None:
            install[name] = "not installed"
        elif name in reinstall:
            install[name] = "asked for"
        else:
            reason = misfit(package, there, sources[name])
            if reason is not None:
                install[name] = reason
    remove = tuple(
        sorted(
            name
            for name, there in installed.items()
            if name not in wanted and name not in ignored and there.installer == INSTALLER
        )
    )
    return Plan(install, frozenset(name for name in install if name in installed), remove)


def misfit(package: Package, there: Distribution, source: Source) -> str | None:
    """Why an installed distribution is not the locked package; None if it is."""
    if there.installer != INSTALLER:
        return f"installed by {there.installer or 'an unknown tool'}"
    version = pypi_identity(package)[1]
    if version is not None and not same_version(version, there.version):
        return f"version {there.version}"
    reason = _direct_url_misfit(source, there.direct_url)
    if reason is not None:
        return reason
    if not _same_specifiers(packages.requires_python(package), there.requires_python):
        return "its requires-python changed"
    if not (there.path / "RECORD").is_file() or not (there.path / "METADATA").is_file():
        return "its metadata is incomplete"
    if source.kind == "directory" and source.path is not None and is_newer(source.path, there):
        return "its source changed"
    return None


def same_version(one: str, other: str) -> bool:
    """Whether two version texts are one version (PEP 440: `1.0` and `1.0.0`)."""
    if one == other:
        return True
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False


def _same_specifiers(locked: str | None, said: str | None) -> bool:
    """Whether the lock file and a distribution's own metadata ask for the same Pythons, in whatever order.

    What says nothing, or nothing that PEP 440 allows (locks have `>=3.6.*` and its like repaired), contradicts nothing.
    """
    if not locked or not said:
        return True
    if set(locked.replace(" ", "").split(",")) == set(said.split(",")):
        return True
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(locked) == SpecifierSet(said)
    except InvalidSpecifier:
        return True


def _direct_url_misfit(source: Source, data: Mapping[str, object] | None) -> str | None:
    if source.kind in ("wheel", "sdist"):
        return "installed from a URL" if data is not None else None
    if data is None:
        return "installed from an index"
    if source.kind == "git":
        vcs = data.get("vcs_info")
        return None if isinstance(vcs, dict) and vcs.get("commit_id") == source.commit else "another commit"
    if str(data.get("url", "")).split("#")[0].rstrip("/") != source.url.split("#")[0].rstrip("/"):
        return "installed from elsewhere"
    if source.kind == "directory":
        info = data.get("dir_info")
        editable = bool(info.get("editable")) if isinstance(info, dict) else False
        return None if editable == source.editable else "editable or not changed"
    return None


_KEY_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


def is_newer(folder: Path, there: Distribution) -> bool:
    """Whether a local project changed since it was installed, as uv judges: by the times of its project files.

    A project that names its own cache keys is always looked at by uv itself.
    """
    times = []
    for name in _KEY_FILES:
        try:
            times.append((folder / name).stat().st_ctime_ns)
        except OSError:
            pass
    try:
        if re.search(r"cache-keys", (folder / "pyproject.toml").read_text(encoding="utf-8")):
            return True
    except (OSError, UnicodeDecodeError):
        pass
    try:
        said = json.loads((there.path / "uv_cache.json").read_bytes())["timestamp"]
        when = int(said["secs_since_epoch"]) * 10**9 + int(said["nanos_since_epoch"])
    except (OSError, ValueError, KeyError, TypeError):
        return True
    return bool(times) and max(times) != when
