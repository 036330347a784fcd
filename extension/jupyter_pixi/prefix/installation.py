"""Turns a locked environment into an installed prefix: conda packages, PyPI packages, markers, and the state file.

The order is Pixi's own (pixi_core, environment/mod.rs), so that an install killed anywhere is seen as unfinished
by Pixi and by this engine: lock, both markers invalid, unlink and link, PyPI, fingerprint, marker. A prefix that is
already right is not written to at all.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from ..config import cache_folder
from ..environments import allowed
from ..environments.model import Environment
from ..errors import ActivationError, InstallError, UnsupportedFeature
from ..events import Note, Sink, Warn
from ..lockfile.model import LockFile
from ..manifest.model import Manifest, Platform, VirtualPackage
from . import activation, digests, host, markers, orphans, paths, statefile
from .comparison import Differences, compare
from .dists import Source, source
from .installed import conda_records, python, site_packages
from .kernels import kernels
from .link import Linked, link
from .lock import guard
from .shared_cache import shared_caches
from .wanted import NO_FILTERS, Filters, Wanted, conda_identity, wanted

if TYPE_CHECKING:
    import rattler

    from .installed import Python
    from .lock import PrefixGuard
    from .pypi import PypiStep


class Settings(allowed.Settings, Protocol):
    """What an install needs of the configuration."""

    def rattler(self) -> rattler.Config:
        """The settings that py-rattler understands: mirrors, proxies, certificates, links, concurrency."""
        ...


@dataclass(frozen=True)
class InstallRequest:
    """What to install where.

    `host` are this machine's virtual packages; None skips that check (another machine's platform: `foreign`).
    `by_accident` says that the platform fits only by accident and `install` was asked: the marker's hash is then that
    of nothing, as Pixi writes it. `quick` trusts a marker that fits, as `run` does. `exe` is what PIXI_EXE will say.
    `cache` is the folder shared with Pixi (None: from `environ`), `config_layers` the configuration's files.
    """

    manifest: Manifest
    environment: Environment
    platform: Platform
    lock: LockFile
    prefix: Path
    config: Settings | None = None
    host: tuple[VirtualPackage, ...] | None = None
    by_accident: bool = False
    foreign: bool = False
    quick: bool = False
    reinstall: frozenset[str] | Literal["all"] = frozenset()
    filters: Filters = NO_FILTERS
    offline: bool = False
    cache: Path | None = None
    config_layers: tuple[Path, ...] = ()
    exe: str = ""
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    wait: bool = True

    @property
    def root(self) -> Path:
        """The workspace root."""
        return self.manifest.root

    @property
    def lock_path(self) -> Path:
        """The lock file beside the manifest."""
        return self.root / "pixi.lock"

    @property
    def project(self) -> activation.Project:
        """What the PIXI_* variables say."""
        workspace = self.manifest.workspace
        return activation.Project(
            root=str(self.root),
            name=workspace.name,
            manifest=str(self.manifest.path),
            environment=self.environment.name,
            platforms=tuple(platform.name for platform in self.environment.platforms),
            version=workspace.version,
            exe=self.exe,
        )

    @cached_property
    def wanted(self) -> Wanted:
        """What the prefix should hold. Raises InstallError if the lock does not know the environment."""
        on = self.environment.on.get(self.platform.name)
        declared = [str(package) for package in on.virtual_packages] if on else []
        return wanted(
            self.lock, self.environment.name, self.platform.name, self.platform.subdir, declared, self.filters
        )

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Where the locked PyPI packages come from, by name."""
        on = self.environment.on.get(self.platform.name)
        editable = {name for name, spec in (on.pypi_dependencies if on else ()) if spec.editable}
        return {name: source(p, self.root, name in editable) for name, p in self.wanted.pypi.items()}

    @property
    def marker(self) -> markers.Marker:
        """The marker of the finished install."""
        want = self.wanted
        digest = digests.NOTHING if self.by_accident else want.hash
        return markers.Marker(
            manifest=str(self.manifest.path),
            environment=self.environment.name,
            hash=markers.INVALID_HASH if self.filters else digest,
            platform=(want.subdir, want.virtual_packages),
            minimum=(want.subdir, want.requirements),
        )


@dataclass(frozen=True)
class InstallReport:
    """What an install did: names by what happened to them, and whether anything was changed at all.

    `repaired` are the sentences that say why packages moved although the lock had not changed.
    """

    prefix: Path
    linked: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()
    pypi_installed: tuple[str, ...] = ()
    pypi_removed: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any package moved."""
        return bool(self.linked or self.unlinked or self.pypi_installed or self.pypi_removed)


async def install(request: InstallRequest, sink: Sink) -> InstallReport:
    """Make the prefix what the lock says, and tell about it.

    Raises UnsupportedPlatform if the packages cannot run here, UnsupportedFeature for source packages, Refused where
    the administrator does not allow where they come from, NetworkError and InstallError when fetching or linking
    fails: the prefix is then marked as unfinished, and the next install repairs it. Cancelling leaves it in the same
    state.
    """
    want = request.wanted
    if want.sources:
        names = ", ".join(sorted(package.location.split("[")[0] for package in want.sources))
        raise UnsupportedFeature(
            f"Source packages have to be built, which this engine cannot do: {names}.",
            help="Install once with the `pixi` command; it builds them.",
            code="source-packages",
        )
    if request.quick and is_trusted(request):
        _write_state(request, sink)
        return InstallReport(request.prefix)
    if request.host is not None and not request.foreign:
        host.check(want, request.environment.name, request.host)
    for name in want.unknown:
        sink(Warn(text=f"'{name}' is not a package of the environment '{request.environment.name}'."))
    if _is_current(request, _compare(request)):
        _write_state(request, sink)
        return InstallReport(request.prefix)
    _refuse_sources(request)
    _prepare(request)
    async with guard(request.prefix, request.environment.name, sink, wait=request.wait) as held:
        try:
            return await _install(request, held, sink)
        except OSError as error:
            if error.errno == 28:
                message = f"The disk is full: '{request.environment.name}' is not installed completely."
                raise InstallError(message, code="disk-full") from error
            raise InstallError(
                f"Cannot install environment '{request.environment.name}': {error.strerror or error} "
                f"({error.filename or request.prefix})",
            ) from error


def is_trusted(request: InstallRequest) -> bool:
    """Whether `run` may start without a closer look: the marker's hash fits, and nothing needs looking at.

    Local directories always do; an unfinished or a moved prefix does (Pixi would not see those).
    """
    if request.reinstall or request.filters or request.wanted.sources:
        return False
    if any(each.kind == "directory" for each in request.sources.values()):
        return False
    marker = markers.read_marker(request.prefix)
    if marker is None or marker.hash != request.wanted.hash or markers.has_moved(request.prefix):
        return False
    return markers.read_fingerprint(request.prefix) == request.wanted.fingerprint


def _compare(request: InstallRequest, everything: bool | None = None) -> Differences:
    return compare(
        request.prefix,
        request.wanted,
        request.sources,
        reinstall=request.reinstall,
        with_pypi=not request.foreign,
        everything=everything,
    )


def _is_current(request: InstallRequest, found: Differences) -> bool:
    marker = markers.read_marker(request.prefix)
    return (
        not found.conda
        and not found.pypi
        and marker == request.marker
        and markers.read_prefix_path(request.prefix) == str(markers.meta_folder(request.prefix))
    )


def _refuse_sources(request: InstallRequest) -> None:
    """Raises Refused if something would be fetched from where the administrator does not allow it."""
    s3_options = request.manifest.workspace.s3_options
    permitted = allowed.allowed(request.environ, request.config, s3_options)
    permitted.refuse_environment(request.environment, request.root)
    if request.wanted.pypi:  # also those of a lock that the manifest does not ask for
        permitted.refuse_indexes(request.environment, request.root)
    permitted.refuse_packages((*request.wanted.conda.values(), *request.wanted.pypi.values()), request.root)


def _prepare(request: InstallRequest) -> None:
    """Make `.pixi` if the prefix belongs there."""
    try:
        folder = request.prefix.parent
        paths.sweep_removed(folder)
        if folder == paths.environments_folder(request.root):
            paths.prepare_pixi_folder(request.root)
        elif folder.name == paths.ENVIRONMENTS_FOLDER and request.manifest.kind != "script":
            paths.prepare_pixi_folder(request.root, folder)
    except OSError as error:
        raise InstallError(
            f"The folder {paths.pixi_folder(request.root)} cannot be made: {error.strerror or error}",
            help="The workspace is read-only here: install it where it may be written, or copy it.",
        ) from error


async def _install(request: InstallRequest, held: PrefixGuard, sink: Sink) -> InstallReport:
    """The work itself, with the prefix's lock held."""
    found = _compare(request)
    markers.sweep(request.prefix)
    if found.conda or found.pypi:
        for reason in found.reasons:
            sink(Note(text=reason))
        held.begin()
        markers.invalidate_marker(request.prefix)
        statefile.remove_state(request.prefix)
        orphans.sweep(request.prefix, _cache(request) / "pkgs")
    linked = await _link(request, found, sink) if found.conda else Linked()
    installed, removed = await _install_pypi(request, found, held, sink)
    markers.write_prefix_files(request.prefix)
    orphans.forget(request.prefix)
    held.write(request.wanted.fingerprint)
    markers.write_marker(request.prefix, request.marker)
    _write_state(request, sink)
    return InstallReport(request.prefix, linked.linked, linked.unlinked, installed, removed, found.reasons)


def _cache(request: InstallRequest) -> Path:
    return request.cache if request.cache is not None else cache_folder(request.environ)


async def _link(request: InstallRequest, found: Differences, sink: Sink) -> Linked:
    records = conda_records(request.prefix)
    here = {(r.name, r.version, r.build) for r in records.values()}
    orphans.note(request.prefix, here ^ {conda_identity(p) for p in request.wanted.conda.values()})
    return await link(
        request.prefix,
        request.wanted,
        sink,
        package_cache=_cache(request) / "pkgs",
        shared=await shared_caches(request.environ),
        config=request.config.rattler() if request.config is not None else None,
        reinstall=found.relink,
        installed={name: (record.version, record.build) for name, record in records.items()},
        offline=request.offline,
    )


async def _install_pypi(
    request: InstallRequest, before: Differences, held: PrefixGuard, sink: Sink
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Install and remove PyPI packages after the conda ones; names of those installed and removed."""
    want = request.wanted
    if request.foreign:
        if want.pypi:
            sink(Warn(text=f"PyPI packages are not installed for '{request.platform.name}' on this machine."))
        return (), ()
    after = before.pypi
    if before.conda:
        from . import pypi

        pypi.remove_left_overs(request.prefix, site_packages(request.prefix))
        after = _compare(request, before.everything).pypi
    if not after:
        return (), ()
    interpreter = python(request.prefix)
    if interpreter is None:
        if not after.install:
            return (), ()
        raise InstallError(
            f"The environment '{request.environment.name}' has PyPI packages, but no conda package 'python' to install "
            "them for.",
            help="Add python to its dependencies.",
        )
    from . import pypi

    step = _pypi_step(request, interpreter, held, build=pypi.needs_build(after, request.sources))
    await pypi.apply(step, after, sink)
    return tuple(after.install), after.remove


def _pypi_step(request: InstallRequest, interpreter: Python, held: PrefixGuard, *, build: bool) -> PypiStep:
    from . import pypi, uv

    environ = request.environ
    if build:  # build backends find the environment's compilers and headers
        environ = activation.evaluate(_static(request), environ).environ()
    site = site_packages(request.prefix)
    return pypi.PypiStep(
        prefix=request.prefix,
        environment=request.environment.name,
        interpreter=interpreter,
        site_packages=site,
        wanted=request.wanted.pypi,
        sources=request.sources,
        environ=uv.uv_environ(environ, _cache(request) / "uv-cache"),
        options=pypi.build_options(request.environment, request.root) if build else (),
        offline=request.offline,
        keep=held.descriptors,
    )


def _static(request: InstallRequest) -> activation.Static:
    on = request.environment.on.get(request.platform.name)
    plan = on.activation if on else None
    return activation.static(
        request.prefix,
        request.project,
        plan.scripts if plan else (),
        plan.env if plan else {},
        windows=request.platform.subdir.startswith("win"),
    )


def state_data(request: InstallRequest) -> dict[str, object]:
    """What the state file says after a finished install: digests, platform, activation from files, kernels, Python."""
    static = _static(request)
    interpreter = python(request.prefix)
    return {
        "manifest": {
            "path": str(request.manifest.path),
            "sha256": statefile.sha256_file(request.manifest.path),
        },
        "lock": {"sha256": statefile.sha256_file(request.lock_path)},
        "config_sha256": statefile.config_digest(request.config_layers),
        "environment": request.environment.name,
        "platform": {
            "name": request.platform.name,
            "subdir": request.platform.subdir,
            "virtual_packages": list(request.wanted.virtual_packages),
        },
        "requirements": list(request.wanted.requirements),
        "host": statefile.host_facts(request.environ),
        "fingerprint": request.wanted.fingerprint,
        "hash": request.marker.hash,
        "prefix": str(request.prefix),
        "activation": static.to_dict(),
        "kernels": {
            kernel.name: {
                "argv": list(kernel.argv),
                "language": kernel.language,
                "display_name": kernel.display_name,
                "metadata": kernel.metadata,
                "env": kernel.env,
                "interrupt_mode": kernel.interrupt_mode,
                "plain": kernel.plain,
                "dir": kernel.dir,
            }
            for kernel in kernels(request.prefix)
        },
        "python": {
            "version": interpreter.version,
            "executable": str(interpreter.executable),
            "abi": interpreter.abi,
        }
        if interpreter
        else None,
        "scripts_digest": statefile.scripts_digest(static.scripts),
    }


def _write_state(request: InstallRequest, sink: Sink) -> None:
    """Leave the state file for the next start. A prefix that cannot be written goes without."""
    if request.foreign or request.filters:
        return
    try:
        statefile.write_state(request.prefix, state_data(request))
    except ActivationError as error:
        sink(Warn(text=error.message))
    except OSError:
        pass
