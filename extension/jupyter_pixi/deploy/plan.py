"""Turns a manifest, its environments and its lock into the plan of an export: what each image has to know. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from ..environments.model import Environment
from ..lockfile import packages
from ..lockfile.model import LockFile, Package
from ..manifest.model import Manifest, Platform
from .model import Plan, Source, Target

LINUX = ("linux-64", "linux-aarch64")
"""The platforms that container images are made for."""

_MANYLINUX = re.compile(r"manylinux_(\d+)_(\d+)_|manylinux(1|2010|2014)_")
_LEGACY = {"1": (2, 5), "2010": (2, 12), "2014": (2, 17)}
_BOUND = re.compile(r"(>=|==|=|~=|>)?\s*(\d+(?:\.\d+)*)")


def plan(
    manifest: Manifest,
    environments: Mapping[str, Environment],
    lock: LockFile,
    names: Iterable[str] | None = None,
    subdirs: Iterable[str] = LINUX,
) -> Plan:
    """The plan for the named environments (None: all) on the subdirs. `lock` has its platforms' names resolved.

    An environment that is not locked for any of the subdirs is in `left_out` with the reason.
    """
    wanted = tuple(subdirs)
    targets: list[Target] = []
    left_out: dict[str, str] = {}
    hosts: dict[str, None] = {}
    for name in names if names is not None else environments:
        environment = environments[name]
        locked = lock.environments.get(name)
        hosts |= dict.fromkeys(_hosts(environment))
        if locked is None:
            left_out[name] = "the lock file does not have it"
            continue
        rows = [
            target(manifest, environment, platform, locked.packages[platform.name])
            for platform in environment.platforms
            if platform.subdir in wanted and platform.name in locked.packages
        ]
        targets += rows
        if not rows:
            have = ", ".join(dict.fromkeys(p.subdir for p in environment.platforms)) or "no platform"
            left_out[name] = f"it is locked for {have}, and not for {' or '.join(wanted)}"
    return Plan(
        name=manifest.workspace.name,
        version=manifest.workspace.version,
        manifest=manifest.path.name,
        targets=tuple(targets),
        left_out=left_out,
        hosts=tuple(hosts),
        lock_version=lock.version,
        sources=_all_sources(manifest, lock),
    )


def _all_sources(manifest: Manifest, lock: LockFile) -> tuple[Source, ...]:
    rows = (p for e in lock.environments.values() for locked in e.packages.values() for p in locked)
    return tuple(dict.fromkeys(_sources(rows, set(), manifest.root.as_posix())))


def target(manifest: Manifest, environment: Environment, platform: Platform, rows: Iterable[Package]) -> Target:
    """One environment on one platform."""
    locked = tuple(rows)
    on = environment.on[platform.name]
    declared = {p.name: p.version for p in platform.declared}
    needs = [spec for p in locked if p.kind != "pypi" for spec in packages.depends(p)]
    editable = {name for name, spec in on.pypi_dependencies if spec.editable}
    editable |= {name for name, yes in manifest.editable.items() if yes}
    return Target(
        environment=environment.name,
        platform=platform.name,
        subdir=platform.subdir,
        cuda=_highest([declared.get("__cuda"), *bounds("__cuda", needs)]),
        glibc=_highest([declared.get("__glibc"), *bounds("__glibc", needs), *_wheels(locked)]),
        python=next((packages.version(p) for p in locked if _is_conda(p, "python")), None),
        packages=frozenset(packages.name(p) for p in locked),
        scripts=on.activation.scripts,
        env=on.activation.env,
        sources=tuple(_sources(locked, editable, manifest.root.as_posix())),
        git=any(packages.is_git(p) for p in locked),
        platforms=tuple(p.name for p in environment.platforms),
    )


def bounds(name: str, specs: Iterable[str]) -> list[str]:
    """The lower bounds that match specs set on a virtual package; "0" where one only asks that it is there."""
    found = []
    for spec in specs:
        word, _, rest = spec.strip().partition(" ")
        match = re.match(rf"{name}(?=$|[ =<>!~])", spec.strip())
        if match is None:
            continue
        text = rest if word == name else spec.strip()[len(name) :]
        lower = [m[2] for part in text.split("|")[0].split(",") if (m := _BOUND.match(part.strip()))]
        found.append(_highest(lower) or "0")
    return found


def numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare by."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _highest(versions: Iterable[str | None]) -> str | None:
    return max((v for v in versions if v is not None), key=numbers, default=None)


def _is_conda(package: Package, name: str) -> bool:
    return package.kind == "conda" and packages.name(package) == name


def _wheels(locked: Iterable[Package]) -> Iterable[str]:
    """The C library that each wheel's platform tags ask for: of several tags, the oldest will do (PEP 600)."""
    for package in locked:
        name = packages.file_name(package) if packages.is_wheel(package) else None
        needs = [
            _LEGACY[m[3]] if m[3] else (int(m[1]), int(m[2])) for m in _MANYLINUX.finditer((name or "").split("-")[-1])
        ]
        if needs:
            yield ".".join(map(str, min(needs)))


def _sources(locked: Iterable[Package], editable: set[str], root: str) -> Iterable[Source]:
    found: dict[Source, None] = {}
    for package in locked:
        location = packages.source_location(package) or "" if package.kind == "conda_source" else package.location
        location = location.split("#")[0]
        if ("://" in location and not location.startswith("file://")) or location.startswith(("git+", "direct+")):
            continue
        path = location.removeprefix("file://")
        if posixpath.isabs(path):
            path = posixpath.relpath(path, root)
        name = packages.name(package)
        if package.kind == "conda":  # an archive: it is the channel's folder that has to be there
            name, path = "the channel", posixpath.dirname(posixpath.dirname(path))
        found[Source(name, posixpath.normpath(path or "."), name in editable)] = None
    return found


def _hosts(environment: Environment) -> Iterable[str]:
    for channel in environment.channels:
        parts = urlsplit(channel.url)
        yield parts.hostname or f"{parts.scheme}:"
