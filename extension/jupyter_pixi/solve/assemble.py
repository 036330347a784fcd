"""Solved packages per environment and platform to a whole lock file: platform rows, channels, indexes, options.

What is recorded where is Pixi's (rattler_lock): channels, indexes and PyPI options are those of the solve group, words
of options are the lock's own, and defaults are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from ..environments.model import Environment, SolveUnit
from ..lockfile.model import CURRENT_VERSION, LockEnvironment, LockFile, LockOptions, LockPlatform, Package
from ..manifest.model import PypiOptions
from .request import LockRequest, Pair

STRATEGIES = {"lowest": "lowest-version", "lowest-direct": "lowest-version-direct"}
PRERELEASE_DEFAULT = "if-necessary-or-explicit"


def assemble(request: LockRequest, units: Iterable[SolveUnit], shares: Mapping[Pair, tuple[Package, ...]]) -> LockFile:
    """The lock file of a workspace from what each (environment, platform) got.

    An environment without a share on any platform that it has is left out (it could not be solved here); one without
    platforms stands there empty, as Pixi writes it.
    """
    environments: dict[str, LockEnvironment] = {}
    for unit in units:
        for member in unit.members:
            known = member.name in (request.previous.environments if request.previous else {})
            own = {p.name: shares[member.name, p.name] for p in member.platforms if (member.name, p.name) in shares}
            if member.platforms and not own and not known:
                continue
            environments[member.name] = _environment(unit.combined, own)
    return LockFile(CURRENT_VERSION, platform_rows(request.environments.values()), environments)


def platform_rows(environments: Iterable[Environment]) -> tuple[LockPlatform, ...]:
    """The rows for every platform of any environment, by name, virtual packages with the user's own first."""
    rows: dict[str, LockPlatform] = {}
    for environment in environments:
        for platform in environment.platforms:
            on = environment.on[platform.name]
            rows[platform.name] = LockPlatform(
                platform.name, platform.subdir, tuple(str(v) for v in on.virtual_packages)
            )
    return tuple(rows[name] for name in sorted(rows))


def default_index() -> str:
    """The simple index of PyPI as Pixi writes it: without a slash at the end."""
    import pypi_simple

    return pypi_simple.PYPI_SIMPLE_ENDPOINT.rstrip("/")


def indexes(options: PypiOptions) -> tuple[str, ...]:
    """The index URLs of an environment in the lock's order: its own or PyPI first, then the extra ones."""
    return (options.index_url or default_index(), *options.extra_index_urls)


def _environment(combined: Environment, own: Mapping[str, tuple[Package, ...]]) -> LockEnvironment:
    has_pypi = any(package.kind == "pypi" for packages in own.values() for package in packages)
    options = combined.pypi_options
    prerelease = options.prerelease_mode
    return LockEnvironment(
        channels=tuple(channel.url for channel in combined.channels),
        packages={name: packages for name, packages in own.items() if packages},
        indexes=indexes(options) if has_pypi else None,
        find_links=tuple((kind, _link(kind, text)) for kind, text in options.find_links) if has_pypi else (),
        options=LockOptions(
            STRATEGIES.get(combined.solve_strategy),
            combined.channel_priority if combined.channel_priority != "strict" else None,
            prerelease if prerelease not in (None, PRERELEASE_DEFAULT) else None,
        ),
    )


def _link(kind: str, text: str) -> str:
    return text if kind == "url" else Path(text).as_posix() if not text.startswith("./") else text
