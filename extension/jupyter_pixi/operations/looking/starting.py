"""Turns an opened workspace into what the next start of a kernel would install from where, build, and run.

Only reads. It is what a person is asked to agree to, so it tells too much rather than too little: when the lock has to
be solved anew, all that the manifest names counts (`origins`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...environments.allowed import allowed
from ...environments.model import Environment
from ...errors import Refused
from ...lockfile import packages as of
from ...lockfile.model import Package
from ...manifest.model import Platform
from ...prefix.installed import conda_records, distributions
from ..context import Context
from ..targets import prefix_of, target_platform
from ..workspace import OpenWorkspace
from .listing import Row, rows
from .origins import asked, is_built


@dataclass(frozen=True)
class Start:
    """What a start in one environment would do.

    `solve` says that the lock has to be made or brought up to date first: the rest is then what is known now.
    `packages` are to be installed, `bytes` their size as far as the lock says it (that of PyPI packages it does not),
    from `sources` (channels and indexes, or repositories, URLs and folders of single packages). `builds` are packages
    whose source is built, which runs it; `scripts` are sourced and `variables` evaluated. `refused` is why the
    administrator does not allow it.
    """

    name: str
    solve: bool
    packages: int
    bytes: int
    sources: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    refused: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the REST interface has it."""
        return {
            "name": self.name,
            "solve": self.solve,
            "packages": self.packages,
            "bytes": self.bytes,
            "sources": list(self.sources),
            "builds": list(self.builds),
            "scripts": list(self.scripts),
            "variables": dict(self.variables),
            "refused": self.refused,
        }


def starts(opened: OpenWorkspace, context: Context) -> tuple[Start, ...]:
    """What the starts of all environments that run on this machine would do."""
    found = ((e, target_platform(opened, e.name, context, opened.lock)) for e in opened.environments.values())
    return tuple(_start(opened, one, platform, context) for one, platform in found if platform is not None)


def _start(opened: OpenWorkspace, one: Environment, platform: Platform, context: Context) -> Start:
    on = one.on.get(platform.name)
    locked = rows(opened, opened.lock, one, platform) if opened.lock is not None else ()
    solve = not _is_locked(opened, one, platform)
    missing = _missing(opened, one, locked)
    sources = {row.source for row in missing}
    builds = {row.name for row in locked if is_built(row.package) and _is_run(row, missing)}
    if solve and on is not None:
        more = asked(one, platform.name)
        sources |= set(more.sources)
        builds |= set(more.builds)
    return Start(
        name=one.name,
        solve=solve,
        packages=len(missing),
        bytes=sum(row.size or 0 for row in missing if not of.is_directory(row.package)),
        sources=tuple(sorted(sources)),
        builds=tuple(sorted(builds)),
        scripts=on.activation.scripts if on is not None else (),
        variables=on.activation.env if on is not None else {},
        refused=_refused(opened, one, tuple(row.package for row in locked), context),
    )


def _is_run(row: Row, missing: tuple[Row, ...]) -> bool:
    """Whether a package that is built is built at the next start: a folder always may be, for it may have changed."""
    return row in missing or of.is_directory(row.package) or row.package.kind == "conda_source"


def _is_locked(opened: OpenWorkspace, one: Environment, platform: Platform) -> bool:
    if opened.lock is None or opened.lock_error is not None:
        return False
    verdict = opened.verdict.environments.get(one.name, {}).get(platform.name)
    return opened.verdict.up_to_date or (verdict is not None and verdict.up_to_date)


def _missing(opened: OpenWorkspace, one: Environment, locked: tuple[Row, ...]) -> tuple[Row, ...]:
    """The locked packages that the prefix does not have in this version."""
    prefix = prefix_of(opened, one.name)
    if not prefix.exists():
        return locked
    conda = {name: (record.version, record.build) for name, record in conda_records(prefix).items()}
    pypi = {name: found.version for name, found in distributions(prefix).items()}

    def is_there(row: Row) -> bool:
        if row.kind == "conda":
            return conda.get(row.name) == (row.version, row.build)
        version = pypi.get(of.normalize(row.name))
        return version is not None and row.version in (None, version)

    return tuple(row for row in locked if not is_there(row))


def _refused(opened: OpenWorkspace, one: Environment, packages: tuple[Package, ...], context: Context) -> str | None:
    permitted = allowed(context.environ, opened.config, opened.manifest.workspace.s3_options)
    try:
        permitted.refuse_environment(one, opened.root)
        permitted.refuse_packages(packages, opened.root)
    except Refused as refused:
        return refused.message
    return None
