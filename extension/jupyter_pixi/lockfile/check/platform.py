"""One environment on one platform: a walk from what it asks for through what is locked -> what is amiss first.

Every requirement must be met by a locked package, and every locked package be reached. Conda first, then PyPI; the
requirement declared last is looked at first, as Pixi does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ...manifest.archspec import as_detected
from .. import match
from .. import packages as of
from ..model import LockEnvironment, Package
from ..simple_index import default_index
from . import local, markers, pep440, pypi, requirements
from .conda import Wanted, of_manifest
from .facts import Fact, Facts, provided_version
from .pypi import Indexes
from .records import Records, gather
from .requirements import Requirement
from .verdict import Unsatisfied

if TYPE_CHECKING:
    from ...environments.model import Environment, OnPlatform

ENVIRONMENT = "<environment>"


@dataclass(frozen=True)
class Verified:
    """What a fitting pair uses: conda packages that conda packages ask for, and those that PyPI requirements use."""

    expected: frozenset[str]
    used_by_pypi: frozenset[str]
    notes: tuple[str, ...]


def check_platform(
    environment: Environment,
    on: OnPlatform,
    locked: LockEnvironment | None,
    version: int,
    root: Path,
    facts: Facts,
) -> Verified:
    """Check one platform of an environment. Raises `Unsatisfied` with the first reason against it.

    `version` is the lock's. `facts` is what is known of the lock's packages from other pairs.
    """
    platform = on.platform
    virtual = {
        item.name: match.Candidate(item.name, item.version, item.build if item.build is not None else "0")
        for item in map(as_detected, on.virtual_packages)
    }
    packages = locked.packages.get(platform.name, ()) if locked is not None else ()
    nothing_from_pypi = not any(item.kind == "pypi" for item in packages)
    if environment.has_pypi and nothing_from_pypi and not any(of.purls(p) is not None for p in packages):
        raise Unsatisfied("missing purls")
    return _Walk(environment, on, gather(packages, virtual, facts), _indexes(locked, version), root, version).run()


def _indexes(locked: LockEnvironment | None, version: int) -> Indexes:
    if locked is None or version < 7:
        return Indexes()
    named = locked.indexes or (default_index(),)
    return Indexes(named + tuple(link for kind, link in locked.find_links if kind == "url"), named[0])


@dataclass
class _Walk:
    """The walk from what the manifest asks for through what the lock has; what it met and what is still to follow."""

    environment: Environment
    on: OnPlatform
    records: Records
    indexes: Indexes
    root: Path
    version: int
    conda_queue: list[tuple[Wanted, str]] = field(default_factory=list)
    pypi_queue: list[tuple[Requirement, str]] = field(default_factory=list)
    visited: set[str] = field(default_factory=set)
    visited_pypi: set[str] = field(default_factory=set)
    followed: dict[str, set[str]] = field(default_factory=dict)
    met: dict[int, Wanted] = field(default_factory=dict)  # by id; held, so that no id comes twice
    seen: set[str] = field(default_factory=set)
    walked: set[tuple[str, tuple[str, ...]]] = field(default_factory=set)
    as_source: set[str] = field(default_factory=set)
    expected: set[str] = field(default_factory=set)
    used_by_pypi: set[str] = field(default_factory=set)
    delayed: Unsatisfied | None = None
    overrides: Mapping[str, Requirement] = field(default_factory=dict)
    known: markers.Variables | None = None

    def run(self) -> Verified:
        self._prepare()
        while self.conda_queue or self.pypi_queue:
            if self.conda_queue:
                self._conda(*self.conda_queue.pop())
            else:
                self._pypi(*self.pypi_queue.pop())
        self._all_used()
        sources = sorted(name for name, fact in self.records.conda.items() if fact.package.kind == "conda_source")
        notes = tuple(
            f"the source package '{name}' was not compared with its source, because source packages are not built here"
            for name in sources
        )
        return Verified(frozenset(self.expected), frozenset(self.used_by_pypi), notes)

    def _prepare(self) -> None:
        python = self.records.python
        self.known = markers.variables(self.on.platform.subdir, of.version(python) or "") if python else None
        self.overrides = {
            of.normalize(name): requirements.of_spec(name, spec)
            for name, spec in self.environment.pypi_options.dependency_overrides.items()
        }
        self.pypi_queue = [(item, ENVIRONMENT) for item in self._pypi_dependencies()]
        if not self.pypi_queue and self.records.pypi:
            raise _too_many_pypi(self.records.pypi)
        self._constraints()
        self._directories()
        if not self.on.dependencies and not self.on.dev and self.records.conda:
            raise _too_many_conda(())
        self.conda_queue = [(of_manifest(name, spec), ENVIRONMENT) for name, spec in self.on.dependencies]

    def _pypi_dependencies(self) -> list[Requirement]:
        found = []
        for name, spec in self.on.pypi_dependencies:
            item = requirements.of_spec(name, spec)
            if item.marker and not markers.holds(item.marker, self.known, item.extras):
                continue
            if item.path is not None and not Path(pypi.absolute(item.path, self.root)).exists():
                raise Unsatisfied(f"when converting {item.name} into a pep508 requirement", pypi_only=True)
            found.append(item)
        return found

    def _constraints(self) -> None:
        for name, spec in self.on.constraints:
            wanted = of_manifest(name, spec)
            fact = self.records.conda.get(wanted.name)
            if fact is not None and fact.package.kind == "conda" and not fact.fits(wanted):
                constraint = wanted.display().removeprefix(wanted.name).strip()
                raise Unsatisfied(
                    f"the locked package '{wanted.name}' with version '{fact.candidate.version}' does not satisfy the "
                    f"constraint '{constraint}'"
                )

    def _directories(self) -> None:
        """A directory must be locked as one, and needs a Python to be looked at."""
        for name, package in self.records.pypi.items():
            if of.is_url(package) or not Path(pypi.absolute(package.location, self.root)).is_dir():
                continue
            if self.version >= 7 and of.is_distribution(package):
                raise Unsatisfied(f"'{name}' is locked as a distribution but points to a local source directory")
            if self.records.python is None:
                raise _no_python()

    # Conda

    def _holds(self, text: str) -> bool:
        """Whether some locked or virtual package fulfils the spec of a condition."""
        spec = match.parse(text)
        fact = self.records.conda.get(spec.name)
        found = fact.candidate if fact is not None else self.records.virtual.get(spec.name)
        return found is not None and match.fits(spec.text, found)

    def _conda(self, wanted: Wanted, origin: str) -> None:
        # Demands are shared by the packages that make them: the same one has been met already.
        if id(wanted) in self.met:
            return
        if wanted.when is not None and not match.condition(wanted.when, self._holds):
            return
        fact = self.records.conda.get(wanted.name)
        if wanted.source is not None:
            fact = self._source(wanted, fact, origin)
        elif fact is None:
            virtual = self.records.virtual.get(wanted.name)
            if virtual is None or not match.fits(wanted.plain, virtual):
                raise _unmet(wanted, origin)
            return
        elif not fact.fits(wanted):
            raise _unmet(wanted, origin)
        self.met[id(wanted)] = wanted
        self.expected.add(wanted.name)
        self._follow(fact, wanted.extras)

    def _source(self, wanted: Wanted, fact: Fact | None, origin: str) -> Fact:
        self.as_source.add(wanted.name)
        if fact is None:
            raise Unsatisfied(f"no package named '{wanted.name}' exists (required by '{origin}')")
        if fact.package.kind != "conda_source":
            raise Unsatisfied(f"required source package '{wanted.name}' is locked as binary (required by '{origin}')")
        mismatch = wanted.source_mismatch(of.source_location(fact.package) or "", self.root)
        if mismatch is not None:
            raise Unsatisfied(
                f"the locked source package '{wanted.name}' does not match the requested source package, {mismatch}"
            )
        if not fact.fits(wanted):
            raise _unmet(wanted, origin)
        return fact

    def _follow(self, fact: Fact, extras: tuple[str, ...]) -> None:
        if fact.name not in self.visited:
            self.visited.add(fact.name)
            origin = fact.origin
            self.conda_queue += [(wanted, origin) for wanted in fact.depends]
        for extra in extras:
            followed = self.followed.setdefault(fact.name, set())
            if extra not in followed:
                followed.add(extra)
                self.conda_queue += [(wanted, fact.origin) for wanted in fact.extra_depends(extra)]

    # PyPI

    def _later(self, error: Unsatisfied) -> None:
        """Keep the first PyPI error until all conda packages have been looked at."""
        if self.delayed is None:
            self.delayed = error

    def _pypi(self, requirement: Requirement, origin: str) -> None:
        provider = self.records.by_purl.get(requirement.name)
        if provider is not None:
            self._provided(requirement, provider, origin)
            return
        package = self.records.pypi.get(requirement.name)
        wanted = self.overrides.get(requirement.name, requirement)
        if package is None:
            self._later(
                Unsatisfied(
                    f"the requirement '{wanted}' could not be satisfied (required by '{origin}')", pypi_only=True
                )
            )
            return
        try:
            pypi.check_package(wanted, package, self.root, self.indexes)
        except Unsatisfied as error:
            self._later(error)
        self._follow_pypi(requirement.name, package, wanted.extras)

    def _provided(self, requirement: Requirement, provider: Fact, origin: str) -> None:
        name = requirement.name
        if requirement.editable:
            self._later(Unsatisfied(f"editable pypi dependency on conda resolved package '{name}' is not supported"))
        if requirement.url is not None:
            self._later(
                Unsatisfied(f"direct pypi url dependency to a conda installed package '{name}' is not supported")
            )
        if requirement.git is not None:
            self._later(Unsatisfied(f"git dependency on a conda installed package '{name}' is not supported"))
        wanted = self.overrides.get(name, requirement)
        if wanted.path is not None:
            raise Unsatisfied(f"directory dependency on a conda installed package '{name}' is not supported")
        if not pep440.admits(wanted.specifiers, provided_version(provider.package, name)):
            self._later(
                Unsatisfied(
                    f"the conda package does not satisfy the pypi requirement '{requirement}' (required by '{origin}')"
                )
            )
        self.used_by_pypi.add(provider.name)
        self._follow(provider, ())

    def _follow_pypi(self, name: str, package: Package, extras: tuple[str, ...]) -> None:
        if self.known is None:
            raise _no_python()
        if name not in self.visited_pypi:
            self.visited_pypi.add(name)
            self._metadata(name, package)
        if (name, extras) in self.walked:
            return
        self.walked.add((name, extras))
        for text in of.requires_dist(package):
            item = requirements.of_text(text) if text not in self.seen else None
            if item is not None and (not item.marker or markers.holds(item.marker, self.known, extras)):
                self.seen.add(text)
                self.pypi_queue.append((item, name))

    def _metadata(self, name: str, package: Package) -> None:
        if not of.is_url(package):
            current = local.read_metadata(Path(pypi.absolute(package.location, self.root)))
            changed = local.difference(package, current) if current is not None else None
            if changed is not None:
                text = f"metadata for local package '{name}' has changed: {changed}"
                self._later(Unsatisfied(text, pypi_only=True))
        demand = of.requires_python(package)
        version = dict(self.known or ())["python_full_version"]
        if demand is not None and not pep440.above_lower_bound(demand, version):
            specifiers = ", ".join(pep440.split(demand))
            self._later(
                Unsatisfied(
                    f"'{name}' requires python version {specifiers} but the python interpreter in the lock file has "
                    f"version {version}",
                    pypi_only=True,
                )
            )

    # What is left

    def _all_used(self) -> None:
        # What a development dependency asks for is known only to its build backend.
        if len(self.visited) != len(self.records.conda) and not self.on.dev:
            raise _too_many_conda(name for name in self.records.conda if name not in self.visited)
        for name, fact in self.records.conda.items():
            if fact.package.kind == "conda_source" and name not in self.as_source and name in self.visited:
                raise Unsatisfied(f"package '{name}' is locked as source, but is only required as binary")
        if self.delayed is not None:
            raise self.delayed
        if len(self.visited_pypi) != len(self.records.pypi):
            raise _too_many_pypi(name for name in self.records.pypi if name not in self.visited_pypi)


def _unmet(wanted: Wanted, origin: str) -> Unsatisfied:
    return Unsatisfied(f"the requirement '{wanted.display()}' could not be satisfied (required by '{origin}')")


def _no_python() -> Unsatisfied:
    return Unsatisfied("there are PyPi dependencies but a python interpreter is missing from the lock file")


def _too_many_conda(names: Iterable[str]) -> Unsatisfied:
    text = "there are more conda packages in the lock file than are used by the environment: "
    return Unsatisfied(text + ", ".join(names))


def _too_many_pypi(names: Iterable[str]) -> Unsatisfied:
    text = "there are more pypi packages in the lock file than are used by the environment: "
    return Unsatisfied(text + ", ".join(names), pypi_only=True)
