"""Turns the lock's packages of one environment on one platform into what its prefix should hold.

Also applies the filters of `install --skip/--skip-with-deps/--only` (Pixi: InstallSubset): they walk the graph of
locked packages from its roots, or from the named targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import InstallError
from ..lockfile import packages
from ..lockfile.model import CURRENT_VERSION, LockFile, Package
from . import digests, markers

_KINDS = {"conda": 0, "conda_source": 1, "pypi": 2}


def conda_identity(package: Package) -> tuple[str, str, str]:
    """Name, version and build of a locked conda package. Raises InstallError if the lock does not tell."""
    version, build = packages.version(package), packages.build(package)
    if version is None or build is None:
        raise InstallError(f"The lock file names a package whose version cannot be told: {package.location}")
    return packages.name(package).lower(), version, build


def normalise_pypi(name: str) -> str:
    """A PyPI name in its one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pypi_identity(package: Package) -> tuple[str, str | None]:
    """Normalised name and version of a locked PyPI package; version None for a directory."""
    return normalise_pypi(packages.name(package)), packages.version(package)


@dataclass(frozen=True)
class Filters:
    """What an install leaves out: conda and PyPI names. Empty means everything is installed."""

    skip: frozenset[str] = frozenset()
    skip_with_deps: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.skip or self.skip_with_deps or self.only)


NO_FILTERS = Filters()
"""Everything is installed."""


@dataclass(frozen=True)
class Wanted:
    """One environment's locked packages on one platform, by name. `ignored` are left as they are, on disk or not."""

    locked: tuple[Package, ...]  # in the lock's order
    subdir: str
    virtual_packages: tuple[str, ...]  # as the lock's row writes them
    ignored: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = field(default=())  # filter names that the environment does not have

    @cached_property
    def conda(self) -> Mapping[str, Package]:
        """Conda packages by normalised name, filtered ones too."""
        return {conda_identity(p)[0]: p for p in self.locked if p.kind == "conda"}

    @cached_property
    def pypi(self) -> Mapping[str, Package]:
        """PyPI packages by normalised name, filtered ones too."""
        return {pypi_identity(p)[0]: p for p in self.locked if p.kind == "pypi"}

    @property
    def sources(self) -> tuple[Package, ...]:
        """Conda packages that would have to be built from source."""
        return tuple(p for p in self.locked if p.kind == "conda_source")

    @cached_property
    def fingerprint(self) -> str:
        """The prefix's fingerprint when all of this is installed (filtered packages count too, as in Pixi)."""
        return digests.fingerprint((name, packages.sha256(p)) for name, p in self.conda.items())

    @cached_property
    def hash(self) -> str:
        """The marker's `environment_lock_file_hash`."""
        return digests.lock_file_hash(self.locked, self.subdir, self.virtual_packages)

    @cached_property
    def requirements(self) -> tuple[str, ...]:
        """What the machine must have: the `__*` specs of all conda packages."""
        return markers.requirements(packages.depends(p) for p in self.conda.values())

    @cached_property
    def python_version(self) -> str | None:
        """The version of the conda package `python`, None without one."""
        package = self.conda.get("python")
        return conda_identity(package)[1] if package else None


def wanted(
    lock: LockFile,
    environment: str,
    platform: str,
    subdir: str,
    virtual_packages: Sequence[str],
    filters: Filters = NO_FILTERS,
) -> Wanted:
    """What the prefix of `environment` should hold on the platform of that name.

    `virtual_packages` are the platform's declared ones and defaults, used where the lock has no row for it (version 6
    and older). Raises InstallError if the lock does not know the environment.
    """
    locked = lock.environments.get(environment)
    if locked is None:
        raise InstallError(f"the lock file is not up-to-date with requested environment: '{environment}'")
    row = lock.platform(platform)
    rows = tuple(locked.packages.get(platform, ()))
    if lock.version >= CURRENT_VERSION:  # as it is written; a lock that was just solved may stand in another order
        rows = tuple(sorted(rows, key=lambda package: (_KINDS[package.kind], package.location)))
    result = Wanted(rows, subdir, row.virtual_packages if row and row.virtual_packages else tuple(virtual_packages))
    if not filters:
        return result
    kept, unknown = select(_graph(result), filters)
    names = frozenset(result.conda) | frozenset(result.pypi)
    return Wanted(rows, subdir, result.virtual_packages, names - kept, unknown)


def _graph(wanted: Wanted) -> dict[str, tuple[str, ...]]:
    """Name -> names it depends on, conda and PyPI in one graph (a conda package hides a PyPI one of its name)."""
    edges: dict[str, tuple[str, ...]] = {}
    for name, package in wanted.pypi.items():
        needs = [
            normalise_pypi(re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0])
            for text in packages.requires_dist(package)
        ]
        edges[name] = (*(n for n in needs if n in wanted.pypi or n in wanted.conda), *_python(wanted))
    for name, package in wanted.conda.items():
        depends = [re.split(r"[ =<>!~\[]", text, maxsplit=1)[0] for text in packages.depends(package)]
        edges[name] = tuple(n for n in depends if n in wanted.conda)
    return edges


def _python(wanted: Wanted) -> tuple[str, ...]:
    return ("python",) if "python" in wanted.conda else ()


def select(graph: Mapping[str, Sequence[str]], filters: Filters) -> tuple[frozenset[str], tuple[str, ...]]:
    """The names that an install with these filters handles, and the filter names that the graph does not have.

    `only` starts the walk at the named packages, else it starts at those that nothing needs. `skip_with_deps` ends the
    walk at a package; `skip` leaves only the package itself out.
    """
    named = filters.skip | filters.skip_with_deps | filters.only
    if filters.only:
        starts: Iterable[str] = [name for name in filters.only if name in graph]
    else:
        starts = _roots(graph)
    seen: set[str] = set()
    todo = [name for name in starts if name not in filters.skip_with_deps]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(n for n in graph[name] if n not in filters.skip_with_deps)
    return frozenset(seen - filters.skip), tuple(sorted(named - graph.keys()))


def _roots(graph: Mapping[str, Sequence[str]]) -> list[str]:
    """Packages that nothing else needs; of a ring that nothing else reaches, its first member."""
    needed = {need for name, needs in graph.items() for need in needs if need != name}
    roots = [name for name in graph if name not in needed]
    reached: set[str] = set()
    todo = list(roots)
    for name in graph:
        while todo:
            each = todo.pop()
            if each not in reached:
                reached.add(each)
                todo.extend(graph[each])
        if name not in reached:
            roots.append(name)
            todo.append(name)
    return roots
