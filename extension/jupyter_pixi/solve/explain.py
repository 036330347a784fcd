"""A failed solve to what helps: near names, the versions there are, the platforms that are not concerned."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from ..environments.cutoffs import Cutoffs
from ..environments.model import Environment
from ..errors import NetworkError, PixiError, SolveError
from .gateway import Network, package_names, versions_of

_MISSING = re.compile(
    r"No candidates were found for (?P<a>[\w.-]+)|(?P<b>[\w.-]+)[^\n]*, for which no candidates were found"
)


@dataclass(frozen=True)
class Failure:
    """A pair that could not be solved, and why; `limits` are the cut-offs that hid newer builds from it."""

    environment: Environment
    platform: str
    error: PixiError
    limits: Cutoffs = field(default_factory=Cutoffs)


async def explain(failures: Sequence[Failure], solved: Set[str], here: str, network: Network) -> PixiError:
    """The one error for all failed pairs.

    `failures` are in manifest order, `solved` the subdirs where every pair went well, `here` the subdir of
    this machine. A failure on this machine's platform is told first; the others are listed.
    """
    ordered = sorted(failures, key=lambda f: _subdir(f) != here)
    first = ordered[0]
    if not isinstance(first.error, SolveError):
        return first.error
    lines = [first.error.message]
    if len(failures) > 1:
        lines.append("It fails as well for " + ", ".join(_pair(f) for f in ordered[1:]) + ".")
    helps = [first.error.help] if first.error.help else []
    helps += await _advice(first, network)
    if all(_subdir(f) != here for f in failures) and here in solved:
        foreign = ", ".join(sorted({f"'{f.platform}'" for f in failures}))
        helps.append(f"only {foreign} cannot be satisfied; `--platform {here}` asks for it on this platform alone")
    return SolveError("\n".join(lines), help="; ".join(helps) or None)


def _pair(failure: Failure) -> str:
    return f"environment '{failure.environment.name}' on platform '{failure.platform}'"


def _subdir(failure: Failure) -> str:
    platform = failure.environment.platform(failure.platform)
    return platform.subdir if platform else failure.platform


async def _advice(failure: Failure, network: Network) -> list[str]:
    """What to do about the first package without candidates."""
    found = _MISSING.search(failure.error.message)
    if found is None:
        return []
    name = found["a"] or found["b"]
    on = failure.environment.on[failure.platform]
    if name.startswith("__"):
        declared = next((str(v) for v in on.virtual_packages if v.name == name), None)
        has = f"declares {declared}" if declared else f"declares no {name}"
        return [f"the platform '{failure.platform}' {has}; `workspace.platforms` can declare another value"]
    try:
        return await _about_package(name, failure, network)
    except NetworkError:
        return []


def _hidden(name: str, failure: Failure) -> str:
    """What `exclude-newer` has to do with it, if anything."""
    found = {failure.limits.for_conda(name, channel.url) for channel in failure.environment.channels}
    limits = sorted(limit for limit in found if limit is not None)
    if not limits:
        return ""
    return f", of which `exclude-newer` hides what was built after {limits[-1]:%Y-%m-%d %H:%M} UTC"


async def _about_package(name: str, failure: Failure, network: Network) -> list[str]:
    channels, subdir = failure.environment.channels, _subdir(failure)
    names = await package_names(network, channels, subdir)
    listed = ", ".join(f"'{c.text}'" for c in channels)
    if name in names:
        versions = await versions_of(network, channels, subdir, name)
        if not versions:
            return []
        shown = versions if len(versions) <= 6 else [*versions[:2], "…", *versions[-3:]]
        return [f"{name} is there for {subdir} as {', '.join(shown)}{_hidden(name, failure)}"]
    others = []
    for platform in failure.environment.platforms:
        if platform.subdir != subdir and name in await package_names(network, channels, platform.subdir):
            others.append(platform.subdir)
    if others:
        return [f"{name} exists for {', '.join(dict.fromkeys(others))}, not for {subdir}"]
    import difflib

    near = difflib.get_close_matches(name, sorted(names), n=3, cutoff=0.7)
    if near:
        return [f"{name} is not in {listed}; did you mean {' or '.join(near)}?"]
    return [f"{name} is not in {listed}; look for it with `search`, or add the channel that has it"]
