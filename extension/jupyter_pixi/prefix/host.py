"""Turns what is locked and what this machine has into the sentence why it cannot be installed here.

The last check before linking: the platform was chosen by its virtual packages, here the locked packages themselves are
asked (pixi_core, workspace/virtual_packages.rs).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ..errors import UnsupportedPlatform
from ..lockfile import packages
from ..lockfile.match import Candidate, fits
from ..lockfile.model import Package
from ..manifest.model import VirtualPackage
from .wanted import Wanted, conda_identity

_CHECKED = frozenset({"__glibc", "__musl", "__eglibc", "__cuda", "__osx", "__win", "__linux"})
"""The virtual packages that count here; `__unix` and `__archspec` do not."""

_WHEEL = re.compile(r".+?-[^-]+(?:-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl$")
_MACHINES = {
    "64": "x86_64",
    "aarch64": "aarch64",
    "arm64": "arm64",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "32": "i686",
    "armv7l": "armv7l",
    "riscv64": "riscv64",
}


def check(wanted: Wanted, environment: str, has: Sequence[VirtualPackage]) -> None:
    """Raise UnsupportedPlatform if a locked package cannot run on a machine with these virtual packages."""
    for spec in missing(wanted.requirements, has):
        listed = ", ".join(str(package) for package in has)
        users = [name for name, p in wanted.conda.items() if spec in packages.depends(p)]
        version = next((p.version for p in has if p.name == spec.split(" ")[0]), None)
        raise UnsupportedPlatform(
            f"Cannot install environment '{environment}'\n"
            f"Virtual package '{spec}' does not match any of the available virtual packages on your machine: "
            f"[{listed}]",
            help=f"{', '.join(users)} asks for it; this machine has "
            + (f"{spec.split(' ')[0]} {version}." if version else "none.")
            + f" {override_name(spec)} in the environment stands in for it.",
        )
    for package in wanted.pypi.values():
        tags = wheel_misfit(package, wanted.subdir, has)
        if tags is not None:
            raise UnsupportedPlatform(
                f"Cannot install environment '{environment}'\n"
                f"Wheel: {packages.file_name(package)} doesn't match this systems virtual capabilities for tags: {tags}"
            )


def override_name(spec: str) -> str:
    """The variable that mocks the virtual package of a spec: `CONDA_OVERRIDE_CUDA`."""
    return "CONDA_OVERRIDE_" + spec.split(" ")[0].strip("_").upper()


def missing(requirements: Iterable[str], has: Sequence[VirtualPackage]) -> tuple[str, ...]:
    """The requirements (`__cuda >=12`) that no virtual package of the machine fulfils, in order."""
    checked = [spec for spec in requirements if re.split(r"[ =<>!~]", spec, maxsplit=1)[0] in _CHECKED]
    if not checked:
        return ()
    there = [Candidate(p.name, p.version, p.build or "0") for p in has if p.name in _CHECKED]
    return tuple(spec for spec in checked if not any(fits(spec, package) for package in there))


def wheel_misfit(package: Package, subdir: str, has: Sequence[VirtualPackage]) -> str | None:
    """The platform tags of a locked wheel of which none fits the machine; None if one fits, or it is no wheel."""
    match = _WHEEL.match(packages.file_name(package) or "") if packages.is_wheel(package) else None
    if match is None:
        return None
    tags = match["platform"].split(".")
    return None if any(_fits(tag, subdir, has) for tag in tags) else match["platform"]


def _fits(tag: str, subdir: str, has: Sequence[VirtualPackage]) -> bool:
    """Whether a wheel's platform tag fits a subdir with these virtual packages (PEP 425, 600, 656)."""
    if tag == "any":
        return True
    system, _, part = subdir.partition("-")
    machine = _MACHINES.get(part, part)
    if system == "linux":
        if not tag.endswith(f"_{machine}"):
            return False
        if tag.startswith("manylinux"):
            needs = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}.get(
                tag.removesuffix(f"_{machine}")
            ) or _numbers(tag.removeprefix("manylinux_"))[:2]
            return _version("__glibc", has) >= needs
        if tag.startswith("musllinux_"):
            return _version("__musl", has) >= _numbers(tag.removeprefix("musllinux_"))[:2]
        return tag.startswith("linux_")
    if system == "osx":
        match = re.fullmatch(r"macosx_(\d+)_(\d+)_(\w+)", tag)
        machines = {"arm64": ("arm64", "universal2")}.get(
            machine, ("x86_64", "intel", "fat64", "fat3", "universal2", "universal")
        )
        if match is None or match[3] not in machines:
            return False
        return _version("__osx", has) >= (int(match[1]), int(match[2]) if int(match[1]) < 11 else 0)
    return tag in {"win-64": ("win_amd64",), "win-32": ("win32",), "win-arm64": ("win_arm64",)}.get(subdir, (tag,))


def _version(name: str, has: Sequence[VirtualPackage]) -> tuple[int, ...]:
    return next((_numbers(package.version) for package in has if package.name == name), ())


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


def describe(package: Package) -> str:
    """A locked package for a sentence: "numpy 2.1.0"."""
    if package.kind == "pypi":
        version = packages.version(package)
        return f"{packages.name(package)} {version}" if version else packages.name(package)
    name, text, _ = conda_identity(package)
    return f"{name} {text}"
