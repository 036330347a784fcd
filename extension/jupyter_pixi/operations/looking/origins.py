"""Turns what an environment asks for on a platform into where a new solve would fetch from, and what it would build.

By the manifest alone: what a person is asked to agree to where no lock says it exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...environments.model import Environment
from ...lockfile import packages
from ...lockfile.model import Package
from ...manifest.model import CondaSpec, PypiSpec

DEFAULT_INDEX = "PyPI"
"""The index that is asked where none is named, as people call it."""

_BINARIES = (".whl", ".conda", ".tar.bz2")


@dataclass(frozen=True)
class Origins:
    """`sources` are channels, indexes, repositories, archives and folders; `builds` packages whose build is run."""

    sources: tuple[str, ...]
    builds: tuple[str, ...]


def asked(environment: Environment, platform: str) -> Origins:
    """The origins of an environment on one of its platforms (a platform's name)."""
    on, options = environment.on[platform], environment.pypi_options
    sources = [channel.text for channel in environment.channels]
    if on.pypi_dependencies:
        sources += [options.index_url or DEFAULT_INDEX, *options.extra_index_urls]
        sources += [text for _, text in options.find_links]
    builds = []
    specs: list[tuple[str, CondaSpec | PypiSpec]] = [*on.dependencies, *on.pypi_dependencies]
    for name, spec in specs:
        place = spec.git or spec.url or spec.path
        if place:
            sources.append(place)
            if spec.git or not place.split("#")[0].split("?")[0].endswith(_BINARIES):
                builds.append(name)
    return Origins(tuple(dict.fromkeys(sources)), tuple(dict.fromkeys(builds)))


def is_built(package: Package) -> bool:
    """Whether installing a locked package runs its source's build."""
    return (
        package.kind == "conda_source"
        or packages.is_sdist(package)
        or packages.is_git(package)
        or packages.is_directory(package)
    )
