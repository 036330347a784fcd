"""This machine and CONDA_OVERRIDE_* -> its conda subdir and virtual packages.

Written so that the quick path needs no py-rattler: the microarchitecture is detected where it is asked for.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ..errors import PixiError
from ..manifest.model import VirtualPackage
from ..manifest.subdirs import LIBC, belongs, is_subdir

OVERRIDES = {
    "CONDA_OVERRIDE_CUDA": "__cuda",
    "CONDA_OVERRIDE_CUDA_ARCH": "__cuda_arch",
    "CONDA_OVERRIDE_GLIBC": "__glibc",
    "CONDA_OVERRIDE_OSX": "__osx",
    "CONDA_OVERRIDE_LINUX": "__linux",
    "CONDA_OVERRIDE_WIN": "__win",
    "CONDA_OVERRIDE_ARCHSPEC": "__archspec",
}
"""Variables that stand in for what would be detected; empty removes it. Those of a system count only on it."""

_SYSTEM_OF = {"__glibc": "linux", "__linux": "linux", "__osx": "osx", "__win": "win"}
_LIBCUDA = {
    "linux": ("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"),
    "win": ("nvcuda.dll",),
}
_NVIDIA_SIGNS = (
    "/dev/nvidiactl",
    "/dev/nvidia0",
    "/proc/driver/nvidia/version",
    "/dev/dxg",
    "/dev/nvhost-ctrl",
)
_MACHINES = {
    "x86_64": "64",
    "amd64": "64",
    "i386": "32",
    "i686": "32",
    "aarch64": "aarch64",
    "arm64": "aarch64",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "armv7l": "armv7l",
    "armv6l": "armv6l",
    "loongarch64": "loongarch64",
}


@dataclass(frozen=True)
class Host:
    """A machine: its conda subdir and what it offers. `pretended`: PIXI_OVERRIDE_PLATFORM named the subdir.

    `detects` says that the microarchitecture is looked for when it is asked for, and not among `virtual_packages`.
    """

    subdir: str
    virtual_packages: tuple[VirtualPackage, ...]
    pretended: bool = False
    detects: bool = False

    def version(self, name: str) -> str | None:
        """The version of a virtual package that this machine offers, if it does."""
        return next((p.version for p in self.virtual_packages if p.name == name), None)

    @cached_property
    def microarchitecture(self) -> str | None:
        """The CPU's microarchitecture, None if it is not known (imports py-rattler where it was not detected yet)."""
        named = next((p.build for p in self.virtual_packages if p.name == "__archspec"), None)
        return named if named is not None or not self.detects else _microarchitecture()


def host(environ: Mapping[str, str], *, archspec: bool = False) -> Host:
    """This machine. `archspec` asks py-rattler for the microarchitecture too (60 ms to import).

    Raises PixiError when PIXI_OVERRIDE_PLATFORM is not a conda subdir.
    """
    machine = current_subdir()
    pretended = environ.get("PIXI_OVERRIDE_PLATFORM")
    if pretended and not is_subdir(pretended):
        raise PixiError(f"PIXI_OVERRIDE_PLATFORM is '{pretended}', which is not a known platform", code="usage")
    found = {p.name: p for p in _detected(machine, environ)}
    if archspec and "CONDA_OVERRIDE_ARCHSPEC" not in environ:
        name = _microarchitecture()
        if name is not None:
            found["__archspec"] = VirtualPackage("__archspec", "1", name)
    for variable, name in OVERRIDES.items():
        if variable in environ and _counts(name, machine):
            text = environ[variable].strip()
            if not text:
                found.pop(name, None)
            elif name == "__archspec":
                found[name] = VirtualPackage(name, "1", text)
            else:
                found[name] = VirtualPackage(name, text, "0")
    order = ("__win", "__unix", "__linux", "__osx", *LIBC, "__cuda", "__cuda_arch", "__archspec")
    packages = tuple(found[name] for name in order if name in found)
    detects = "__archspec" not in found and "CONDA_OVERRIDE_ARCHSPEC" not in environ
    return Host(pretended or machine, packages, pretended=bool(pretended and pretended != machine), detects=detects)


def host_virtual_packages(environ: Mapping[str, str]) -> tuple[VirtualPackage, ...]:
    """Everything that this machine offers, the microarchitecture included (imports py-rattler)."""
    return host(environ, archspec=True).virtual_packages


def current_subdir() -> str:
    """The conda subdir of this machine and interpreter."""
    if sys.platform == "win32":
        import platform

        machine = platform.machine().lower()
        return "win-arm64" if machine in ("arm64", "aarch64") else "win-64" if sys.maxsize > 2**32 else "win-32"
    machine = os.uname().machine.lower()
    if sys.platform == "darwin":
        return "osx-arm64" if machine == "arm64" else "osx-64"
    part = _MACHINES.get(machine, machine)
    if part == "64" and sys.maxsize <= 2**32:
        part = "32"
    system = "linux" if sys.platform.startswith("linux") else sys.platform.rstrip("0123456789")
    return f"{system}-{part}"


def _counts(name: str, subdir: str) -> bool:
    system = _SYSTEM_OF.get(name)
    return system is None or belongs(subdir, system)


def _detected(subdir: str, environ: Mapping[str, str]) -> list[VirtualPackage]:
    found = []
    if belongs(subdir, "unix"):
        found.append(VirtualPackage("__unix", "0", "0"))
    if belongs(subdir, "linux"):
        release = re.match(r"\d+(?:\.\d+){0,3}", os.uname().release)
        if release:
            found.append(VirtualPackage("__linux", release[0], "0"))
        glibc = _glibc()
        if glibc is not None:
            found.append(VirtualPackage("__glibc", glibc, "0"))
    elif belongs(subdir, "osx"):
        import platform

        found.append(VirtualPackage("__osx", platform.mac_ver()[0] or "11.0", "0"))
    elif sys.platform == "win32":
        major, minor, build = sys.getwindowsversion()[:3]
        found.append(VirtualPackage("__win", f"{major}.{minor}.{build}", "0"))
    if "CONDA_OVERRIDE_CUDA" not in environ:
        cuda = _cuda(subdir)
        if cuda is not None:
            found.append(VirtualPackage("__cuda", cuda, "0"))
    return found


def _glibc() -> str | None:
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, ValueError, OSError):
        return None
    name, _, version = text.partition(" ")
    return version.strip() or None if name == "glibc" else None


def _cuda(subdir: str) -> str | None:
    """The CUDA version that the driver supports; the library is loaded only where something of NVIDIA is there."""
    system = subdir.partition("-")[0]
    libraries = _LIBCUDA.get(system, ())
    if system == "linux" and not any(Path(sign).exists() for sign in _NVIDIA_SIGNS):
        return None
    if not libraries:
        return None
    import ctypes

    for library in libraries:
        try:
            driver = ctypes.CDLL(library)
            version = ctypes.c_int(0)
            if driver.cuDriverGetVersion(ctypes.byref(version)) == 0 and version.value > 0:
                return f"{version.value // 1000}.{version.value % 1000 // 10}"
        except (OSError, AttributeError):
            continue
    return None


def _microarchitecture() -> str | None:
    from rattler import VirtualPackage as Detected
    from rattler import VirtualPackageOverrides

    for package in Detected.detect(VirtualPackageOverrides()):
        generic = package.into_generic()
        if generic.name.normalized == "__archspec":
            return str(generic.build_string)
    return None
