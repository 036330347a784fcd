"""Turns the platforms of a workspace and this machine into `workspace platform list`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...environments import host, virtual_packages
from ...environments.host import Host, current_subdir
from ...environments.pick import FALLBACKS, missing_packages
from ...manifest.archspec import as_detected
from ...manifest.model import DEFAULT, Platform, VirtualPackage
from ...manifest.platform_toml import friendly_texts
from ...manifest.platforms import is_default
from ...manifest.subdirs import default_virtual_packages
from ..workspace import OpenWorkspace


@dataclass(frozen=True)
class Users:
    """Who names a platform (features, environments with content of their own), and which environments have it."""

    features: tuple[str, ...]
    inline: tuple[str, ...]
    environments: tuple[str, ...]


def users(opened: OpenWorkspace, platform: Platform) -> Users:
    """Who uses a platform."""
    name = platform.name
    features = opened.manifest.features
    inline = {n: s.inline for n, s in opened.manifest.environments.items() if s.inline is not None}
    return Users(
        tuple(n for n, f in features.items() if n != DEFAULT and name in (f.platforms or ())),
        tuple(n for n, f in inline.items() if name in (f.platforms or ())),
        tuple(e.name for e in opened.environments.values() if e.platform(name) is not None),
    )


def lines(opened: OpenWorkspace, environ: Mapping[str, str], dim: Callable[[str], str] = str) -> Iterator[str]:
    """The listing for people: this machine, then every platform with what it asks for and who uses it.

    `dim` paints the names of environments and features that have no platform which this machine is.
    """
    machine = host(environ, archspec=True)
    yield "Your current machine was detected as:"
    yield "    " + _row(machine.subdir, _special(machine.subdir, machine.virtual_packages))
    platforms = opened.manifest.workspace.platforms
    runs = {platform.name for platform in platforms if _fits(platform, machine)}

    def listed(names: Iterable[str], *, of_features: bool = False) -> str:
        return ", ".join(name if runs & _platforms_of(opened, name, of_features) else dim(name) for name in names)

    if platforms:
        yield ""
        yield "Platforms:"
    for platform in platforms:
        fits = " (supported by current machine)" if _fits(platform, machine) else ""
        yield f"{platform.name}: {_row(platform.subdir, platform.declared)}{fits}"
        used = users(opened, platform)
        if len(opened.environments) > 1 and used.environments:
            yield f"    Used in environments: {listed(used.environments)}"
        if used.features:
            yield f"    Used in features    : {listed(used.features, of_features=True)}"
        if used.inline:
            yield f"    Declared inline in environments: {listed(used.inline)}"


def _platforms_of(opened: OpenWorkspace, name: str, of_features: bool) -> set[str]:
    """The names of an environment's or a feature's platforms."""
    if of_features:
        return set(opened.manifest.features[name].platforms or ())
    return {platform.name for platform in opened.environments[name].platforms}


def document(opened: OpenWorkspace, environ: Mapping[str, str]) -> dict[str, Any]:
    """The document of `--json` (Pixi's shape)."""
    machine = host({k: v for k, v in environ.items() if k != "PIXI_OVERRIDE_PLATFORM"}, archspec=True)
    here = _entry("current", machine.subdir, (), machine.virtual_packages, Users((), (), ()))
    rows = [{**here, "is_current": True, "is_autodetected": True}]
    for platform in opened.manifest.workspace.platforms:
        offered = tuple(map(as_detected, virtual_packages(platform)))
        rows.append(_entry(platform.name, platform.subdir, platform.declared, offered, users(opened, platform)))
    return {"current_subdir": current_subdir(), "platforms": rows}


def _entry(
    name: str, subdir: str, own: tuple[VirtualPackage, ...], offered: tuple[VirtualPackage, ...], used: Users
) -> dict[str, Any]:
    return {
        "name": name,
        "subdir": subdir,
        "virtual_packages": friendly_texts(own),
        "detected_virtual_packages": friendly_texts(offered),
        "features": list(used.features),
        "declared_inline_in_environments": list(used.inline),
        "environments": list(used.environments),
    }


def _special(subdir: str, packages: tuple[VirtualPackage, ...]) -> tuple[VirtualPackage, ...]:
    defaults = default_virtual_packages(subdir)
    return tuple(p for p in packages if not is_default(p, defaults))


def _row(subdir: str, packages: tuple[VirtualPackage, ...]) -> str:
    return ", ".join((f"platform={subdir}", *friendly_texts(packages)))


def _fits(platform: Platform, machine: Host) -> bool:
    if platform.subdir not in (machine.subdir, *FALLBACKS.get(machine.subdir, ())):
        return False
    return not missing_packages(platform, machine)
