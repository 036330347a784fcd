"""Turns the flags of a change (-f, -e, -p) and the calling kernel into the tables and environments it concerns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...environments.model import Environment
from ...errors import PixiError, UsageError
from ...manifest.edit import ManifestEditor, Where
from ...manifest.model import DEFAULT, Feature, Manifest, Target
from ...manifest.targets import matches
from ..context import Context
from ..workspace import OpenWorkspace

FAMILIES = ("unix", "linux", "win", "osx", "macos")


@dataclass(frozen=True)
class Placement:
    """Where a change goes. `because` says why, when the calling kernel decided it."""

    wheres: tuple[Where, ...]
    because: str | None = None

    @property
    def feature(self) -> str | None:
        """The feature named, None for the default one or an environment."""
        return self.wheres[0].feature

    @property
    def environment(self) -> str | None:
        """The environment named."""
        return self.wheres[0].environment

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms named."""
        return tuple(w.platform for w in self.wheres if w.platform is not None)

    def only(self) -> list[str]:
        """The sentences with which Pixi says that a change is a limited one."""
        lines = []
        if self.platforms:
            lines.append(f"these only for platform(s): {', '.join(self.platforms)}")
        if self.feature is not None:
            lines.append(f"these only for feature: {self.feature}")
        if self.environment is not None:
            lines.append(f"these only for environment: {self.environment}")
        return lines


def place(
    opened: OpenWorkspace,
    context: Context,
    feature: str | None,
    environment: str | None,
    platforms: Sequence[str],
) -> Placement:
    """The tables that a change goes to. UsageError for a family word as platform, or for -f with -e."""
    if feature is not None and environment is not None:
        raise UsageError("the argument '--feature' cannot be used with '--environment'")
    for platform in platforms:
        if platform in FAMILIES:
            raise UsageError(f"invalid value '{platform}' for '--platform': it names a family of platforms, not one")
    because = None
    if feature is None and environment is None and context.caller is not None:
        own = opened.environments.get(context.caller.environment)
        if own is not None and own.no_default_feature:
            environment = own.name
            because = f"The environment `{own.name}` has no default feature, so this goes to the environment itself."
    if feature == DEFAULT:
        feature = None
    targets: Sequence[str | None] = list(platforms) or [None]
    return Placement(tuple(Where(feature, environment, p) for p in targets), because)


def declare_platforms(editor: ManifestEditor, manifest: Manifest, platforms: Sequence[str]) -> None:
    """Add the named subdirs that the workspace has not declared yet. PixiError for a name that is no platform."""
    declared = {p.name for p in manifest.workspace.platforms} if manifest.explicit_platforms else set()
    for name in platforms:
        if name in declared:
            continue
        if not is_subdir(name):
            raise PixiError(
                f"The platform '{name}' is not declared in the workspace, and is not a conda subdir.",
                help="Declared are: " + (", ".join(sorted(declared)) or "none") + ".",
                code="unknown-platform",
            )
        editor.document.append((*editor.workspace(), "platforms"), name)
        declared.add(name)


def is_subdir(name: str) -> bool:
    """Whether the name is a conda subdir that rattler knows."""
    from rattler import Platform

    try:
        return str(Platform(name)) == name and name not in ("noarch", "unknown")
    except Exception:
        return False


def concerned(environments: Mapping[str, Environment], wheres: Iterable[Where]) -> frozenset[tuple[str, str]]:
    """The (environment, platform) pairs that a change at these places concerns, solve groups as a whole."""
    return frozenset(pair for where in wheres for pair in _concerned(environments, where))


def _concerned(environments: Mapping[str, Environment], where: Where) -> Iterator[tuple[str, str]]:
    using = [e for e in environments.values() if _uses(e, where)]
    groups = {e.solve_group for e in using} - {None}
    for environment in environments.values():
        if environment in using or environment.solve_group in groups:
            for platform in environment.platforms:
                if where.platform is None or matches(where.platform, platform):
                    yield environment.name, platform.name


def _uses(environment: Environment, where: Where) -> bool:
    """Whether the content of a place is part of an environment."""
    if where.environment is not None:
        return environment.name == where.environment
    return any(f.name == (where.feature or DEFAULT) and not f.is_inline for f in environment.features)


def feature_at(manifest: Manifest, where: Where) -> Feature | None:
    """The feature of the model that a place names; None where there is none yet."""
    if where.environment is not None:
        spec = manifest.environments.get(where.environment)
        return spec.inline if spec is not None else None
    return manifest.features.get(where.feature or DEFAULT)


def target_at(manifest: Manifest, where: Where) -> Target | None:
    """The target of the model that a place names; None where there is none yet."""
    feature = feature_at(manifest, where)
    if feature is None:
        return None
    return next((t for t in feature.targets if t.selector == where.platform), None)
