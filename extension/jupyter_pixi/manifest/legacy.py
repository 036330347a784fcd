"""Legacy `[system-requirements]` -> the rich platforms that they stand for (Pixi's migration when it reads a manifest).

Only a workspace whose platforms are all bare subdirs takes part ("composition"): each feature with requirements gets
platforms of its own, and an environment uses, per subdir, the union of what its features ask for. The order in which
platforms are registered here is the order in which a lock file numbers them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .grammar import compare_versions, version_problem
from .model import Feature, Platform, VirtualPackage
from .platforms import derived_name, make_platform, name_problem
from .subdirs import LIBC, belongs, is_subdir
from .toml import Value


@dataclass(frozen=True)
class Migrated:
    """The platforms of a workspace after migration, and the names that a feature with requirements now refers to.

    `names` is by (whether inline, feature name). `composes`: do environments combine platforms of one subdir?
    """

    platforms: tuple[Platform, ...]
    names: Mapping[tuple[bool, str], tuple[str, ...]]
    composes: bool

    def of(self, feature: Feature) -> tuple[str, ...] | None:
        """The platform names that a feature refers to; None means everywhere."""
        return self.names.get((feature.is_inline, feature.name), feature.platforms)


def read_system_requirements(value: Value) -> tuple[VirtualPackage, ...]:
    """The requirements of one table as virtual packages (linux, cuda, macos, libc). Raises ManifestError."""
    table = value.table()
    found = {
        "__osx": table.get("macos", _version),
        "__linux": table.get("linux", _version),
        "__cuda": table.get("cuda", _version),
    }
    family, libc = table.get("libc", _libc) or ("", None)
    table.string("archspec")  # accepted, means nothing
    table.close()
    packages = [
        VirtualPackage(name, version) for name in ("__linux", "__cuda", "__osx") if (version := found[name]) is not None
    ]
    if libc is not None:
        packages.append(VirtualPackage(f"__{family}", libc))
    return tuple(packages)


def libc_conflict(features: Iterable[Feature]) -> tuple[str, str] | None:
    """Two C libraries that features of one environment ask for, if they do."""
    first: str | None = None
    for feature in features:
        for package in feature.system_requirements:
            if package.name in ("__linux", "__cuda", "__osx"):
                continue
            family = package.name.removeprefix("__")
            if first is not None and family != first:
                return first, family
            first = family
    return None


def migrate(declared: Sequence[Platform], features: Sequence[Feature]) -> Migrated:
    """The platforms that features stand for. Raises ValueError with a sentence about a platform or feature.

    `features` are all features in registration order: default, named ones, inline ones.
    """
    composes = all(p.name == p.subdir for p in declared)
    originals = {p.name: p for p in declared}
    if composes:
        for feature in features:
            for name in feature.platforms or ():
                if name not in originals:
                    if not is_subdir(name):
                        raise ValueError(
                            f"feature '{feature.name}' references platform '{name}' which is not declared in the "
                            "workspace and is not a conda subdir"
                        )
                    originals[name] = Platform(name, name)
    for feature in features:
        for name in feature.platforms or ():
            if name not in originals:
                raise ValueError(
                    f"feature '{feature.name}' references platform '{name}' which is not declared in the workspace"
                )
    if not any(feature.system_requirements for feature in features):
        return Migrated(tuple(originals.values()), {}, composes)
    return _with_requirements(originals, features, composes)


def _with_requirements(originals: Mapping[str, Platform], features: Sequence[Feature], composes: bool) -> Migrated:
    found: dict[str, Platform] = {}
    names: dict[tuple[bool, str], tuple[str, ...]] = {}
    for feature in features:
        if not feature.system_requirements:
            for name in feature.platforms or ():
                found.setdefault(name, originals[name])
            continue
        if not composes:
            raise ValueError(
                f"feature '{feature.name}' uses `[system-requirements]` but the workspace declares per-platform "
                "virtual packages; remove the system-requirements table and declare the constraints on the "
                "platforms instead"
            )
        subdirs = feature.platforms if feature.platforms is not None else tuple(originals)
        own = [required_platform(subdir, feature.system_requirements) for subdir in subdirs]
        for platform in own:
            found.setdefault(platform.name, platform)
        names[feature.is_inline, feature.name] = tuple(platform.name for platform in own)
    covered = {platform.subdir for platform in found.values()}
    for name, platform in originals.items():
        if platform.subdir not in covered:
            found.setdefault(name, platform)
    return Migrated(tuple(found.values()), names, composes)


def required_platform(subdir: str, requirements: Iterable[VirtualPackage]) -> Platform:
    """The platform of a subdir on which these requirements hold; the bare one if they are its defaults."""
    return _named(subdir, [p for p in requirements if _applies(p.name, subdir)])


def combined(subdir: str, platforms: Sequence[Platform]) -> Platform:
    """One platform for an environment whose features refer to several of one subdir: the highest of each."""
    if not platforms:
        return Platform(subdir, subdir)
    if len(platforms) == 1:
        return platforms[0]
    union: dict[str, VirtualPackage] = {}
    for platform in platforms:
        for package in platform.declared:
            known = union.get(package.name)
            if known is None or compare_versions(package.version, known.version) > 0:
                union[package.name] = package
    return _named(subdir, [package for _, package in sorted(union.items())])


def _named(subdir: str, packages: Sequence[VirtualPackage]) -> Platform:
    name = derived_name(subdir, packages)
    if name == subdir:
        return Platform(subdir, subdir)
    problem = name_problem(name)
    if problem:
        raise ValueError(f"synthesised platform name '{name}' is not valid: {problem}")
    return make_platform(name, subdir, packages)


def _applies(name: str, subdir: str) -> bool:
    if name == "__linux" or name in LIBC:
        return belongs(subdir, "linux")
    if name == "__osx":
        return belongs(subdir, "osx")
    return name != "__cuda" or not belongs(subdir, "osx")


def _version(value: Value) -> str:
    problem = version_problem(value.string())
    if problem:
        raise value.error(f"'{value.string()}' is not a valid version: {problem}")
    return value.string()


def _libc(value: Value) -> tuple[str, str]:
    if isinstance(value.raw, str):
        return "glibc", _version(value)
    if not isinstance(value.raw, dict):
        raise value.wanted("a string or a table")
    table = value.table()
    family = table.ask("family")
    version = _version(table.need("version"))
    table.close()
    if family is not None and not family.string().replace("-", "").replace("_", "").isalnum():
        raise family.error(f"'{family.string()}' is not a libc family")
    return (family.string().lower() if family is not None else "glibc"), version
