"""What a manifest says, as frozen data: the target of reading, the source of composition.

Names are Pixi's (docs/reference/pixi_manifest.md). Nothing here does I/O, and nothing is resolved yet: channels
are as written, specs of all features stand side by side, platforms are those of `workspace.platforms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Place

DEFAULT = "default"
"""The name of the default feature and of the default environment."""


@dataclass(frozen=True, order=True)
class VirtualPackage:
    """`__cuda=12` or `__archspec=0=x86_64`: name with its underscores, version text, build text or None."""

    name: str
    version: str
    build: str | None = None

    def __str__(self) -> str:
        return f"{self.name}={self.version}" + (f"={self.build}" if self.build is not None else "")


@dataclass(frozen=True)
class Platform:
    """A platform of the workspace: a conda subdir, maybe with virtual packages of its own ("rich").

    `name` equals `subdir` for a bare one. `declared` holds the customised virtual packages in the order written
    (values equal to the subdir's default are dropped); `written` has those too, because a lock file lists them first.
    Defaults are added by `environments.virtual_packages`.
    """

    name: str
    subdir: str
    declared: tuple[VirtualPackage, ...] = ()
    written: tuple[VirtualPackage, ...] = field(default=(), compare=False)

    @property
    def is_bare(self) -> bool:
        """Whether this is a plain subdir without virtual packages of its own."""
        return not self.declared and self.name == self.subdir

    @property
    def identity(self) -> tuple[str, frozenset[VirtualPackage]]:
        """What makes two platforms the same whatever they are called: subdir and customised virtual packages."""
        return (self.subdir, frozenset(self.declared))


@dataclass(frozen=True)
class ChannelSpec:
    """A channel as written: a name, URL or local path, its priority, and its own exclude-newer text."""

    channel: str
    priority: int | None = None
    exclude_newer: str | None = None


@dataclass(frozen=True)
class CondaSpec:
    """The requirement of one conda package (name kept apart). Texts are as written; None means not given.

    `version` of a plain string spec is that string. A location is one of `url`, `git`, `path`.
    """

    version: str | None = None
    build: str | None = None
    build_number: str | None = None
    file_name: str | None = None
    extras: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    channel: str | None = None
    subdir: str | None = None
    license: str | None = None
    license_family: str | None = None
    when: str | None = None  # one condition in match spec syntax: all/any forms are joined with and/or
    track_features: tuple[str, ...] = ()
    md5: str | None = None
    sha256: str | None = None
    url: str | None = None
    git: str | None = None
    path: str | None = None
    branch: str | None = None
    rev: str | None = None
    tag: str | None = None
    lfs: bool | None = None
    subdirectory: str | None = None
    workspace: bool = False  # inherited from workspace.dependencies (already merged when read)

    @property
    def is_source(self) -> bool:
        """Whether this names a source package, which has to be built (git, a directory, a source archive)."""
        if self.git is not None:
            return True
        location = self.url or self.path
        return location is not None and not location.split("#")[0].split("?")[0].endswith((".conda", ".tar.bz2"))


@dataclass(frozen=True)
class PypiSpec:
    """One PyPI requirement (name kept apart): registry, git, path or url. Texts as written.

    `version` None or "*" means any. `env_markers` is PEP 508 marker text.
    """

    version: str | None = None
    extras: tuple[str, ...] = ()
    index: str | None = None
    env_markers: str | None = None
    git: str | None = None
    branch: str | None = None
    tag: str | None = None
    rev: str | None = None
    lfs: bool | None = None
    subdirectory: str | None = None
    path: str | None = None
    editable: bool | None = None
    url: str | None = None

    @property
    def is_registry(self) -> bool:
        """Whether an index is asked for it (no git, path or url)."""
        return self.git is None and self.path is None and self.url is None


@dataclass(frozen=True)
class PypiOptions:
    """`pypi-options`: None or empty means not set. `no_build` and the like are True, or names, or None."""

    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[tuple[str, str], ...] = ()  # ("path" | "url", text)
    no_build_isolation: bool | tuple[str, ...] | None = None
    index_strategy: str | None = None
    prerelease_mode: str | None = None
    no_build: bool | tuple[str, ...] | None = None
    no_binary: bool | tuple[str, ...] | None = None
    dependency_overrides: Mapping[str, PypiSpec] = field(default_factory=dict)
    skip_wheel_filename_check: bool | None = None


@dataclass(frozen=True)
class Activation:
    """`activation`: scripts relative to the root (None where the table does not define any), and variables."""

    scripts: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TaskDependency:
    """One entry of `depends-on`. `args` are positional texts or (name, text) pairs."""

    task: str
    args: tuple[str | tuple[str, str], ...] = ()
    environment: str | None = None


@dataclass(frozen=True)
class TaskArg:
    """One declared argument of a task."""

    name: str
    default: str | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Task:
    """A task. `cmd` is text, a list of words, or None for an alias."""

    cmd: str | tuple[str, ...] | None = None
    depends_on: tuple[TaskDependency, ...] = ()
    inputs: tuple[str, ...] | None = None
    outputs: tuple[str, ...] | None = None
    cwd: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    default_environment: str | None = None
    description: str | None = None
    clean_env: bool = False
    args: tuple[TaskArg, ...] | None = None


@dataclass(frozen=True)
class Target:
    """The platform-dependent part of a feature. `selector` None is the plain table that holds everywhere.

    Conda names are lower case, PyPI names normalised (PEP 503). A PyPI name may have several specs (pyproject.toml).
    `places` tells where a key stands, for messages: ("dependencies", "numpy") -> Place.
    """

    selector: str | None = None
    dependencies: Mapping[str, CondaSpec] = field(default_factory=dict)
    host_dependencies: Mapping[str, CondaSpec] = field(default_factory=dict)
    build_dependencies: Mapping[str, CondaSpec] = field(default_factory=dict)
    pypi_dependencies: Mapping[str, tuple[PypiSpec, ...]] = field(default_factory=dict)
    constraints: Mapping[str, CondaSpec] = field(default_factory=dict)
    dev: Mapping[str, CondaSpec] = field(default_factory=dict)
    activation: Activation | None = None
    tasks: Mapping[str, Task] = field(default_factory=dict)


@dataclass(frozen=True)
class Feature:
    """A feature: the default one (root tables), a named one, or the inline content of an environment.

    `targets[0]` is always the plain target (selector None); the others are in declaration order.
    """

    name: str
    targets: tuple[Target, ...] = (Target(),)
    platforms: tuple[str, ...] | None = None
    channels: tuple[ChannelSpec, ...] | None = None
    channel_priority: str | None = None
    solve_strategy: str | None = None
    pypi_options: PypiOptions = PypiOptions()
    system_requirements: tuple[VirtualPackage, ...] = ()
    is_inline: bool = False


@dataclass(frozen=True)
class EnvironmentSpec:
    """An entry of `[environments]`, before composition."""

    name: str
    features: tuple[str, ...] = ()
    solve_group: str | None = None
    no_default_feature: bool = False
    inline: Feature | None = None


@dataclass(frozen=True)
class Workspace:
    """The `[workspace]` table (or what pyproject.toml gives in its place)."""

    name: str
    channels: tuple[ChannelSpec, ...]
    platforms: tuple[Platform, ...] = ()
    version: str | None = None
    description: str | None = None
    authors: tuple[str, ...] = ()
    channel_priority: str | None = None
    solve_strategy: str | None = None
    pypi_options: PypiOptions = PypiOptions()
    conda_pypi_map: bool | Mapping[str, Any] | None = None
    requires_pixi: str | None = None
    preview: bool | tuple[str, ...] = ()
    exclude_newer: str | None = None
    s3_options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)  # validated, else unused here: license, homepage …


@dataclass(frozen=True)
class ManifestWarning:
    """Something deprecated or useless in the manifest: told on stderr, changes nothing."""

    text: str
    place: Place | None = None


@dataclass(frozen=True)
class Manifest:
    """A whole manifest, validated. `features` and `environments` always hold "default"; order is declaration order.

    `exclude_newer` and `pypi_exclude_newer` are the root tables (package -> value text). `settings` is
    `[tool.jupyter-pixi]`. `kind` is "pixi", "pyproject", "mojoproject" or "script" (a PEP 723 block). `data` are the
    bytes that were read. `editable` says of PyPI names what `[tool.uv.sources]` of a pyproject.toml says.
    `explicit_platforms` is false where nothing was said of platforms, which only a script may leave open.
    """

    path: Path
    kind: str
    workspace: Workspace
    features: Mapping[str, Feature]
    environments: Mapping[str, EnvironmentSpec]
    exclude_newer: Mapping[str, str] = field(default_factory=dict)
    pypi_exclude_newer: Mapping[str, str] = field(default_factory=dict)
    package: Mapping[str, Any] | None = None
    uses_system_requirements: bool = False
    warnings: tuple[ManifestWarning, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    data: bytes = field(default=b"", repr=False, compare=False)
    editable: Mapping[str, bool] = field(default_factory=dict)
    explicit_platforms: bool = True

    @property
    def root(self) -> Path:
        """The workspace root: the manifest's directory."""
        return self.path.parent
