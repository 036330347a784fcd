"""The location of a locked conda package -> what it implies: name, version, build, subdir, channel, build number.

A field that stands in the lock overrides what is implied here, and a field equal to it is not written
(rattler_lock, utils/derived_fields).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

ARCHIVES = (".conda", ".tar.bz2")

_MACHINES = {
    "linux": "32 64 aarch64 armv6l armv7l loongarch64 ppc ppc64 ppc64le riscv32 riscv64 s390x",
    "osx": "64 arm64",
    "win": "32 64 arm64",
    "emscripten": "wasm32 wasm64",
    "wasi": "wasm32",
    "zos": "z",
    "freebsd": "32 64 arm64",
    "ios": "arm64",
    "iossimulator": "64 arm64",
    "android": "32 64 aarch64 armv7a",
}
SUBDIRS = frozenset(f"{system}-{machine}" for system, machines in _MACHINES.items() for machine in machines.split()) | {
    "noarch",
    "unknown",
}
"""The subdirs that conda tools know; another last folder of a URL is not taken for one."""


class Derived(NamedTuple):
    """What a location implies; None where it implies nothing. The channel has no trailing slash."""

    file_name: str | None
    name: str | None
    version: str | None
    build: str | None
    subdir: str | None
    channel: str | None


@lru_cache(maxsize=50_000)
def derive(location: str) -> Derived:
    """Read a conda package's URL or path."""
    folder, _, last = location.split("#", 1)[0].split("?", 1)[0].rpartition("/")
    is_url = "://" in location
    if not is_url and "\\" in last:
        last = last.rpartition("\\")[2]
    parts = split_archive(last)
    if parts is None:
        return Derived(None, None, None, None, None, None)
    channel: str | None = None
    subdir: str | None = None
    if is_url:
        channel, _, candidate = folder.rpartition("/")
        subdir = candidate if candidate in SUBDIRS else None
    return Derived(last, *parts, subdir, channel)


def split_archive(file_name: str) -> tuple[str, str, str] | None:
    """Name, version and build of `name-version-build.conda` (or `.tar.bz2`); None for any other file."""
    for suffix in ARCHIVES:
        if file_name.endswith(suffix):
            parts = file_name[: -len(suffix)].rsplit("-", 2)
            if len(parts) == 3 and all(parts):
                return unquote(parts[0]), unquote(parts[1]), unquote(parts[2])
    return None


def is_archive(location: str) -> bool:
    """Whether this is the location of a built conda package (and not of its source)."""
    return derive(location).name is not None


def implied_build_number(build: str) -> int:
    """The digits at the end of a build string, else 0."""
    digits = build[len(build.rstrip("0123456789")) :]
    return int(digits) if digits and len(digits) < 19 else 0


def implied_noarch(subdir: str | None, build: str | None) -> str | None:
    """`python` or `generic` for a package of the noarch subdir, told apart by `py` in the build string."""
    if subdir != "noarch":
        return None
    return "python" if build and "py" in build else "generic"


def local_path(location: str) -> Path | None:
    """The file that a location names, None for one that is fetched."""
    if location.startswith("file://"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        return Path(url2pathname(urlsplit(location).path))
    return None if "://" in location else Path(location)
