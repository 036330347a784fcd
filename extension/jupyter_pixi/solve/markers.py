"""A conda platform and the locked python to the PEP 508 marker environment Pixi resolves PyPI packages with."""

from __future__ import annotations

from collections.abc import Iterable

from ..lockfile import packages as locked
from ..lockfile.model import Package

_SYSTEMS = {
    "linux": ("posix", "linux", "Linux"),
    "osx": ("posix", "darwin", "Darwin"),
    "win": ("nt", "win32", "Windows"),
    "emscripten": ("posix", "emscripten", "Emscripten"),
}
_MACHINES = {
    "64": "x86_64", "32": "i686", "aarch64": "aarch64", "arm64": "arm64", "ppc64le": "ppc64le", "ppc64": "ppc64",
    "s390x": "s390x", "riscv64": "riscv64", "riscv32": "riscv32", "armv6l": "armv6l", "armv7l": "armv7l",
    "wasm32": "wasm32",
}  # fmt: skip


def python_of(packages: Iterable[Package]) -> str | None:
    """The version of the conda package named exactly `python`: the only interpreter Pixi knows. None without one."""
    return next((locked.version(p) for p in packages if p.kind != "pypi" and locked.name(p) == "python"), None)


def marker_environment(subdir: str, python: str | None) -> dict[str, str]:
    """The variables that markers may name, for a subdir and a python version (3.12.13)."""
    family, _, arch = subdir.partition("-")
    os_name, sys_platform, system = _SYSTEMS.get(family, ("posix", family, family.capitalize()))
    machine = _MACHINES.get(arch, arch)
    if family == "win":
        machine = {"64": "AMD64", "32": "x86", "arm64": "ARM64"}.get(arch, machine)
    version = python or "3.0"
    return {
        "os_name": os_name,
        "sys_platform": sys_platform,
        "platform_system": system,
        "platform_machine": machine,
        "platform_release": "",
        "platform_version": "",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "implementation_version": version,
        "python_full_version": version,
        "python_version": ".".join(version.split(".")[:2]),
        "extra": "",
    }
