"""A conda subdir -> what kind of system it is, and the virtual packages that Pixi assumes there.

Values and their order are Pixi 0.77's (docs/workspace/platforms.md; rattler's `Platform`).
"""

from __future__ import annotations

from functools import cache

from .model import VirtualPackage

SUBDIRS = (
    "noarch",
    "unknown",
    "linux-32",
    "linux-64",
    "linux-aarch64",
    "linux-armv6l",
    "linux-armv7l",
    "linux-loongarch64",
    "linux-ppc64le",
    "linux-ppc64",
    "linux-ppc",
    "linux-s390x",
    "linux-riscv32",
    "linux-riscv64",
    "freebsd-32",
    "freebsd-64",
    "freebsd-arm64",
    "osx-64",
    "osx-arm64",
    "ios-arm64",
    "iossimulator-arm64",
    "iossimulator-64",
    "android-aarch64",
    "android-armv7a",
    "android-64",
    "android-32",
    "win-32",
    "win-64",
    "win-arm64",
    "emscripten-wasm32",
    "emscripten-wasm64",
    "wasi-wasm32",
    "zos-z",
)
"""Every subdir that a platform can have."""

FAMILIES = {"unix": "unix", "linux": "linux", "win": "win", "osx": "osx", "macos": "osx"}
"""Family words of target selectors -> family."""

LINUX_VERSION = "4.18"
GLIBC_VERSION = "2.28"
OSX_VERSION = "13.0"
WIN_VERSION = "10.0"

LIBC = ("__glibc", "__musl", "__eglibc")
"""The virtual packages that stand for the C library: declaring one replaces the default."""

_NOT_UNIX = ("noarch", "unknown", "win", "wasi", "zos")
_ARCHITECTURES = {
    "32": "x86",
    "64": "x86_64",
    "aarch64": "aarch64",
    "armv6l": "aarch64",
    "armv7l": "aarch64",
    "ppc64le": "ppc64le",
    "ppc64": "ppc64",
    "s390x": "s390x",
    "riscv32": "riscv32",
    "riscv64": "riscv64",
}


def is_subdir(text: str) -> bool:
    """Whether `text` is the name of a conda subdir."""
    return text in SUBDIRS


def belongs(subdir: str, family: str) -> bool:
    """Whether a subdir is of a family: "unix", "linux", "osx" or "win"."""
    system = subdir.partition("-")[0]
    return system not in _NOT_UNIX if family == "unix" else system == family


@cache
def default_virtual_packages(subdir: str) -> tuple[VirtualPackage, ...]:
    """What Pixi assumes about every machine of that subdir, in the order in which lock files write it."""
    packages = []
    if belongs(subdir, "unix"):
        packages.append(VirtualPackage("__unix", "0", "0"))
    if belongs(subdir, "linux"):
        packages.append(VirtualPackage("__linux", LINUX_VERSION))
        packages.append(VirtualPackage("__glibc", GLIBC_VERSION))
    if belongs(subdir, "win"):
        packages.append(VirtualPackage("__win", WIN_VERSION))
    if belongs(subdir, "osx"):
        packages.append(VirtualPackage("__osx", OSX_VERSION))
    architecture = _architecture(subdir)
    if architecture is not None:
        packages.append(VirtualPackage("__archspec", "0", architecture))
    return tuple(packages)


def _architecture(subdir: str) -> str | None:
    system, _, machine = subdir.partition("-")
    if system not in ("linux", "osx", "win"):
        return None
    if machine == "arm64":
        return "m1" if system == "osx" else "aarch64"
    return _ARCHITECTURES.get(machine)
