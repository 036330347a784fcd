"""What a pixi.lock says, as data: environments that name packages, and the packages with their fields.

A package keeps the fields that stand in the file, as text, so that an unchanged lock is written back byte for byte;
everything that the location implies (name, version, build …) is computed when asked for
(rattler_lock, parse/models; the field order is in `write`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Fields: TypeAlias = Mapping[str, Any]
"""Field name -> text, list of texts, or nested mapping, exactly as the file says (numbers stay text)."""

CURRENT_VERSION = 7


@dataclass(frozen=True, slots=True)
class Package:
    """A locked package. `kind` is "conda", "conda_source" or "pypi"; `location` is the text behind it (its id)."""

    kind: Literal["conda", "conda_source", "pypi"]
    location: str
    fields: Fields = field(default_factory=dict, compare=False, hash=False)


@dataclass(frozen=True)
class LockPlatform:
    """A row of `platforms`: its name in the workspace (aliases p1, p2 … resolved on reading where possible)."""

    name: str
    subdir: str
    virtual_packages: tuple[str, ...] = ()  # full text, the user's first: "__cuda=12", "__unix=0=0"


@dataclass(frozen=True)
class LockOptions:
    """Solve options of an environment; None is the default and is not written. Words are the lock's own."""

    strategy: str | None = None  # lowest-version | lowest-version-direct
    channel_priority: str | None = None  # flexible | disabled
    pypi_prerelease_mode: str | None = None


@dataclass(frozen=True)
class LockEnvironment:
    """One environment: channel URLs (with trailing slash), PyPI indexes (None: not recorded) and its packages.

    `packages` maps a platform name to its packages, in the lock's order (kind, then location).
    """

    channels: tuple[str, ...]
    packages: Mapping[str, tuple[Package, ...]]
    indexes: tuple[str, ...] | None = None
    find_links: tuple[tuple[str, str], ...] = ()  # ("url" | "path", text)
    options: LockOptions = LockOptions()


@dataclass(frozen=True)
class LockFile:
    """A whole lock file. `version` is what the file says (1 to 7); what is written is always 7."""

    version: int
    platforms: tuple[LockPlatform, ...]
    environments: Mapping[str, LockEnvironment]

    def platform(self, name: str) -> LockPlatform | None:
        """The row of that name, if there is one."""
        return next((p for p in self.platforms if p.name == name), None)
