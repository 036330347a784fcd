"""The packages a lock names for one environment and platform -> lookups by conda name, PyPI name and purl."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .. import packages as of
from ..match import Candidate
from ..model import LockEnvironment, LockFile, Package
from ..platforms import customised
from . import pep440
from .verdict import Unsatisfied


@dataclass(frozen=True)
class Records:
    """What is locked for a pair. `by_purl` maps a PyPI name to the conda package that stands for it."""

    conda: Mapping[str, Package]
    pypi: Mapping[str, Package]
    by_purl: Mapping[str, Package]
    virtual: Mapping[str, Candidate]
    candidates: Mapping[str, Candidate] = field(default_factory=dict)

    @property
    def python(self) -> Package | None:
        """The locked interpreter: the conda package named `python`."""
        return self.conda.get("python")


def locked_packages(
    lock: LockFile, locked: LockEnvironment | None, name: str, subdir: str, declared: Iterable[str]
) -> tuple[Package, ...]:
    """The packages locked for a platform of the workspace: its own row's, else those of the bare subdir's row.

    The bare row stands in if it records no virtual packages or all that the platform declares (`declared`).
    """
    if locked is None:
        return ()
    if lock.platform(name) is not None:
        return locked.packages.get(name, ())
    row = lock.platform(subdir)
    if row is None:
        return ()
    if row.virtual_packages and not customised(subdir, declared) <= customised(subdir, row.virtual_packages):
        return ()
    return locked.packages.get(subdir, ())


def gather(packages: Iterable[Package], virtual: Mapping[str, Candidate]) -> Records:
    """Index the packages of a pair. Raises `Unsatisfied` if one is there twice."""
    conda: dict[str, Package] = {}
    pypi: dict[str, Package] = {}
    by_purl: dict[str, Package] = {}
    candidates: dict[str, Candidate] = {}
    for package in packages:
        if package.kind == "pypi":
            _put(pypi, of.normalize(of.name(package)), package)
            continue
        name = of.name(package).lower()
        _put(conda, name, package)
        candidates[name] = candidate(package)
        for pypi_name in _stands_for(package):
            by_purl.setdefault(pypi_name, package)
    return Records(conda, pypi, by_purl, virtual, candidates)


def candidate(package: Package) -> Candidate:
    """A locked conda package as match specs see it."""
    return Candidate(of.name(package).lower(), of.version(package), of.build(package))


def provided_version(package: Package, pypi_name: str) -> str:
    """The PyPI version a conda package provides: the purl's, else its own."""
    for purl in of.purls(package) or ():
        name, _, version = purl.removeprefix("pkg:pypi/").partition("?")[0].partition("@")
        if version and of.normalize(name) == pypi_name:
            return version
    return of.version(package) or ""


def _put(table: dict[str, Package], name: str, package: Package) -> None:
    if name in table:
        raise Unsatisfied(f"there was a duplicate entry for '{name}'")
    table[name] = package


def _stands_for(package: Package) -> tuple[str, ...]:
    """The PyPI names of a conda package. One of conda-forge without purls is taken to have its own name."""
    names = of.pypi_names(package)
    if names is not None:
        return names
    channel = of.channel(package)
    if channel is None or not urlsplit(channel).path.startswith("/conda-forge"):
        return ()
    name, version = of.name(package), of.version(package) or ""
    plausible = name[:1].isalnum() and name[-1:].isalnum() and pep440.admits(">=0", version)
    return (of.normalize(name),) if plausible else ()
