"""What an install is asked for, as frozen data: what goes where, and what follows from that; and what it has done."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from ..config import cache_folder
from ..environments import allowed
from ..environments.model import Environment
from ..lockfile.model import LockFile
from ..manifest.model import Manifest, Platform, VirtualPackage
from . import activation, digests, markers
from .dists import Source, source
from .wanted import NO_FILTERS, Filters, Wanted, wanted

if TYPE_CHECKING:
    import rattler


class Settings(allowed.Settings, Protocol):
    """What an install needs of the configuration."""

    def rattler(self) -> rattler.Config:
        """The settings that py-rattler understands: mirrors, proxies, certificates, links, concurrency."""
        ...


@dataclass(frozen=True)
class InstallRequest:
    """What to install where.

    `host` are this machine's virtual packages; None skips that check (another machine's platform: `foreign`).
    `by_accident` says that the platform fits only by accident and `install` was asked: the marker's hash is then that
    of nothing, as Pixi writes it. `quick` trusts a marker that fits, as `run` does. `exe` is what PIXI_EXE will say.
    `cache` is the folder shared with Pixi (None: from `environ`), `config_layers` the configuration's files.
    """

    manifest: Manifest
    environment: Environment
    platform: Platform
    lock: LockFile
    prefix: Path
    config: Settings | None = None
    host: tuple[VirtualPackage, ...] | None = None
    by_accident: bool = False
    foreign: bool = False
    quick: bool = False
    reinstall: frozenset[str] | Literal["all"] = frozenset()
    filters: Filters = NO_FILTERS
    offline: bool = False
    cache: Path | None = None
    config_layers: tuple[Path, ...] = ()
    exe: str = ""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    wait: bool = True

    @property
    def root(self) -> Path:
        """The workspace root."""
        return self.manifest.root

    @property
    def lock_path(self) -> Path:
        """The lock file beside the manifest."""
        return self.root / "pixi.lock"

    @property
    def project(self) -> activation.Project:
        """What the PIXI_* variables say."""
        workspace = self.manifest.workspace
        return activation.Project(
            root=str(self.root),
            name=workspace.name,
            manifest=str(self.manifest.path),
            environment=self.environment.name,
            platforms=tuple(platform.name for platform in self.environment.platforms),
            version=workspace.version,
            exe=self.exe,
        )

    @cached_property
    def wanted(self) -> Wanted:
        """What the prefix should hold. Raises InstallError if the lock does not know the environment."""
        on = self.environment.on.get(self.platform.name)
        declared = [str(package) for package in on.virtual_packages] if on else []
        return wanted(
            self.lock, self.environment.name, self.platform.name, self.platform.subdir, declared, self.filters
        )

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Where the locked PyPI packages come from, by name."""
        on = self.environment.on.get(self.platform.name)
        editable = {name for name, spec in (on.pypi_dependencies if on else ()) if spec.editable}
        return {name: source(p, self.root, name in editable) for name, p in self.wanted.pypi.items()}

    @property
    def cache_folder(self) -> Path:
        """The cache that is used: the one given, else Pixi's own."""
        return self.cache if self.cache is not None else cache_folder(self.environ)

    @property
    def uv_cache_folder(self) -> Path:
        """The cache of uv: the user's own setting, else Pixi's."""
        return Path(self.environ.get("UV_CACHE_DIR") or self.cache_folder / "uv-cache")

    def static(self) -> activation.Static:
        """The activation as far as files tell it now. Raises ActivationError for a package's broken file."""
        on = self.environment.on.get(self.platform.name)
        return activation.static(
            self.prefix,
            self.project,
            on.activation.scripts if on else (),
            on.activation.env if on else {},
            windows=self.platform.subdir.startswith("win"),
        )

    @property
    def marker(self) -> markers.Marker:
        """The marker of the finished install."""
        want = self.wanted
        digest = digests.NOTHING if self.by_accident else want.hash
        return markers.Marker(
            manifest=str(self.manifest.path),
            environment=self.environment.name,
            hash=markers.INVALID_HASH if self.filters else digest,
            platform=(want.subdir, want.virtual_packages),
            minimum=(want.subdir, want.requirements),
        )


@dataclass(frozen=True)
class InstallReport:
    """What an install did: names by what happened to them, and whether anything was changed at all.

    `repaired` are the sentences that say why packages moved although the lock had not changed.
    """

    prefix: Path
    linked: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()
    pypi_installed: tuple[str, ...] = ()
    pypi_removed: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any package moved."""
        return bool(self.linked or self.unlinked or self.pypi_installed or self.pypi_removed)
