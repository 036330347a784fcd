"""A manifest -> its environments: features in order with every rule of inheritance applied, per platform.

(Pixi's docs/workspace/multi_environment.md.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from ..errors import ManifestError, Place
from ..manifest.environments import ordered_features
from ..manifest.model import (
    DEFAULT,
    ChannelSpec,
    CondaSpec,
    Feature,
    Manifest,
    Platform,
    PypiSpec,
    Target,
    Task,
)
from ..manifest.pypi_options import overlay, union
from ..manifest.targets import targets_on
from .channels import channel_url
from .model import ActivationPlan, Channel, Environment, OnPlatform, SolveUnit
from .platforms import Registry, register, union_of_features, virtual_packages

T = TypeVar("T")


class ChannelSettings(Protocol):
    """What composition needs of Pixi's configuration."""

    @property
    def channel_alias(self) -> str:
        """Where channel names are looked for."""

    @property
    def default_channels(self) -> tuple[str, ...]:
        """The channels of a script that names none."""


def compose(manifest: Manifest, config: ChannelSettings) -> dict[str, Environment]:
    """The environments by name, `default` first unless the manifest orders them otherwise."""
    composer = _Composer(manifest, config, register(manifest))
    return {
        name: composer.environment(name, ordered_features(spec, manifest.features), spec.solve_group)
        for name, spec in manifest.environments.items()
    }


def solve_units(environments: Mapping[str, Environment]) -> tuple[SolveUnit, ...]:
    """What is solved at once, in environment order: single environments, and groups that two or more share.

    Raises ManifestError when features of one unit ask for different channel priorities.
    """
    members: dict[str, list[Environment]] = {}
    for environment in environments.values():
        if environment.solve_group is not None:
            members.setdefault(environment.solve_group, []).append(environment)
    units: list[SolveUnit] = []
    for environment in environments.values():
        shared = members.get(environment.solve_group or "", [])
        if len(shared) < 2:
            units.append(SolveUnit(environment, (environment,)))
        elif environment is shared[0]:
            assert environment.solve_group is not None and environment.combine is not None
            features = union_of_features([e.features for e in shared])
            platforms = {p.name: p for e in shared for p in e.platforms}
            combined = environment.combine(environment.solve_group, features, tuple(platforms.values()))
            units.append(SolveUnit(combined, tuple(shared)))
    for unit in units:
        check_channel_priority(unit.combined)
    return tuple(units)


def check_channel_priority(environment: Environment) -> None:
    """Raises ManifestError when the environment's features set different channel priorities."""
    values = dict.fromkeys(f.channel_priority for f in environment.features if f.channel_priority)
    if len(values) > 1:
        raise ManifestError(
            "Multiple channel priorities are not allowed in a single environment: the features of "
            f"'{environment.name}' set {' and '.join(values)}",
            help="Set the same `channel-priority` in all of them.",
        )


def matching_targets(feature: Feature, platform: Platform | None) -> tuple[Target, ...]:
    """The targets of a feature that hold on a platform, later ones override; without one only the plain target."""
    return feature.targets[:1] if platform is None else tuple(targets_on(feature, platform))


class _Composer:
    def __init__(self, manifest: Manifest, config: ChannelSettings, registry: Registry) -> None:
        self.manifest = manifest
        self.config = config
        self.registry = registry

    def environment(
        self,
        name: str,
        features: tuple[Feature, ...],
        group: str | None,
        platforms: tuple[Platform, ...] | None = None,
    ) -> Environment:
        """The environment of these features, on the platforms that all of them support or on those given."""
        if platforms is None:
            platforms = self.registry.platforms_of(features)
        try:
            options = union(feature.pypi_options for feature in features)
        except ValueError as error:
            raise ManifestError(f"{error} ('{name}')", place=Place(self.manifest.path)) from None
        return Environment(
            name=name,
            features=features,
            channels=self._channels(features),
            platforms=platforms,
            channel_priority=_first(f.channel_priority for f in features) or "strict",
            solve_strategy=_first(f.solve_strategy for f in features) or "highest",
            solve_group=group,
            no_default_feature=all(f.name != DEFAULT or f.is_inline for f in features),
            pypi_options=overlay(self.manifest.workspace.pypi_options, options),
            has_plain_pypi=any(f.targets[0].pypi_dependencies for f in features),
            on={p.name: self._on(features, p) for p in platforms},
            combine=lambda name, features, platforms: self.environment(name, features, name, platforms),
        )

    def _channels(self, features: Sequence[Feature]) -> tuple[Channel, ...]:
        workspace = self.manifest.workspace.channels
        if not workspace and self.manifest.kind == "script":
            workspace = tuple(ChannelSpec(text) for text in self.config.default_channels)
        rows = [c for f in features for c in (f.channels if f.channels is not None else workspace)]
        rows.sort(key=lambda channel: -(channel.priority or 0))
        first: dict[str, ChannelSpec] = {}
        for row in rows:
            first.setdefault(row.channel, row)
        return tuple(Channel(self._url(row.channel), row.channel, row.exclude_newer) for row in first.values())

    def _url(self, text: str) -> str:
        return channel_url(text, alias=self.config.channel_alias, root=Path(self.manifest.root))

    def _on(self, features: Sequence[Feature], platform: Platform) -> OnPlatform:
        counted = [(f, targets_on(f, platform)) for f in features if self.registry.supports(f, platform)]
        targets = [t for _, t in counted]
        return OnPlatform(
            platform=platform,
            virtual_packages=virtual_packages(platform),
            dependencies=_unique(row for t in targets for row in _conda(t).items()),
            constraints=_unique(row for t in targets for row in _last(x.constraints for x in t).items()),
            dev=_unique(row for t in targets for row in _last(x.dev for x in t).items()),
            pypi_dependencies=_unique(row for t in targets for row in _pypi(t)),
            activation=_activation(targets),
            tasks=_tasks(targets),
        )


def _conda(targets: Sequence[Target]) -> dict[str, CondaSpec]:
    """The conda requirements of one feature: build over host over run, later targets over earlier ones."""
    found: dict[str, CondaSpec] = {}
    for target in targets:
        found |= target.dependencies
        found |= target.host_dependencies
        found |= target.build_dependencies
    return found


def _pypi(targets: Sequence[Target]) -> list[tuple[str, PypiSpec]]:
    merged = _last(t.pypi_dependencies for t in targets)
    return [(name, spec) for name, specs in merged.items() for spec in specs]


def _activation(features: Sequence[Sequence[Target]]) -> ActivationPlan:
    """Scripts of each feature's last target that has some; variables of the first feature and last target that do."""
    scripts: list[str] = []
    env: dict[str, str] = {}
    for targets in features:
        lists = [t.activation.scripts for t in targets if t.activation and t.activation.scripts is not None]
        scripts += lists[-1] if lists else ()
        for target in (*reversed(targets[1:]), *targets[:1]):
            for name, text in target.activation.env.items() if target.activation else ():
                env.setdefault(name, text)
    return ActivationPlan(tuple(scripts), env)


def _tasks(features: Sequence[Sequence[Target]]) -> dict[str, Task]:
    found: dict[str, Task] = {}
    for targets in features:
        for name, task in _last(t.tasks for t in targets).items():
            found.setdefault(name, task)
    return found


def _last(tables: Iterable[Mapping[str, T]]) -> dict[str, T]:
    merged: dict[str, T] = {}
    for table in tables:
        merged |= table
    return merged


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)


def _unique(rows: Iterable[tuple[str, T]]) -> tuple[tuple[str, T], ...]:
    """The rows without exact repetitions, rows of one name together as the first of them stands."""
    by_name: dict[str, list[T]] = {}
    for name, spec in rows:
        known = by_name.setdefault(name, [])
        if spec not in known:
            known.append(spec)
    return tuple((name, spec) for name, specs in by_name.items() for spec in specs)
