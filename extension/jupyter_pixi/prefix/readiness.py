"""Turns a prefix, a lock and a platform into a word: ready, not-installed or out-of-date, with the reason.

Reads a few small files and the names in conda-meta; neither rattler nor the network is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..environments.model import Environment
from ..lockfile import packages
from ..lockfile.model import LockFile
from ..manifest.model import Platform
from . import markers
from .comparison import Differences, compare
from .dists import Source, source
from .wanted import Wanted, wanted

State = Literal["ready", "not-installed", "out-of-date"]


@dataclass(frozen=True)
class Readiness:
    """The state of a prefix, why it is so (a sentence, empty when ready), and how many packages have to move."""

    state: State
    reason: str = ""
    packages: int = 0
    size: int = 0  # bytes of conda archives that are not installed yet

    def __str__(self) -> str:
        return self.state


def state(prefix: Path, environment: Environment, lock: LockFile, platform: Platform, root: Path) -> Readiness:
    """The state of a prefix for an environment that is locked. Raises InstallError if the lock does not know it."""
    on = environment.on.get(platform.name)
    declared = [str(package) for package in on.virtual_packages] if on else []
    want = wanted(lock, environment.name, platform.name, platform.subdir, declared)
    editable = {name for name, spec in (on.pypi_dependencies if on else ()) if spec.editable}
    sources = {name: source(p, root, name in editable) for name, p in want.pypi.items()}
    return readiness(prefix, want, sources)


def readiness(prefix: Path, want: Wanted, sources: Mapping[str, Source]) -> Readiness:
    """The same, for what the prefix should hold."""
    if _is_new(prefix):
        count = len(want.conda) + len(want.pypi)
        return Readiness("not-installed", "The environment is not installed yet.", count, _size(want, want.conda))
    found = compare(prefix, want, sources)
    moving = {*found.missing, *found.foreign, *found.changed, *found.relink, *found.pypi.install, *found.pypi.remove}
    if not moving and found.fits:
        return Readiness("ready")
    reason = found.reasons[0] if found.reasons else _reason(found)
    fetch = [name for name in (*found.missing, *found.changed) if name in want.conda]
    return Readiness("out-of-date", reason, len(moving), _size(want, fetch))


def _is_new(prefix: Path) -> bool:
    """Whether nothing was ever linked there: an install that was cancelled while it fetched leaves an empty folder."""
    folder = markers.meta_folder(prefix)
    marked = markers.read_fingerprint(prefix) is not None or markers.read_marker(prefix) is not None
    return not folder.is_dir() or not (marked or any(folder.glob("*.json")))


def _size(want: Wanted, names: Iterable[str]) -> int:
    return sum(packages.size(want.conda[name]) or 0 for name in names)


def _reason(found: Differences) -> str:
    parts = [
        (len(found.missing) + sum(r == "not installed" for r in found.pypi.install.values()), "to be installed"),
        (len(found.changed) + sum(r != "not installed" for r in found.pypi.install.values()), "to be changed"),
        (len(found.foreign) + len(found.pypi.remove), "to be removed"),
    ]
    said = ", ".join(f"{count} {what}" for count, what in parts if count)
    return f"The environment is not what the lock file says: {said or 'its packages have to be checked'}."
