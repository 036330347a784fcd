"""A platform's declared virtual packages and its locked Python -> whether a wheel can be installed there.

Only the tags in a wheel's file name are looked at (PEP 425, 600, 656), with the platforms uv knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from .. import packages as of
from ..model import Package

_ARCHITECTURES = {
    "linux-64": "x86_64", "linux-32": "i686", "osx-64": "x86_64", "osx-arm64": "arm64", "win-64": "amd64",
    "win-32": "win32", "win-arm64": "arm64",
}  # fmt: skip
_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_INTEL = ("x86_64", "intel", "fat64", "fat32", "universal2", "universal")
_DEFAULTS = {"__glibc": "2.28", "__osx": "13.0"}
_FREE_THREADED = re.compile(r"cp\d{3}t")


@dataclass(frozen=True)
class Target:
    """Where wheels would be installed: system and its version, machine, Python's version, free-threaded or not."""

    system: str  # manylinux | musllinux | macosx | win
    version: tuple[int, int]
    machine: str
    python: tuple[int, int]
    free_threaded: bool


def target(subdir: str, declared: Mapping[str, str], python: Package) -> Target | None:
    """The target of a platform with these virtual packages (name -> version); None where wheels have no meaning."""
    family, _, rest = subdir.partition("-")
    machine = _ARCHITECTURES.get(subdir, rest)
    version = _pair(of.version(python) or "")
    if version is None or family not in ("linux", "osx", "win"):
        return None
    system, system_version = "win", (10, 0)
    if family == "osx":
        system, system_version = "macosx", _pair(declared.get("__osx", _DEFAULTS["__osx"])) or (13, 0)
    elif family == "linux":
        is_musl = "__musl" in declared
        text = declared.get("__musl") or declared.get("__glibc") or declared.get("__eglibc") or _DEFAULTS["__glibc"]
        system, system_version = "musllinux" if is_musl else "manylinux", _pair(text) or (2, 28)
    abi = (spec.split() for spec in of.depends(python) if spec.split()[:1] == ["python_abi"])
    free = any(len(words) > 2 and _FREE_THREADED.search(words[2]) for words in abi)
    return Target(system, system_version, machine, version, free)


@lru_cache(maxsize=50_000)
def fits(file_name: str, where: Target) -> bool:
    """Whether a wheel of that name can be installed there; true for a name that is not a wheel's."""
    parts = file_name.removesuffix(".whl").split("-")
    if len(parts) < 5:
        return True
    pythons, abis, platforms = (part.split(".") for part in parts[-3:])
    return any(_platform(platform.lower(), where) for platform in platforms) and any(
        _python(python.lower(), abi.lower(), where, "any" in platforms) for python in pythons for abi in abis
    )


def _python(python: str, abi: str, where: Target, pure: bool) -> bool:
    major, minor = where.python
    match = re.fullmatch(r"(cp|py)(\d)(\d*)", python)
    if match is None or int(match[2]) != major:
        return False
    kind, tagged = match[1], int(match[3]) if match[3] else None
    if kind == "py":
        return abi == "none" and (tagged is None or tagged <= minor)
    if tagged is None:
        return abi == "none"
    if abi == "abi3":
        return not where.free_threaded and 2 <= tagged <= minor
    if tagged != minor:
        return False
    own = f"cp{major}{minor}"
    flags = ("t",) if where.free_threaded else (("m", "mu") if (major, minor) < (3, 8) else ("",))
    return abi == "none" or abi in [own + flag for flag in flags]


def _platform(platform: str, where: Target) -> bool:
    if platform == "any":
        return True
    if where.system == "win":
        return platform == ("win32" if where.machine == "win32" else f"win_{where.machine}")
    if where.system == "macosx":
        return _mac(platform, where)
    if platform == f"linux_{where.machine}":
        return True
    if where.system == "musllinux":
        return _numbered(platform, "musllinux", where)
    for name, version in _LEGACY.items():
        if platform == f"{name}_{where.machine}":
            return version <= where.version
    return _numbered(platform, "manylinux", where)


def _numbered(platform: str, system: str, where: Target) -> bool:
    match = re.fullmatch(rf"{system}_(\d+)_(\d+)_(\w+)", platform)
    if match is None or match[3] != where.machine:
        return False
    return int(match[1]) == where.version[0] and int(match[2]) <= where.version[1]


def _mac(platform: str, where: Target) -> bool:
    match = re.fullmatch(r"macosx_(\d+)_(\d+)_(\w+)", platform)
    if match is None:
        return False
    version, machine = (int(match[1]), int(match[2])), match[3]
    if version[0] > 10:
        machines: tuple[str, ...] = ("arm64", "universal2") if where.machine == "arm64" else _INTEL
        return machine in machines and version[0] <= where.version[0]
    if where.machine == "arm64":
        return machine == "universal2" and version[1] >= 4
    return machine in _INTEL and version <= (where.version if where.version[0] == 10 else (10, 16))


def _pair(version: str) -> tuple[int, int] | None:
    numbers = re.findall(r"\d+", version)
    return (int(numbers[0]), int(numbers[1]) if len(numbers) > 1 else 0) if numbers else None
