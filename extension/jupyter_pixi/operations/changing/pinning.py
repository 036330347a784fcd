"""Turns the versions that a solve chose into the spec that the manifest gets (Pixi's pinning strategies)."""

from __future__ import annotations

import re
from collections.abc import Iterable

MINOR_PINNED = frozenset({"python", "rust", "julia", "gcc", "gxx", "gfortran", "nodejs", "deno", "r", "r-base", "perl"})
"""Conda packages whose minor versions break things: pinned by minor version while no strategy is configured."""


def conda_pin(name: str, versions: Iterable[str], strategy: str | None) -> str:
    """The version spec for a conda package that was locked in these versions (one per environment and platform).

    `strategy` is a `pinning-strategy` of the configuration, or None for Pixi's default: semver, but minor for
    MINOR_PINNED. No versions (the package is locked nowhere): "*".
    """
    from rattler import Version

    if strategy is None:
        strategy = "minor" if name in MINOR_PINNED else "semver"
    found = sorted({Version(v) for v in versions})
    if strategy == "no-pin" or not found:
        return "*"
    low, high = found[0], found[-1]
    if strategy == "exact-version":
        return f"=={low}" if low == high else f">={low},<={high}"
    if strategy == "latest-up":
        return f">={low}"
    return f">={low},<{_upper(str(high), strategy)}"


def pypi_pin(versions: Iterable[str]) -> str:
    """The specifiers for a PyPI package: always semver, written with a blank as Pixi does. No versions: "*"."""
    from packaging.version import Version

    found = sorted({Version(v) for v in versions})
    if not found:
        return "*"
    return f">={found[0]}, <{_upper(str(found[-1]), 'semver')}"


def _upper(version: str, strategy: str) -> str:
    """The exclusive upper bound above a version: the bumped release numbers, its epoch kept."""
    epoch, _, rest = version.rpartition("!")
    match = re.match(r"\d+(?:\.\d+)*", rest)
    numbers = [int(n) for n in match.group().split(".")] if match else [0]
    if strategy == "major":
        bumped = [numbers[0] + 1]
    elif strategy == "minor":
        bumped = [numbers[0], (numbers[1] if len(numbers) > 1 else 0) + 1]
    else:
        place = next((i for i, n in enumerate(numbers) if n), len(numbers) - 1)
        bumped = [*numbers[:place], numbers[place] + 1]
    return (f"{epoch}!" if epoch else "") + ".".join(map(str, bumped))
