"""Conda packages to stub wheels: how uv is told that a PyPI name is already there in one version.

A stub is a wheel without content and without requirements (Pixi gives conda packages none). As URL constraints they
say where a package comes from if something reaches it; the `==` line beside it keeps uv's explanations readable and
turns pre-releases on for that name.
"""

from __future__ import annotations

import os
import re
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import SolveError
from ..lockfile import packages as locked
from ..lockfile.model import Package
from ..lockfile.packages import normalize as pypi_name


@dataclass(frozen=True)
class Provided:
    """A PyPI package that a conda package provides, in a PEP 440 version."""

    name: str
    version: str


def provided_by(packages: Iterable[Package]) -> list[Provided]:
    """What the conda packages provide, by name.

    Raises SolveError for a package with a PyPI name whose version PyPI could not have (Pixi stops there as well).
    """
    found: dict[str, Provided] = {}
    for package in packages:
        for purl in locked.purls(package) or ():
            if purl.startswith("pkg:pypi/"):
                provided = _provided(purl, package)
                found[provided.name] = provided
    return [found[name] for name in sorted(found)]


def _provided(purl: str, package: Package) -> Provided:
    from packaging.version import InvalidVersion, Version

    bare = re.split(r"[?#]", purl.removeprefix("pkg:pypi/"), maxsplit=1)[0]
    name, _, version = bare.partition("@")
    text = version or locked.version(package) or ""
    try:
        return Provided(pypi_name(name), str(Version(text)))
    except InvalidVersion:
        raise SolveError(
            f"the conda package '{locked.name(package)}' provides the PyPI package '{name}', "
            f"but its version '{text}' is not a valid PyPI version",
            help="map the package to nothing: `conda-pypi-map` in [workspace]",
        ) from None


def constraints(provided: Iterable[Provided], folder: Path) -> str:
    """The text of a constraints file for uv: for each package the URL of its stub and its version."""
    return "".join(f"{p.name} @ {stub(p, folder).resolve().as_uri()}\n{p.name}=={p.version}\n" for p in provided)


def stub(provided: Provided, folder: Path) -> Path:
    """The stub wheel in a folder, made if it is not there."""
    stem = f"{provided.name.replace('-', '_')}-{provided.version}"
    path = folder / f"{stem}-py3-none-any.whl"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".tmp")
    info = f"{stem}.dist-info"
    with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\nName: {provided.name}\nVersion: {provided.version}\n",
        )
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: jupyter-pixi\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        wheel.writestr(f"{info}/RECORD", "")
    Path(temporary).replace(path)
    return path
