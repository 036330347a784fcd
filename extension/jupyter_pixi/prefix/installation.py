"""Turns a locked environment into an installed prefix: conda packages, PyPI packages, markers, and the state file.

The order is Pixi's own (pixi_core, environment/mod.rs), so that an install killed anywhere is seen as unfinished
by Pixi and by this engine: lock, both markers invalid, unlink and link, PyPI, fingerprint, marker. A prefix that is
already right is not written to at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..environments import allowed
from ..errors import ActivationError, InstallError, UnsupportedFeature
from ..events import Note, Sink, Warn
from . import activation, host, markers, orphans, paths, pypi_orphans, statefile
from .comparison import Differences, compare
from .installed import conda_records, python, site_packages
from .link import Linked, LinkRequest, link
from .lock import guard
from .request import InstallReport, InstallRequest
from .shared_cache import shared_caches
from .statedata import state_data
from .unfinished import Unfinished
from .wanted import conda_identity

if TYPE_CHECKING:
    from .installed import Python
    from .lock import PrefixGuard
    from .pypi import PypiStep


async def install(request: InstallRequest, sink: Sink) -> InstallReport:
    """Make the prefix what the lock says, and tell about it.

    Raises UnsupportedPlatform if the packages cannot run here, UnsupportedFeature for source packages, Refused where
    the administrator does not allow where they come from, NetworkError and InstallError when fetching or linking
    fails: where packages had moved the prefix is then marked as unfinished, and the next install repairs it; else it is
    as it was. Cancelling leaves it in the same state.
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
    unfinished = Unfinished(request.prefix, held)
    if found.conda or found.pypi:
        for reason in found.reasons:
            sink(Note(text=reason))
        unfinished.begin()
        orphans.sweep(request.prefix, request.cache_folder / "pkgs")
        pypi_orphans.sweep(request.prefix, request.uv_cache_folder)
    try:
        linked = await _link(request, found, unfinished, sink) if found.conda else Linked()
    except BaseException:
        unfinished.withdraw()
        raise
    installed, removed = await _install_pypi(request, found, held, sink)
    markers.write_prefix_files(request.prefix)
    orphans.forget(request.prefix)
    pypi_orphans.forget(request.prefix)
    held.write(request.wanted.fingerprint)
    markers.write_marker(request.prefix, request.marker)
    _write_state(request, sink)
    return InstallReport(request.prefix, linked.linked, linked.unlinked, installed, removed, found.reasons)


async def _link(request: InstallRequest, found: Differences, unfinished: Unfinished, sink: Sink) -> Linked:
    records = conda_records(request.prefix)
    here = {(r.name, r.version, r.build) for r in records.values()}
    orphans.note(request.prefix, here ^ {conda_identity(p) for p in request.wanted.conda.values()})
    config = request.config
    return await link(
        LinkRequest(
            request.prefix,
            request.wanted,
            package_cache=request.cache_folder / "pkgs",
            shared=await shared_caches(request.environ),
            config=config.rattler() if config is not None else None,
            reinstall=found.relink,
            installed={name: (record.version, record.build) for name, record in records.items()},
            touch=unfinished.touch,
            offline=request.offline,
        ),
        sink,
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
        environ = activation.evaluate(request.static(), environ).environ()
    site = site_packages(request.prefix)
    return pypi.PypiStep(
        prefix=request.prefix,
        environment=request.environment.name,
        interpreter=interpreter,
        site_packages=site,
        wanted=request.wanted.pypi,
        sources=request.sources,
        environ=uv.uv_environ(environ, request.uv_cache_folder),
        options=pypi.build_options(request.environment, request.root) if build else (),
        offline=request.offline,
        keep=held.descriptors,
    )


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
