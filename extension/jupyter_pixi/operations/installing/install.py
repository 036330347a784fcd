"""Turns a lock into installed prefixes: which environments, for which platform, and where their prefixes are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from ...config import cache_folder
from ...environments import PlatformChoice, host, unsupported
from ...environments.model import Environment
from ...errors import PixiError, UnsupportedPlatform
from ...manifest.model import Platform
from ...prefix.installation import install as install_prefix
from ...prefix.request import InstallReport, InstallRequest
from ...prefix.wanted import Filters
from ..context import Context
from ..locking.locked import locked
from ..policy import refuse_if_forbidden
from ..program import executable
from ..targets import choice, prefix_of, runs_from
from ..trusting import remember
from ..workspace import OpenWorkspace, open_workspace
from .refresh import changes, variables


@dataclass(frozen=True)
class InstallOptions:
    """What `install` (or `reinstall`) was asked for; field names are its flags."""

    environments: tuple[str, ...] = ()
    all: bool = False
    platform: str | None = None
    repair: bool = False
    skip: tuple[str, ...] = ()
    skip_with_deps: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    reinstall: frozenset[str] | Literal["all"] = frozenset()
    quick: bool = False
    restart: bool = False
    force_loaded: bool = False
    as_run: bool = False  # for a start: the marker is then the one that `pixi run` writes


@dataclass(frozen=True)
class Installed:
    """What was installed, by environment. `activation` is what the calling kernel has to take over (as `refresh`)."""

    reports: dict[str, InstallReport]
    restart: tuple[str, ...] = ()
    restart_requested: bool = False
    activation: dict[str, Any] | None = None

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments in the order in which they were installed."""
        return tuple(self.reports)

    def data(self) -> dict[str, Any]:
        """The document of the Result event and of `--json`."""
        return {
            "kind": "install",
            "restart": list(self.restart),
            "restart_requested": self.restart_requested,
            "environments": {
                name: {
                    "prefix": str(r.prefix),
                    "linked": list(r.linked),
                    "unlinked": list(r.unlinked),
                    "pypi_installed": list(r.pypi_installed),
                    "pypi_removed": list(r.pypi_removed),
                    "changed": r.changed,
                }
                for name, r in self.reports.items()
            },
        }


async def install(context: Context, options: InstallOptions) -> Installed:
    """Bring the lock up to date (unless `--frozen` or `--locked`) and install what was asked for.

    Raises LockOutOfDate, UnsupportedPlatform, SolveError, NetworkError, InstallError.
    """
    opened = open_workspace(context)
    names = _names(opened, context, options)
    for name in names:
        opened.environment(name)
    opened = await locked(opened, context, names)
    remember(opened, context)
    reports = {}
    stale: tuple[str, ...] = ()
    before = activated(opened, names, context)
    for name in names:
        stale += _guarded(opened, name, context, options)
        reports[name] = await install_environment(
            opened, name, context, await _repairing(opened, name, context, options)
        )
    activation = changes(before, activated(opened, names, context))
    return Installed(reports, stale, options.restart and bool(stale), activation)


def activated(opened: OpenWorkspace, names: Iterable[str], context: Context) -> dict[str, str] | None:
    """What activating the calling kernel's environment sets, if that is one of these."""
    if context.caller is None:
        return None
    from .guard_install import runs_in

    prefixes = (prefix_of(opened, name) for name in names)
    own = next((prefix for prefix in prefixes if runs_in(context.caller, prefix)), None)
    return variables(own, context.environ) if own is not None else None


def _guarded(opened: OpenWorkspace, name: str, context: Context, options: InstallOptions) -> tuple[str, ...]:
    """The loaded packages of the calling kernel that this install exchanges. Raises Refused if nobody said so."""
    if options.platform is not None or (context.caller is None and not runs_from(prefix_of(opened, name))):
        return ()
    from .guard_install import guard_install

    return guard_install(
        opened, name, context, restart=options.restart, force=options.force_loaded, repair=options.repair
    )


async def _repairing(opened: OpenWorkspace, name: str, context: Context, options: InstallOptions) -> InstallOptions:
    """The options with what a repair has to make anew."""
    if not options.repair:
        return options
    from .drifting import prepare_repair

    return replace(options, reinstall=await prepare_repair(opened, name, context))


def _names(opened: OpenWorkspace, context: Context, options: InstallOptions) -> tuple[str, ...]:
    if options.all:
        return tuple(opened.environments)
    return options.environments or (opened.default_name(context),)


async def install_environment(
    opened: OpenWorkspace, name: str, context: Context, options: InstallOptions | None = None
) -> InstallReport:
    """Install one environment from the opened workspace's lock. Raises UnsupportedPlatform, InstallError, Refused …"""
    refuse_if_forbidden(opened.root, context.environ)
    return await install_prefix(_request(opened, name, context, options or InstallOptions()), context.sink)


def _request(opened: OpenWorkspace, name: str, context: Context, options: InstallOptions) -> InstallRequest:
    assert opened.lock is not None
    environment = opened.environment(name)
    machine = host(context.environ)
    found, foreign = _platform(opened, environment, context, options)
    assert found.platform is not None
    return InstallRequest(
        manifest=opened.manifest,
        environment=environment,
        platform=found.platform,
        lock=opened.lock,
        prefix=prefix_of(opened, name),
        config=opened.config,
        host=None if machine.pretended else machine.virtual_packages,
        by_accident=found.by_accident and not options.as_run,
        foreign=foreign,
        quick=options.quick,
        reinstall=options.reinstall,
        filters=Filters(frozenset(options.skip), frozenset(options.skip_with_deps), frozenset(options.only)),
        offline=context.offline,
        cache=cache_folder(context.environ),
        config_layers=opened.config.files,
        exe=executable(),
        environ=context.environ,
    )


def _platform(
    opened: OpenWorkspace, environment: Environment, context: Context, options: InstallOptions
) -> tuple[PlatformChoice, bool]:
    """The platform to install for, and whether it is one that this machine is not."""
    found = choice(opened, environment, context, opened.lock)
    if options.platform is None:
        if found.platform is None:
            raise _cannot_install(unsupported(environment, host(context.environ), found), environment.name)
        return found, False
    named = environment.platform(options.platform)
    if named is None:
        known = ", ".join(p.name for p in environment.platforms) or "none"
        raise PixiError(
            f"environment '{environment.name}' does not have the platform '{options.platform}'",
            help=f"It has: {known}.",
        )
    foreign = found.platform is None or named.name != found.platform.name
    if foreign:
        here = host(context.environ).subdir
        context.warn(
            f"installing for platform '{named.name}' (subdir '{named.subdir}'), which this machine ('{here}') can not "
            "run -- packages will be downloaded and extracted but won't be executable here"
        )
    return PlatformChoice(named), foreign


def _cannot_install(error: UnsupportedPlatform, environment: str) -> UnsupportedPlatform:
    """The same error with what was attempted in front, as Pixi says it."""
    error.message = f"Cannot install environment '{environment}'\n{error.message}"
    return error


async def is_current(opened: OpenWorkspace, name: str, platform: Platform, context: Context) -> bool:
    """Whether the prefix is what the lock says, by its markers alone."""
    from ...prefix.installation import is_trusted

    if opened.lock is None or name not in opened.lock.environments:
        return False
    request = _request(opened, name, context, InstallOptions())
    return is_trusted(request)
