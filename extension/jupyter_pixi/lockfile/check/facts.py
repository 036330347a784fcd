"""A locked package -> what a walk needs of it, worked out once however many environments name it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .. import match
from .. import packages as of
from ..model import Package
from . import pep440
from .conda import Wanted


@dataclass(slots=True)
class Fact:
    """A conda package with its name (lower case), its form for match specs, its PyPI names and its dependencies.

    `fitting` remembers by match spec text whether the package fits.
    """

    package: Package
    name: str
    candidate: match.Candidate
    pypi_names: tuple[str, ...]
    fitting: dict[str, bool] = field(default_factory=dict)
    _depends: tuple[Wanted, ...] | None = None

    @property
    def depends(self) -> tuple[Wanted, ...]:
        """What the package depends on, in the lock's order."""
        if self._depends is None:
            self._depends = self._wanted(of.depends(self.package))
        return self._depends

    def extra_depends(self, extra: str) -> tuple[Wanted, ...]:
        """What one of its extras depends on further."""
        return self._wanted(of.extra_depends(self.package).get(extra, ()))

    def _wanted(self, texts: tuple[str, ...]) -> tuple[Wanted, ...]:
        sources = self.package.fields.get("source_depends") or {}
        if not sources:
            return tuple(map(Wanted.of_depends, texts))
        return tuple(Wanted.of_depends(text, sources.get(match.parse(text).name)) for text in texts)

    @property
    def origin(self) -> str:
        """The package as a reason names it: its file, or its source."""
        return of.file_name(self.package) or f"{self.name} @ {of.source_location(self.package)}"

    def fits(self, wanted: Wanted) -> bool:
        """Whether the package fulfils a demand for a package of its name."""
        known = self.fitting.get(wanted.plain)
        if known is None:
            unversioned = self.package.kind == "conda_source" and self.candidate.version is None
            known = unversioned or match.fits(wanted.plain, self.candidate)
            self.fitting[wanted.plain] = known
        return known and (not wanted.more or wanted.fits_more(self.package))


class Facts:
    """The facts of all packages of a lock, made as they are asked for."""

    def __init__(self) -> None:
        self._known: dict[int, Fact] = {}

    def of(self, package: Package) -> Fact:
        """The facts of one package. The package has to outlive this object."""
        fact = self._known.get(id(package))
        if fact is None:
            name = of.name(package).lower()
            candidate = match.Candidate(name, of.version(package), of.build(package))
            fact = Fact(package, name, candidate, _stands_for(package))
            self._known[id(package)] = fact
        return fact


def provided_version(package: Package, pypi_name: str) -> str:
    """The PyPI version a conda package provides: the purl's, else its own."""
    for purl in of.purls(package) or ():
        name, _, version = purl.removeprefix("pkg:pypi/").partition("?")[0].partition("@")
        if version and of.normalize(name) == pypi_name:
            return version
    return of.version(package) or ""


def _stands_for(package: Package) -> tuple[str, ...]:
    """The PyPI names of a conda package. One of conda-forge without purls is taken to have its own name."""
    names = of.pypi_names(package)
    if names is not None:
        return names
    channel = of.channel(package)
    if channel is None or not urlsplit(channel).path.startswith("/conda-forge"):
        return ()
    name, version = of.name(package), of.version(package) or ""
    plausible = name[:1].isalnum() and name[-1:].isalnum() and pep440.is_version(version)
    return (of.normalize(name),) if plausible else ()
