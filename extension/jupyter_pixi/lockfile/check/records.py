"""The packages a lock names for one environment and platform -> lookups by conda name, PyPI name and purl."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .. import packages as of
from ..match import Candidate
from ..model import Package
from .facts import Fact, Facts
from .verdict import Unsatisfied


@dataclass(frozen=True)
class Records:
    """What is locked for a pair. `by_purl` maps a PyPI name to the conda package that stands for it."""

    conda: Mapping[str, Fact]
    pypi: Mapping[str, Package]
    by_purl: Mapping[str, Fact]
    virtual: Mapping[str, Candidate]

    @property
    def python(self) -> Package | None:
        """The locked interpreter: the conda package named `python`."""
        found = self.conda.get("python")
        return found.package if found is not None else None


def gather(packages: Iterable[Package], virtual: Mapping[str, Candidate], facts: Facts) -> Records:
    """Index the packages of a pair. Raises `Unsatisfied` if one is there twice."""
    conda: dict[str, Fact] = {}
    pypi: dict[str, Package] = {}
    by_purl: dict[str, Fact] = {}
    for package in packages:
        if package.kind == "pypi":
            name = of.normalize(of.name(package))
            if name in pypi:
                raise _twice(name)
            pypi[name] = package
            continue
        fact = facts.of(package)
        if fact.name in conda:
            raise _twice(fact.name)
        conda[fact.name] = fact
        for pypi_name in fact.pypi_names:
            by_purl.setdefault(pypi_name, fact)
    return Records(conda, pypi, by_purl, virtual)


def _twice(name: str) -> Unsatisfied:
    return Unsatisfied(f"there was a duplicate entry for '{name}'")
