"""The packages of a solve group to those of one member: what its own requirements reach, nothing else.

Pixi judges a lock with unreachable packages as out of date, so a member gets exactly its closure over conda `depends`
(with the extras asked for, and conditions that hold in it) and PyPI `requires_dist` (with markers and extras).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..environments.model import OnPlatform
from ..lockfile import match
from ..lockfile import packages as locked
from ..lockfile.check import markers
from ..lockfile.check.requirements import Requirement, of_spec, of_text
from ..lockfile.model import Package
from ..lockfile.packages import normalize as pypi_name
from ..manifest.archspec import as_detected

Split = tuple[tuple[Package, ...], tuple[Package, ...]]
"""Conda packages and PyPI packages."""

_Demand = tuple[str, str, tuple[str, ...]]  # "conda" or "pypi", name, extras


def python_of(packages: Sequence[Package]) -> Package | None:
    """The conda package named exactly `python`: the only interpreter Pixi knows. None without one."""
    return next((p for p in packages if p.kind != "pypi" and locked.name(p) == "python"), None)


def reachable(on: OnPlatform, conda: Sequence[Package], pypi: Sequence[Package]) -> Split:
    """The packages of the group that a member reaches on a platform, in the order given.

    `on` is what the member asks for there. Conditions of requirements are judged by what the member itself gets, so
    the walk is repeated until that no longer changes.
    """
    kept = frozenset(conda)
    for _ in range(len(conda) + 1):
        found = _Walk(on, conda, pypi, kept).run()
        if found == kept:
            break
        kept = found
    return tuple(p for p in conda if p in kept), tuple(p for p in pypi if p in kept)


class _Walk:
    """One walk over what is reached, where conditions are judged by a given set of packages."""

    def __init__(
        self, on: OnPlatform, conda: Sequence[Package], pypi: Sequence[Package], judges: frozenset[Package]
    ) -> None:
        self._on = on
        self._conda = {locked.name(p): p for p in conda}
        self._pypi = {pypi_name(locked.name(p)): p for p in pypi}
        self._provided = {name: p for p in conda for name in locked.pypi_names(p) or ()}
        virtual = map(as_detected, on.virtual_packages)
        self._candidates = {v.name: match.Candidate(v.name, v.version, v.build) for v in virtual}
        for package in judges:
            if package.kind != "pypi":
                name = locked.name(package)
                self._candidates[name] = match.Candidate(name, locked.version(package), locked.build(package))
        python = python_of(conda)
        version = locked.version(python) if python else None
        self._markers = markers.variables(on.platform.subdir, version) if version else None

    def run(self) -> frozenset[Package]:
        queue = list(self._asked())
        seen: set[_Demand] = set()
        kept: set[Package] = set()
        while queue:
            demand = queue.pop()
            kind, name, extras = demand
            if demand in seen:
                continue
            seen.add(demand)
            package = self._conda.get(name) if kind == "conda" else self._provided.get(name) or self._pypi.get(name)
            if package is not None:
                kept.add(package)
                queue.extend(self._needs(package, extras))
        return frozenset(kept)

    def _asked(self) -> Iterator[_Demand]:
        for name, spec in self._on.dependencies:
            if spec.when is None or match.condition(spec.when, self._holds):
                yield "conda", name, spec.extras
        for name, requirement in self._on.pypi_dependencies:
            yield from self._pypi_demand(of_spec(name, requirement), ())

    def _needs(self, package: Package, extras: tuple[str, ...]) -> Iterator[_Demand]:
        if package.kind == "pypi":
            for text in locked.requires_dist(package):
                requirement = of_text(text)
                if requirement is not None:
                    yield from self._pypi_demand(requirement, extras)
            return
        more = locked.extra_depends(package)
        for text in (*locked.depends(package), *(t for extra in extras for t in more.get(extra, ()))):
            spec = match.parse(text)
            if spec.when is None or match.condition(spec.when, self._holds):
                yield "conda", spec.name, spec.extras

    def _pypi_demand(self, requirement: Requirement, extras: tuple[str, ...]) -> Iterator[_Demand]:
        if not requirement.marker or markers.holds(requirement.marker, self._markers, extras):
            yield "pypi", requirement.name, requirement.extras

    def _holds(self, text: str) -> bool:
        """Whether one spec of a condition is fulfilled by a package or virtual package that is there."""
        candidate = self._candidates.get(match.parse(text).name)
        return candidate is not None and match.fits(text, candidate)
