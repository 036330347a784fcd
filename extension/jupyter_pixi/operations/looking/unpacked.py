"""Turns a module's name into the packages that have its files, among those that this machine has unpacked already.

Neither a channel's index nor PyPI's tells which modules a package has; the packages in the caches do. What is found
here is known and no guess, but nothing is known of packages that nobody ever installed here.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ...prefix.installed import normalise, split_record

SECONDS = 2.0
"""How long is looked: somebody sits before the cell."""


class Unpacked(NamedTuple):
    """The part of a module's name that is a package or module of its own, and the packages that have it, best first."""

    module: str
    names: tuple[str, ...] = ()


def conda_packages(cache: Path, module: str) -> Unpacked:
    """Packages of a folder with unpacked conda packages (`info/paths.json` lists their files)."""
    pattern = _pattern(module)
    found: set[tuple[str, str]] = set()
    end = time.monotonic() + SECONDS
    for folder in _folders(cache):
        split = split_record(f"{folder.name}.json")
        if split is None or time.monotonic() > end:
            continue
        try:
            data = Path(folder.path, "info/paths.json").read_bytes()
        except OSError:
            continue
        found |= {(match[1].decode().replace("/", "."), split[0]) for match in pattern.finditer(data)}
    return _best(module, found)


def wheels(cache: Path, module: str) -> Unpacked:
    """Projects of uv's cache: a wheel is a folder of `archive-v0`, its `.dist-info` beside its modules."""
    parts = module.split(".")
    found: set[tuple[str, str]] = set()
    end = time.monotonic() + SECONDS
    for folder in _folders(cache / "archive-v0"):
        if time.monotonic() > end:
            break
        for length in range(1, len(parts) + 1):
            place = os.path.join(folder.path, *parts[:length])  # noqa: PTH118 - many of them
            if any(os.path.isfile(place + end) for end in ("/__init__.py", ".py")):  # noqa: PTH113
                found |= {(".".join(parts[:length]), name) for name in _distributions(folder.path)}
    return _best(module, found)


def _pattern(module: str) -> re.Pattern[bytes]:
    """What a listing has of a module, or of a package above it that is no mere namespace."""
    first, *more = [re.escape(part.encode()) for part in module.split(".")]
    path = first + b"".join(b"(?:/" + part for part in more) + b")?" * len(more)
    end = rb'(?:/__init__\.(?:py|[^/"]*so|[^/"]*pyd)|\.py|\.so|\.pyd|\.(?:cpython|abi3|cp3)[^/"]*)"'
    return re.compile(rb'"(?:lib/python3[^/"]*/|Lib/)?site-packages/(' + path + b")" + end)


def _folders(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted((each for each in entries if each.is_dir()), key=lambda each: each.name)
    except OSError:
        return


def _distributions(folder: str) -> list[str]:
    try:
        return [name.partition("-")[0] for name in os.listdir(folder) if name.endswith(".dist-info")]  # noqa: PTH208
    except OSError:
        return []


def _best(module: str, found: set[tuple[str, str]]) -> Unpacked:
    """Those that have the longest part of the name; first one that is called like it, then the shortest name.

    What is told of them is the shortest part that only they have.
    """
    longest = max((part for part, _ in found), key=len, default=module)
    names = {name for part, name in found if part == longest}
    shared = {part for part, name in found if name not in names}
    told = min((part for part, _ in found if part not in shared), key=len, default=longest)
    plain = normalise(told)

    def rank(name: str) -> tuple[bool, int, str]:
        return normalise(name) != plain, len(name), name

    return Unpacked(told, tuple(sorted(names, key=rank)))
