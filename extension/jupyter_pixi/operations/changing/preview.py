"""Turns a change that is not made yet into what its preview tells besides the rows: what is loaded, what is fetched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...config import cache_folder
from ...lockfile import packages
from ...lockfile.model import LockFile, Package
from ..context import Context

if TYPE_CHECKING:
    from ...manifest.model import Platform


@dataclass(frozen=True)
class Fetch:
    """How much an install would fetch: packages that are neither in the prefix nor in the package cache.

    `size` is in bytes; `unknown` counts the packages whose size the lock does not tell (those of PyPI).
    """

    packages: int = 0
    size: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class Preview:
    """What a dry run knows more. `loaded` names the packages of the calling kernel that would move or go."""

    loaded: tuple[str, ...] = ()
    fetch: Fetch | None = None

    def data(self) -> dict[str, Any]:
        """The member `preview` of the result's document."""
        fetch = self.fetch
        told = {"packages": fetch.packages, "bytes": fetch.size, "unknown": fetch.unknown} if fetch else None
        return {"loaded": list(self.loaded), "download": told}


async def fetch(lock: LockFile, environment: str, platform: Platform, prefix: Path, context: Context) -> Fetch:
    """What would be fetched to make the prefix what the lock says. Only reads: a cache that is not there stays so."""
    import rattler

    from ...lockfile.records import to_record
    from ...prefix.installed import conda_records, distributions, normalise

    locked = lock.environments.get(environment)
    rows = locked.packages.get(platform.name, ()) if locked is not None else ()
    have = {(r.name, r.version, r.build) for r in conda_records(prefix).values()}
    there = {(name, found.version) for name, found in distributions(prefix).items()}
    conda = [p for p in rows if p.kind == "conda" and _identity(p) not in have]
    cache = cache_folder(context.environ) / "pkgs"
    if conda and cache.is_dir():
        index = await rattler.PackageCache(cache).index()
        conda = [p for p in conda if not index.contains_record(to_record(p))]
    pypi = [p for p in rows if p.kind == "pypi" and (normalise(packages.name(p)), packages.version(p)) not in there]
    sizes = [packages.size(p) for p in conda]
    return Fetch(len(conda) + len(pypi), sum(s or 0 for s in sizes), len(pypi) + sizes.count(None))


def _identity(package: Package) -> tuple[str, str | None, str | None]:
    return packages.name(package), packages.version(package), packages.build(package)
