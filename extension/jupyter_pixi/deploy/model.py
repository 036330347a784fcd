"""What an export is made of: one environment on one platform as an image needs to know it, and its workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Source:
    """A local folder or file that the lock installs from; `path` is relative to the workspace root, POSIX, normalised.

    `name` is the package's. A path that begins with `..` stands outside the workspace.
    """

    name: str
    path: str
    editable: bool = False

    @property
    def is_outside(self) -> bool:
        """Whether the source is not in the workspace, so that no build context of it has the source."""
        return self.path == ".." or self.path.startswith(("../", "/"))


@dataclass(frozen=True)
class Target:
    """One environment on one Linux platform, as the lock has it.

    `cuda` is the driver version its packages ask for ("12.4"), `glibc` the C library's ("2.28"); None where nothing
    asks. `python` is the locked version of Python, `packages` the names of everything locked. `scripts` and `env` are
    the manifest's activation. `git` tells of PyPI packages that are cloned when they are installed.
    """

    environment: str
    platform: str
    subdir: str
    cuda: str | None = None
    glibc: str | None = None
    python: str | None = None
    packages: frozenset[str] = frozenset()
    scripts: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    git: bool = False
    platforms: tuple[str, ...] = ()  # the names of all platforms of the environment, for PIXI_ENVIRONMENT_PLATFORMS

    @property
    def prefix(self) -> str:
        """The prefix relative to the workspace root (detached environments do not exist in an image)."""
        return f".pixi/envs/{self.environment}"


@dataclass(frozen=True)
class Plan:
    """A workspace, and the environments of it that an export is about.

    `manifest` is the manifest's file name. `targets` has a row for each environment and Linux platform; `left_out` says
    of an environment why it has none. `hosts` are where packages come from. `sources` are the local sources of all
    environments on all platforms: `pixi install --locked` checks the whole lock file, and reads them.
    """

    name: str
    version: str | None
    manifest: str
    targets: tuple[Target, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    lock_version: int = 7
    sources: tuple[Source, ...] = ()

    def of(self, environment: str) -> tuple[Target, ...]:
        """The platforms of one environment."""
        return tuple(t for t in self.targets if t.environment == environment)

    def title(self, environment: str) -> str:
        """What CONDA_DEFAULT_ENV says: the workspace's name, and the environment's unless it is the default one."""
        return self.name if environment == "default" else f"{self.name}:{environment}"


@dataclass(frozen=True)
class File:
    """A file to be written: its path relative to where the export goes, its text, whether it may be executed."""

    path: str
    text: str
    executable: bool = False
