"""An environment and a machine -> the platform to install there, or why none of its platforms runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ..errors import UnsupportedPlatform
from ..manifest.archspec import lineage
from ..manifest.grammar import compare_versions, version_matches, version_spec_problem
from ..manifest.model import DEFAULT, Platform, VirtualPackage
from .host import Host
from .model import Environment

CHECKED = ("__glibc", "__musl", "__eglibc", "__cuda", "__osx", "__win", "__linux")
"""The virtual packages with a version that locked packages may ask of this machine."""

FALLBACKS = {"osx-arm64": ("osx-64",), "win-arm64": ("win-64",), "win-64": ("win-32",)}
"""Subdirs whose packages a machine of another subdir runs as well."""
_OVERRIDE = {
    "__cuda": "CUDA",
    "__cuda_arch": "CUDA_ARCH",
    "__glibc": "GLIBC",
    "__osx": "OSX",
    "__linux": "LINUX",
    "__win": "WIN",
    "__archspec": "ARCHSPEC",
}


@dataclass(frozen=True)
class PlatformChoice:
    """The platform to install, or None with a reason for each platform of the environment.

    `by_accident`: this machine lacks something that the platform declares, but no locked package needs it.
    `missing` are the virtual packages that would have to be there, `also` what the locked packages require.
    """

    platform: Platform | None
    by_accident: bool = False
    reasons: tuple[str, ...] = ()
    missing: tuple[VirtualPackage, ...] = ()
    also: tuple[str, ...] = ()


def choose_platform(
    environment: Environment, host: Host, locked_requirements: Mapping[str, Sequence[str]] | None = None
) -> PlatformChoice:
    """The platform of the environment for this machine, as Pixi picks it.

    `locked_requirements`: platform name -> the `__…` match specs that locked records of it depend on. A platform
    that is not in it has not been locked, and is never taken by accident.
    """
    locked = locked_requirements or {}
    subdirs = (host.subdir, *FALLBACKS.get(host.subdir, ()))
    candidates = [p for subdir in subdirs for p in environment.platforms if p.subdir == subdir]
    for platform in candidates:
        if host.pretended or not missing_packages(platform, host):
            return PlatformChoice(platform)
    if len(environment.platforms) == 1 and environment.platforms[0].subdir.endswith(("wasm32", "wasm64")):
        return PlatformChoice(environment.platforms[0])
    for platform in candidates:
        needs = locked.get(platform.name)
        if needs is not None and not unmet(needs, host):
            gaps = missing_packages(platform, host)
            return PlatformChoice(platform, by_accident=True, reasons=_reasons(environment, host), missing=gaps)
    missing = tuple(dict.fromkeys(p for c in candidates for p in missing_packages(c, host)))
    also = tuple(dict.fromkeys(s for c in candidates for s in unmet(locked.get(c.name, ()), host)))
    return PlatformChoice(None, reasons=_reasons(environment, host), missing=missing, also=also)


def missing_packages(platform: Platform, host: Host) -> tuple[VirtualPackage, ...]:
    """The virtual packages of the platform's own that this machine does not offer in that version."""
    found = []
    for package in platform.declared:
        if package.name == "__archspec":
            if not _runs(package.build or "0", host):
                found.append(package)
            continue
        offered = host.version(package.name)
        if offered is None or compare_versions(offered, package.version) < 0:
            found.append(package)
    return tuple(found)


def unmet(specs: Sequence[str], host: Host) -> tuple[str, ...]:
    """Those of some `__name spec` texts that this machine does not fulfil, each once."""
    found: dict[str, None] = {}
    for spec in specs:
        name, version = split_spec(spec)
        if name == "__archspec" and not _runs(_build_of(spec), host):
            found[spec] = None
        if name not in CHECKED:
            continue
        offered = host.version(name)
        if offered is None or not _satisfies(offered, version):
            found[spec] = None
    return tuple(found)


def split_spec(spec: str) -> tuple[str, str]:
    """Name and version text of `__cuda >=12` or `__glibc >=2.17,<3.0.a0 0`; the version is "*" where there is none."""
    match = re.match(r"\s*([^\s\[=<>!~]+)\s*([^\s\[]*)", spec)
    return (match[1], match[2] or "*") if match else (spec, "*")


def _build_of(spec: str) -> str:
    """The build text of `__archspec ==1 x86_64_v3` or `__archspec=1=x86_64*`; "0" where there is none."""
    match = re.match(r"\s*__archspec\s*=*[^\s=]+(?:\s+|=)([^\s\[]+)", spec)
    return match[1] if match else "0"


def _runs(microarchitecture: str, host: Host) -> bool:
    """Whether this machine runs code for a microarchitecture (or a pattern of names); yes where its own is unknown."""
    if microarchitecture == "0" or host.microarchitecture is None:
        return True
    return any(fnmatchcase(name, microarchitecture) for name in lineage(host.microarchitecture))


def _satisfies(version: str, spec: str) -> bool:
    if spec == "*":
        return True
    if version_spec_problem(spec) is not None:
        return False
    return version_matches(version, spec)


def _reasons(environment: Environment, host: Host) -> tuple[str, ...]:
    return tuple(_reason(platform, host) for platform in environment.platforms)


def _reason(platform: Platform, host: Host) -> str:
    subdirs = (host.subdir, *FALLBACKS.get(host.subdir, ()))
    if platform.subdir not in subdirs:
        return f"{platform.name}: requires subdir '{platform.subdir}', which this machine can't run"
    gaps = ", ".join(map(asked_of, missing_packages(platform, host)))
    label = platform.name if platform.name == platform.subdir else f"{platform.name} (subdir {platform.subdir})"
    return f"{label}: missing virtual packages: {gaps}"


def asked_of(package: VirtualPackage) -> str:
    """What a platform asks of the machine, for a sentence."""
    return f"{package.name} {package.build}" if package.name == "__archspec" else f"{package.name} >= {package.version}"


def mocks(choice: PlatformChoice) -> list[str]:
    """The variables that pretend what this machine lacks, as `CONDA_OVERRIDE_CUDA=12`."""
    return [
        f"CONDA_OVERRIDE_{_OVERRIDE[p.name]}={p.build if p.name == '__archspec' else p.version}"
        for p in choice.missing
        if p.name in _OVERRIDE
    ]


def unsupported(environment: Environment, host: Host, choice: PlatformChoice) -> UnsupportedPlatform:
    """The error for an environment that cannot run here: why each platform does not, and what can be done."""
    subject = "The workspace" if environment.name == DEFAULT else f"the environment '{environment.name}'"
    lines = [f"{subject} does not support '{host.subdir}' on this machine."]
    if choice.reasons:
        lines += ["", "Declared platforms and why none runs here:", *(f"  - {r}" for r in choice.reasons)]
    if choice.missing:
        wanted = ", ".join(map(asked_of, choice.missing))
        lines += ["", f"Unsatisfied requirements: {wanted}"]
    if choice.also:
        lines += ["", f"The installed packages also require: {', '.join(choice.also)}"]
    lines += ["", f"Add it with 'pixi workspace platform add {host.subdir}'."]
    help = []
    pretended = mocks(choice)
    if pretended:
        help += ["Mock the missing virtual packages via the environment, e.g.:", *(f"  {m}" for m in pretended)]
    else:
        names = ", ".join(p.name for p in environment.platforms) or "none"
        help.append(f"supported platforms are {names}")
    help.append("Or install for a target this machine cannot run with `pixi install --platform <platform>`.")
    return UnsupportedPlatform("\n".join(lines), help="\n".join(help))
