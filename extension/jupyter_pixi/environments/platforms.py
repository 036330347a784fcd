"""Features of an environment + the workspace's platforms -> the platforms that the environment has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import ManifestError, Place
from ..manifest.environments import ordered_features
from ..manifest.legacy import Migrated, combined, migrate
from ..manifest.model import Feature, Manifest, Platform, VirtualPackage
from ..manifest.subdirs import LIBC, default_virtual_packages
from ..manifest.tables import registration_order
from .model import Environment


@dataclass(frozen=True)
class Registry:
    """The platforms of a workspace: declared ones and those that legacy system requirements stand for."""

    migrated: Migrated

    def platforms_of(self, features: Sequence[Feature]) -> tuple[Platform, ...]:
        """The platforms that every one of these features supports, in workspace order."""
        if self.migrated.composes:
            return tuple(self._composed(features))
        platforms = self.migrated.platforms
        named = {name for f in features for name in f.platforms or ()}
        exact = {p.subdir for p in platforms if p.name in named}
        return tuple(
            p
            for p in platforms
            if all(self.supports(f, p) for f in features) and (p.name in named or p.subdir not in exact)
        )

    def supports(self, feature: Feature, platform: Platform) -> bool:
        """Whether a feature counts on a platform: it names it, or its bare subdir, or says nothing of platforms."""
        names = self.migrated.of(feature)
        if names is None:
            return True
        if self.migrated.composes:
            return any(p.subdir == platform.subdir for p in self._named(names))
        return platform.name in names or platform.subdir in names

    def _composed(self, features: Sequence[Feature]) -> list[Platform]:
        subdirs = dict.fromkeys(p.subdir for p in self.migrated.platforms)
        found = []
        for subdir in subdirs:
            referred: dict[str, Platform] = {}
            supported = True
            for feature in features:
                names = self.migrated.of(feature)
                if names is None:
                    continue
                here = [p for p in self._named(names) if p.subdir == subdir]
                supported = supported and bool(here)
                referred.update((p.name, p) for p in here if p.name not in referred)
            if supported:
                found.append(combined(subdir, list(referred.values())))
        return found

    def _named(self, names: Sequence[str]) -> list[Platform]:
        by_name = {p.name: p for p in self.migrated.platforms}
        return [by_name[name] for name in names if name in by_name]


def register(manifest: Manifest) -> Registry:
    """The platforms of a workspace. Raises ManifestError (which reading the manifest would have raised already)."""
    order = registration_order(manifest.features, manifest.environments)
    try:
        return Registry(migrate(manifest.workspace.platforms, order))
    except ValueError as error:
        raise ManifestError(str(error), place=Place(manifest.path)) from None


def lock_platforms(manifest: Manifest, environments: Mapping[str, Environment] | None = None) -> tuple[Platform, ...]:
    """Every platform of the workspace in the order in which a lock file counts them for its aliases p1, p2, ….

    Declared ones in the order written. With legacy system requirements: those of each feature (default first), then
    those composed for environments and for solve groups; some may be used by none, so numbers can have gaps.
    The order follows from the manifest alone; `environments` may be given where they are at hand.
    """
    del environments
    registry = register(manifest)
    found = {p.name: p for p in registry.migrated.platforms}
    if registry.migrated.composes:
        specs = list(manifest.environments.values())
        lists = [ordered_features(spec, manifest.features) for spec in specs]
        groups = dict.fromkeys(spec.solve_group for spec in specs if spec.solve_group)
        members = [[f for s, f in zip(specs, lists, strict=True) if s.solve_group == g] for g in groups]
        lists = [*lists, *(union_of_features(group) for group in members)]
        for features in lists:
            for platform in registry.platforms_of(features):
                found.setdefault(platform.name, platform)
    return tuple(found.values())


def union_of_features(members: Sequence[Sequence[Feature]]) -> tuple[Feature, ...]:
    """The features of several environments, each once, in environment order."""
    found: dict[tuple[bool, str], Feature] = {}
    for features in members:
        for feature in features:
            found.setdefault((feature.is_inline, feature.name), feature)
    return tuple(found.values())


def virtual_packages(platform: Platform) -> tuple[VirtualPackage, ...]:
    """What a solve for this platform may count on, in the order of a lock file: its own, then the subdir's defaults.

    A C library of its own, of whatever family, takes the place of the default one.
    """
    own = platform.written or platform.declared
    names = {package.name for package in own}
    own_libc = not names.isdisjoint(LIBC)
    rest = tuple(
        package
        for package in default_virtual_packages(platform.subdir)
        if package.name not in names and not (own_libc and package.name == "__glibc")
    )
    return (*own, *rest)
