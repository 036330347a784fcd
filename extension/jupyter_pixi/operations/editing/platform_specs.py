"""Turns the virtual packages of a command line (`--cuda 12`, `__foo=1=bar`) into those of a platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...errors import PixiError
from ...manifest.archspec import problem_of
from ...manifest.grammar import version_problem
from ...manifest.model import VirtualPackage
from ...manifest.subdirs import belongs

FLAGS = {
    "cuda": ("__cuda", None),
    "cuda_arch": ("__cuda_arch", None),
    "archspec": ("__archspec", None),
    "glibc": ("__glibc", "linux"),
    "linux": ("__linux", "linux"),
    "macos": ("__osx", "osx"),
    "windows": ("__win", "win"),
}
"""Flag -> virtual package, and the family of subdirs that it makes sense for."""


@dataclass(frozen=True)
class Wanted:
    """Virtual packages of a command line: the friendly flags that were given, and raw `__name[=version[=build]]`."""

    flags: Mapping[str, str] = field(default_factory=dict)
    raw: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.flags or self.raw)

    def packages(self, subdir: str) -> tuple[VirtualPackage, ...]:
        """The virtual packages for a subdir. Raises PixiError for a wrong one, or one that is given twice."""
        found: dict[str, VirtualPackage] = {}
        for package in (*(_of_flag(k, v, subdir) for k, v in self.flags.items()), *map(_of_raw, self.raw)):
            if package.name in found:
                raise PixiError(f"virtual package '{package.name}' was specified more than once on the command line")
            found[package.name] = package
        return tuple(found.values())


def _of_flag(key: str, value: str, subdir: str) -> VirtualPackage:
    flag = f"--{key.replace('_', '-')}"
    name, family = FLAGS[key]
    if key == "archspec":
        if not value:
            raise PixiError("--archspec requires a non-empty microarchitecture string")
        unknown = problem_of(value)
        if unknown is not None:
            raise PixiError(unknown)
        return VirtualPackage(name, "0", value)
    if family is not None and not belongs(subdir, family):
        raise PixiError(f"{flag} only applies to {family} subdirs, but the platform's subdir is '{subdir}'")
    problem = version_problem(value)
    if problem:
        raise PixiError(f"{flag}: '{value}' is not a valid version: {problem}")
    return VirtualPackage(name, value)


def _of_raw(text: str) -> VirtualPackage:
    name, _, rest = text.partition("=")
    version, _, build = rest.partition("=")
    if not name.startswith("__") or len(name) == 2:
        raise PixiError(
            f"'{text}' is not a virtual package spec: name must start with '__' followed by a name (e.g. '__cuda=12.0')"
        )
    if not all(c.isalnum() or c in "_.-" for c in name):
        raise PixiError(f"'{name}' is not a valid virtual package name")
    problem = version_problem(version) if version else None
    if problem:
        raise PixiError(f"'{version}' is not a valid virtual package version: {problem}")
    return VirtualPackage(name.lower(), version or "0", build or None)


def as_declared(package: VirtualPackage) -> VirtualPackage:
    """A detected virtual package as a manifest declares it: an empty build is left out, archspec has version 0."""
    if package.name == "__archspec":
        return VirtualPackage(package.name, "0", package.build)
    if package.name == "__unix":
        return VirtualPackage("__unix", "0", "0")
    return VirtualPackage(package.name, package.version, None if package.build == "0" else package.build)
