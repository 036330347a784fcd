"""A composed environment: ordered features with every rule of inheritance applied, per platform.

(Pixi's docs, workspace/multi_environment.md.) Made by `compose`; asked by the lock check, the solver, the installer
and the kernels. Pure data: nothing is looked up on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..manifest.model import (
    CondaSpec,
    Feature,
    Platform,
    PypiOptions,
    PypiSpec,
    Task,
    VirtualPackage,
)


@dataclass(frozen=True)
class Channel:
    """A channel as an environment uses it: its URL with a trailing slash, the text of the manifest, its cut-off."""

    url: str
    text: str
    exclude_newer: str | None = None


@dataclass(frozen=True)
class ActivationPlan:
    """Activation that the manifest asks for on one platform: scripts relative to the root, variables in order."""

    scripts: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OnPlatform:
    """What an environment (or a solve group) asks for on one platform.

    `dependencies` and `constraints` keep every spec of every feature: several rows may have one name, and all hold.
    """

    platform: Platform
    virtual_packages: tuple[VirtualPackage, ...]  # declared ones first, then the subdir's defaults
    dependencies: tuple[tuple[str, CondaSpec], ...] = ()
    constraints: tuple[tuple[str, CondaSpec], ...] = ()
    dev: tuple[tuple[str, CondaSpec], ...] = ()
    pypi_dependencies: tuple[tuple[str, PypiSpec], ...] = ()
    activation: ActivationPlan = ActivationPlan()
    tasks: Mapping[str, Task] = field(default_factory=dict)


@dataclass(frozen=True)
class Environment:
    """An environment of the workspace. Options are resolved to Pixi's defaults ("strict", "highest").

    `features` are in Pixi's order: inline content first, `default` last. `solve_group` is the name it was given,
    whether or not another environment shares it. `has_plain_pypi` tells whether a table without a target has PyPI
    dependencies (the lock check asks that).
    """

    name: str
    features: tuple[Feature, ...]
    channels: tuple[Channel, ...]
    platforms: tuple[Platform, ...]
    channel_priority: str = "strict"
    solve_strategy: str = "highest"
    solve_group: str | None = None
    no_default_feature: bool = False
    pypi_options: PypiOptions = field(default_factory=PypiOptions)
    has_plain_pypi: bool = False
    on: Mapping[str, OnPlatform] = field(default_factory=dict)  # by platform name
    combine: Callable[[str, tuple[Feature, ...], tuple[Platform, ...]], Environment] | None = field(
        default=None, repr=False, compare=False
    )  # the environment that other features of the same manifest make on some platforms: what a solve group is

    def platform(self, name: str) -> Platform | None:
        """The platform of that name, if the environment has it."""
        return next((p for p in self.platforms if p.name == name), None)

    @property
    def has_pypi(self) -> bool:
        """Whether it has PyPI dependencies on any platform."""
        return any(p.pypi_dependencies for p in self.on.values())


@dataclass(frozen=True)
class SolveUnit:
    """What is solved at once: a single environment, or the environments of a solve group that several share.

    `combined` is the environment made of the union of the members' features, on every platform that a member has
    (for a single one: that one); its name is the group's or the environment's.
    """

    combined: Environment
    members: tuple[Environment, ...]

    @property
    def name(self) -> str:
        """The name that solver messages use."""
        return self.combined.name
