"""A lock request to a complete new lock file: what is out of date is solved, all else stays byte for byte.

First every conda solve at once on one gateway, then the mapping to PyPI names, then every PyPI resolution, then each
environment gets its share of its solve group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..environments import host, solve_units
from ..environments.allowed import allowed
from ..environments.cutoffs import cutoffs
from ..environments.model import Environment
from ..errors import PixiError, UnsupportedFeature
from ..events import Phase, Progress, Sink, Warn, silent
from ..lockfile import records as recorded
from ..lockfile.model import LockFile, Package
from .assemble import assemble
from .conda import CondaProblem, refuse_sources, solve_platform
from .filtered import AtHand, package_indexes
from .gateway import Network, network
from .group import reachable
from .mapping import Purls, provided, read_rules
from .mapping_service import MappingService
from .plan import Action, Step, locked_packages, steps
from .request import LockRequest, Pair

if TYPE_CHECKING:
    import rattler


async def update_lock(request: LockRequest, sink: Sink = silent) -> LockFile:
    """A new lock file for the whole workspace.

    Raises SolveError (with the explanation of solver or resolver), NetworkError, ManifestError, UnsupportedFeature
    if a required environment (or all there is to do) needs source packages to be built, and Refused where the
    administrator does not allow the sources.
    """
    net = _network(request)
    units = solve_units(request.environments)
    planned = steps(request, units)
    permitted = allowed(request.environ, request.config, request.manifest.workspace.s3_options)
    asked = {step.unit.name for step in planned if step.action is not Action.KEEP}
    for unit in units:
        if unit.name in asked:
            permitted.refuse_environment(unit.combined, request.manifest.root)
    todo = _possible(request, planned, sink)
    conda = await _solve_conda(request, todo, net, sink)
    pypi = await _resolve_pypi(request, todo, conda, net, sink)
    _tell_offline(request, todo, sink)
    shares: dict[Pair, tuple[Package, ...]] = {}
    for step in todo:
        key = (step.unit.name, step.platform)
        known = request.previous.environments if request.previous else {}
        for member in step.members:
            if step.action is Action.KEEP and member.name not in known:
                continue
            share = shares[member.name, step.platform] = _share(request, step, member, conda[key], pypi[key])
            if step.action is not Action.KEEP:
                permitted.refuse_packages(share, request.manifest.root)
    return assemble(request, units, shares)


def _tell_offline(request: LockRequest, todo: Sequence[Step], sink: Sink) -> None:
    """Warns that what was solved without a network may not be the newest."""
    solved = [step for step in todo if step.action is not Action.KEEP]
    if not request.is_offline or not solved:
        return
    sink(
        Warn(
            "pixi.lock may pin older versions: solved offline, from the packages that are in the cache", code="offline"
        )
    )
    if any(step.unit.combined.on[step.platform].pypi_dependencies for step in solved):
        sink(Warn("PyPI dependencies were resolved from what the cache knows of their index", code="offline"))


def _network(request: LockRequest) -> Network:
    buckets = request.manifest.workspace.s3_options
    return network(request.config, request.environ, offline=request.is_offline, s3_options=buckets or None)


def _possible(request: LockRequest, all_steps: Sequence[Step], sink: Sink) -> list[Step]:
    """The steps, those that need a source package to be built turned into "keep what the lock has"."""
    possible: list[Step] = []
    refused: dict[str, UnsupportedFeature] = {}
    for step in all_steps:
        try:
            if step.action is Action.SOLVE:
                refuse_sources(step.unit.name, step.unit.combined.on[step.platform])
        except UnsupportedFeature as error:
            if request.required and any(m.name in request.required for m in step.members):
                raise
            refused.setdefault(step.unit.name, error)
            step = replace(step, action=Action.KEEP)
        possible.append(step)
    if refused and all(step.unit.name in refused for step in possible):
        raise next(iter(refused.values()))
    for reason in refused.values():
        sink(Warn(text=reason.text(), code=reason.code))
    return possible


async def _solve_conda(
    request: LockRequest, todo: Sequence[Step], net: Network, sink: Sink
) -> dict[Pair, tuple[Package, ...]]:
    """The conda packages of every step by (unit, platform), the solves side by side."""
    wanted = [step for step in todo if step.action is Action.SOLVE]
    found = {(s.unit.name, s.platform): s.conda for s in todo}
    if not wanted:
        return found
    indexes = await package_indexes(net.cache, request.environ) if net.offline else None
    names = {step.unit.name for step in wanted}
    many = f"{len(names)} environments" if len(names) > 1 else f"environment '{next(iter(names))}'"
    sink(Phase("solve", f"Solving {many}", len(wanted)))
    done = 0
    as_record = _Records()

    async def one(step: Step) -> list[rattler.RepoDataRecord] | PixiError:
        nonlocal done
        try:
            return await solve_platform(_problem(request, step, indexes, as_record), net)
        except PixiError as error:
            return error
        finally:
            done += 1
            sink(Progress("solve", done, len(wanted), f"{step.unit.name} {step.platform}"))

    results = await asyncio.gather(*(one(step) for step in wanted))
    await _raise_failures(request, wanted, results, net)
    records = {
        (step.unit.name, step.platform): result
        for step, result in zip(wanted, results, strict=True)
        if not isinstance(result, PixiError)
    }
    return found | await _as_packages(request, wanted, records, net, sink)


class _Records:
    """Locked packages as records; one that several steps have is made once. It must not outlive the packages."""

    def __init__(self) -> None:
        self._made: dict[int, rattler.RepoDataRecord] = {}

    def __call__(self, package: Package) -> rattler.RepoDataRecord:
        if id(package) not in self._made:
            self._made[id(package)] = recorded.to_record(package)
        return self._made[id(package)]


def _problem(
    request: LockRequest, step: Step, indexes: Sequence[rattler.CacheIndex] | None, as_record: _Records
) -> CondaProblem:
    """The solve of a step. With `indexes` (offline), one for this machine takes only what is in the package cache.

    What other platforms get is never in this machine's cache, and nothing of it is installed here.
    """
    environment = step.unit.combined
    is_here = _subdir(environment, step.platform) == (request.here or host(request.environ).subdir)
    return CondaProblem(
        environment,
        step.platform,
        request.manifest.root,
        cutoffs(request.manifest, environment.channels, request.now),
        tuple(as_record(p) for p in step.conda if p.kind == "conda"),
        tuple(as_record(p) for p in step.pinned if p.kind == "conda"),
        AtHand(indexes if is_here else None) if indexes is not None else None,
    )


async def _as_packages(
    request: LockRequest,
    wanted: Sequence[Step],
    records: Mapping[Pair, Sequence[rattler.RepoDataRecord]],
    net: Network,
    sink: Sink,
) -> dict[Pair, tuple[Package, ...]]:
    """Solved records as lock packages; with their PyPI names where the unit has PyPI dependencies."""
    service = MappingService(net, lambda text: sink(Warn(text=text, code="mapping")))
    everywhere = tuple(channel for environment in request.environments.values() for channel in environment.channels)

    async def named(step: Step) -> list[Purls]:
        found = records[step.unit.name, step.platform]
        if not has_pypi(step.unit.combined):
            return [None] * len(found)
        declared, root = request.manifest.workspace.conda_pypi_map, request.manifest.root
        rules = await read_rules(declared, step.unit.combined.channels, root, net, everywhere)
        return await provided(found, rules, service)

    names = await asyncio.gather(*map(named, wanted))
    made: dict[str, Package] = {}
    packages = {}
    for step, found in zip(wanted, names, strict=True):
        pair = (step.unit.name, step.platform)
        present = {p.location: p for p in step.conda if p.kind == "conda"}
        both = zip(records[pair], found, strict=True)
        packages[pair] = tuple(_package(record, purls, present, made) for record, purls in both)
    return packages


def _package(
    record: rattler.RepoDataRecord, purls: Purls, present: Mapping[str, Package], made: dict[str, Package]
) -> Package:
    """A solved record as it is locked. `present` and `made` are by location: the lock's, and those of other steps.

    Where the solver took a preferred record, the lock's own entry stays, so that a repodata patch alone changes
    nothing; only the PyPI names are always those of now.
    """
    location = recorded.location_of(record)
    kept = present.get(location)
    if kept is not None:
        return kept if purls is None else replace(kept, fields={**kept.fields, "purls": list(purls)})
    if purls is not None:
        return recorded.from_record(record, purls=purls)
    if location not in made:
        made[location] = recorded.from_record(record)
    return made[location]


async def _resolve_pypi(
    request: LockRequest,
    todo: Sequence[Step],
    conda: Mapping[Pair, tuple[Package, ...]],
    net: Network,
    sink: Sink,
) -> dict[Pair, tuple[Package, ...]]:
    """The PyPI packages of every step by (unit, platform), at most one resolution per core at a time."""
    found: dict[Pair, tuple[Package, ...]] = {(s.unit.name, s.platform): () for s in todo}
    wanted = [
        step
        for step in todo
        if step.action is not Action.KEEP and step.unit.combined.on[step.platform].pypi_dependencies
    ]
    if not wanted:
        return found
    from .pypi import PypiProblem, Resolver

    resolver = Resolver(request, net)
    sink(Phase("resolve-pypi", "Resolving PyPI packages", len(wanted)))
    done = 0

    async def one(step: Step) -> tuple[Package, ...] | PixiError:
        nonlocal done
        key = (step.unit.name, step.platform)
        problem = PypiProblem(step.unit.combined, step.platform, conda[key], step.pypi, step.pinned)
        try:
            return await resolver.resolve(problem, lambda text: sink(Warn(text=text, code="pypi")))
        except PixiError as error:
            return error
        finally:
            done += 1
            sink(Progress("resolve-pypi", done, len(wanted), f"{step.unit.name} {step.platform}"))

    results = await asyncio.gather(*(one(step) for step in wanted))
    await _raise_failures(request, wanted, results, net)
    for step, result in zip(wanted, results, strict=True):
        if not isinstance(result, PixiError):
            found[step.unit.name, step.platform] = result
    return found


async def _raise_failures(
    request: LockRequest, wanted: Sequence[Step], results: Sequence[object], net: Network
) -> None:
    """Raises the one error for every pair that failed, if any did."""
    if not any(isinstance(result, PixiError) for result in results):
        return
    from .explain import Failure, explain

    failures = [
        Failure(
            step.unit.combined,
            step.platform,
            result,
            cutoffs(request.manifest, step.unit.combined.channels, request.now),
        )
        for step, result in zip(wanted, results, strict=True)
        if isinstance(result, PixiError)
    ]
    bad = {_subdir(f.environment, f.platform) for f in failures}
    well = {_subdir(s.unit.combined, s.platform) for s in wanted} - bad
    here = request.here or host(request.environ).subdir
    raise await explain(failures, well, here, net)


def _share(
    request: LockRequest,
    step: Step,
    member: Environment,
    conda: tuple[Package, ...],
    pypi: tuple[Package, ...],
) -> tuple[Package, ...]:
    """The packages of one member of a unit on a platform."""
    own = locked_packages(request, (member.name, step.platform))
    if step.action is Action.KEEP:
        return own
    if step.action is Action.PYPI:
        conda = tuple(p for p in own if p.kind != "pypi")
    if len(step.unit.members) == 1:
        return (*conda, *pypi)
    mine, theirs = reachable(member.on[step.platform], conda, pypi)
    return (*(conda if step.action is Action.PYPI else mine), *theirs)


def has_pypi(environment: Environment) -> bool:
    """Whether any feature has PyPI dependencies, for whatever platform: then purls are recorded."""
    return any(target.pypi_dependencies for feature in environment.features for target in feature.targets)


def _subdir(environment: Environment, platform: str) -> str:
    return environment.on[platform].platform.subdir
