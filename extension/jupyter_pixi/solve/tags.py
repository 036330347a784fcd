"""A conda platform with its virtual packages to uv's platform word and to ranked wheel tags.

The order of tags is uv's (crates/uv-platform-tags): among the wheels of one version the one with the best tag is what
Pixi locks. Values come from what the platform declares, never from this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from ..errors import UnsupportedFeature
from ..manifest.model import VirtualPackage

DEFAULT_GLIBC = "2.28"
DEFAULT_MACOS = "13.0"
_UV_GLIBC = (17, 28, *range(31, 41))  # minor versions that uv has a word for
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
_LINUX = {
    "64": "x86_64", "32": "i686", "aarch64": "aarch64", "ppc64le": "ppc64le", "s390x": "s390x",
    "armv7l": "armv7l", "armv6l": "armv6l", "riscv64": "riscv64", "ppc64": "ppc64", "loongarch64": "loongarch64",
}  # fmt: skip
_WINDOWS = {"64": "win_amd64", "32": "win32", "arm64": "win_arm64"}
_FORMATS = {
    "x86_64": ("x86_64", "intel", "fat64", "fat3", "universal2", "universal"),
    "arm64": ("arm64", "universal2"),
}


def version_of(packages: Iterable[VirtualPackage], name: str) -> str | None:
    """The version that a platform declares for a virtual package."""
    return next((p.version for p in packages if p.name == name), None)


def uv_platform(subdir: str, packages: Iterable[VirtualPackage]) -> str:
    """The word for uv's `--python-platform`; a glibc that uv has no word for is rounded down.

    Raises UnsupportedFeature for a subdir that uv cannot resolve for.
    """
    packages = tuple(packages)
    family, _, arch = subdir.partition("-")
    if family == "linux" and arch in ("64", "aarch64"):
        machine = _LINUX[arch]
        if version_of(packages, "__musl"):
            return f"{machine}-unknown-linux-musl"
        glibc = uv_glibc(version_of(packages, "__glibc") or DEFAULT_GLIBC)
        return f"{machine}-manylinux_{glibc.replace('.', '_')}"
    words = {
        "linux-riscv64": "riscv64-unknown-linux",
        "osx-64": "x86_64-apple-darwin",
        "osx-arm64": "aarch64-apple-darwin",
        "win-64": "x86_64-pc-windows-msvc",
        "win-arm64": "aarch64-pc-windows-msvc",
        "win-32": "i686-pc-windows-msvc",
    }
    if subdir not in words:
        raise UnsupportedFeature(
            f"PyPI packages cannot be resolved for the platform '{subdir}'",
            help="drop its PyPI dependencies (they can be declared per platform), or use the `pixi` command",
        )
    return words[subdir]


def uv_glibc(version: str) -> str:
    """The newest glibc up to a version that uv has a word for (2.17 below all of them)."""
    minor = _numbers(version)[1]
    return f"2.{max((n for n in _UV_GLIBC if n <= minor), default=17)}"


def linux_machine(subdir: str) -> str | None:
    """The machine of a linux subdir as Python calls it; None for another system."""
    family, _, arch = subdir.partition("-")
    return _LINUX.get(arch) if family == "linux" else None


def macos_target(subdir: str, packages: Iterable[VirtualPackage]) -> str | None:
    """What MACOSX_DEPLOYMENT_TARGET has to say for a subdir; None for others than macOS."""
    if not subdir.startswith("osx-"):
        return None
    return version_of(packages, "__osx") or DEFAULT_MACOS


def ranks(
    subdir: str, packages: Iterable[VirtualPackage], python: str, *, free_threaded: bool = False
) -> Mapping[str, int]:
    """Every tag that fits, with its rank (lower is better), for a python version such as 3.12.13."""
    return _ranks(subdir, tuple(packages), tuple(_numbers(python)[:2]), free_threaded)


def best_wheel(names: Iterable[str], ranked: Mapping[str, int]) -> str | None:
    """The wheel file name that fits best: by tag, then by the higher build number; None if none fits."""
    best: tuple[tuple[int, tuple[int, str]], str] | None = None
    for name in names:
        rank = wheel_rank(name, ranked)
        if rank is None:
            continue
        number, text = _build_tag(name)
        key = (-rank, (number, text))
        if best is None or key > best[0]:
            best = (key, name)
    return best[1] if best else None


def wheel_rank(name: str, ranked: Mapping[str, int]) -> int | None:
    """The rank of a wheel's best tag; None if no tag fits or the name is no wheel's."""
    parts = name.removesuffix(".whl").split("-")
    if not name.endswith(".whl") or len(parts) not in (5, 6):
        return None
    found = [
        ranked[tag]
        for python in parts[-3].split(".")
        for abi in parts[-2].split(".")
        for platform in parts[-1].split(".")
        if (tag := f"{python}-{abi}-{platform}") in ranked
    ]
    return min(found, default=None)


def _build_tag(name: str) -> tuple[int, str]:
    parts = name.removesuffix(".whl").split("-")
    if len(parts) != 6:
        return (-1, "")
    digits = re.match(r"\d+", parts[2])
    number = int(digits[0]) if digits else 0
    return (number, parts[2][len(digits[0]) if digits else 0 :])


@lru_cache(maxsize=64)
def _ranks(
    subdir: str, packages: tuple[VirtualPackage, ...], python: tuple[int, ...], free_threaded: bool
) -> Mapping[str, int]:
    ordered: dict[str, int] = {}
    for tag in _tags(tuple(_platform_tags(subdir, packages)), python, free_threaded):
        ordered.setdefault(tag, len(ordered))
    return ordered


def _tags(platforms: tuple[str, ...], python: tuple[int, ...], free_threaded: bool) -> Iterator[str]:
    major, minor = python
    own = f"cp{major}{minor}"
    flag = "t" if free_threaded else ""
    yield from (f"{own}-{own}{flag}-{p}" for p in platforms)
    for older in range(minor, 1, -1):
        if not free_threaded:
            yield from (f"cp{major}{older}-abi3-{p}" for p in platforms)
        if older == minor:
            yield from (f"{own}-none-{p}" for p in platforms)
    for older in range(minor, -1, -1):
        yield from (f"py{major}{older}-none-{p}" for p in platforms)
        if older == minor:
            yield from (f"py{major}-none-{p}" for p in platforms)
    yield f"{own}-none-any"
    for older in range(minor, -1, -1):
        yield f"py{major}{older}-none-any"
        if older == minor:
            yield f"py{major}-none-any"


def _platform_tags(subdir: str, packages: tuple[VirtualPackage, ...]) -> Iterator[str]:
    family, _, arch = subdir.partition("-")
    if family == "linux" and arch in _LINUX:
        yield from _linux_tags(_LINUX[arch], packages)
    elif family == "osx":
        yield from _macos_tags("arm64" if arch == "arm64" else "x86_64", packages)
    elif family == "win" and arch in _WINDOWS:
        yield _WINDOWS[arch]


def _linux_tags(machine: str, packages: tuple[VirtualPackage, ...]) -> Iterator[str]:
    musl = version_of(packages, "__musl")
    if musl is not None:
        yield f"linux_{machine}"
        yield from (f"musllinux_1_{n}_{machine}" for n in range(_numbers(musl)[1] + 1))
        return
    newest = _numbers(version_of(packages, "__glibc") or DEFAULT_GLIBC)[1]
    oldest = 5 if machine in ("x86_64", "i686") else 17
    for minor in range(newest, oldest - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in _LEGACY:
            yield f"{_LEGACY[minor]}_{machine}"
    yield f"linux_{machine}"


def _macos_tags(machine: str, packages: tuple[VirtualPackage, ...]) -> Iterator[str]:
    major, minor = _numbers(version_of(packages, "__osx") or DEFAULT_MACOS)[:2]
    if major >= 11:
        for release in range(major, 10, -1):
            yield from (f"macosx_{release}_0_{form}" for form in _FORMATS[machine])
        minor = 16
    forms = _FORMATS[machine] if machine == "x86_64" else ("universal2",)
    for release in range(minor, 3, -1):
        yield from (f"macosx_10_{release}_{form}" for form in forms)


def _numbers(version: str) -> list[int]:
    """The leading numbers of a version, at least two."""
    found = [int(n) for n in re.findall(r"\d+", version.split("!")[-1])]
    return [*found, 0, 0][: max(2, len(found))]
