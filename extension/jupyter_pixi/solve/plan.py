"""A lock request to what has to be done for each solve unit on each platform: keep, resolve PyPI only, or solve.

Members of a solve group move together: the worst verdict of a member counts for all of them. Nothing is fetched here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from ..environments.model import Environment, SolveUnit
from ..lockfile import packages as locked
from ..lockfile.model import Package
from ..lockfile.packages import normalize as pypi_name
from ..manifest import versions
from .request import LockRequest, Pair

if TYPE_CHECKING:
    from ..lockfile.check import Keep


class Action(IntEnum):
    """What happens to a unit on a platform, in rising order of work."""

    KEEP = 0
    PYPI = 1  # the conda records stay, PyPI packages are resolved again
    SOLVE = 2


@dataclass(frozen=True)
class Step:
    """One unit on one platform: what to do, and the packages that are preferred, pinned or kept.

    `conda` and `pypi` are the locked packages of all members (kept ones for KEEP and PYPI, else preferences).
    """

    unit: SolveUnit
    platform: str
    action: Action
    conda: tuple[Package, ...] = ()
    pypi: tuple[Package, ...] = ()
    pinned: tuple[Package, ...] = ()

    @property
    def members(self) -> tuple[Environment, ...]:
        """The environments of the unit that have this platform."""
        return tuple(m for m in self.unit.members if self.platform in m.on)


def steps(request: LockRequest, units: Iterable[SolveUnit]) -> list[Step]:
    """The steps of a request, in the order of units and platforms."""
    return [
        _step(request, unit, platform.name)
        for unit in units
        for platform in unit.combined.platforms
        if platform.name in unit.combined.on
    ]


def locked_packages(request: LockRequest, pair: Pair) -> tuple[Package, ...]:
    """What the present lock has for an environment on a platform; nothing if it does not know the pair."""
    environment = request.previous.environments.get(pair[0]) if request.previous else None
    return environment.packages.get(pair[1], ()) if environment else ()


def _step(request: LockRequest, unit: SolveUnit, platform: str) -> Step:
    members = [m for m in unit.members if platform in m.on]
    actions = [_action(request, (m.name, platform)) for m in members]
    action = max(actions, default=Action.SOLVE)
    keep = _keep(request, unit)
    found = [tuple(_preferred(request, (m.name, platform), action, keep)) for m in members]
    return Step(
        unit,
        platform,
        action,
        conda=_unique(p for packages in found for p in packages if p.kind != "pypi"),
        pypi=_unique(p for packages in found for p in packages if p.kind == "pypi"),
        pinned=_unique(p for m in members for p in request.pinned.get((m.name, platform), ())),
    )


def _action(request: LockRequest, pair: Pair) -> Action:
    present = request.previous is not None and pair[0] in request.previous.environments
    if request.verdict is None or not present:
        return Action.SOLVE
    verdict = request.verdict.environments.get(pair[0], {}).get(pair[1])
    if verdict is None:
        return Action.SOLVE
    unlocked = [p for p in locked_packages(request, pair) if _is_unlocked(request, pair, p)]
    if any(p.kind != "pypi" for p in unlocked) or (request.unlock_all and request.may_unlock(pair)):
        return Action.SOLVE
    if verdict.up_to_date:
        return Action.PYPI if unlocked else Action.KEEP
    return Action.PYPI if verdict.pypi_only else Action.SOLVE


def _keep(request: LockRequest, unit: SolveUnit) -> Keep:
    """What a unit may lean on: what one member may not, no member does."""
    rows = request.verdict.environments if request.verdict else {}
    found = {v.keep for m in unit.members for v in rows.get(m.name, {}).values() if not v.up_to_date}
    return "nothing" if "nothing" in found else "conda" if "conda" in found else "all"


def _preferred(request: LockRequest, pair: Pair, action: Action, keep: Keep) -> Iterator[Package]:
    """The locked packages of a pair that its next solve may lean on."""
    for package in locked_packages(request, pair):
        is_pypi = package.kind == "pypi"
        stays = action is Action.KEEP or (action is Action.PYPI and not is_pypi)
        preferred = keep == "all" or (keep == "conda" and not is_pypi)
        if stays or (preferred and not _is_unlocked(request, pair, package)):
            yield package


def _is_unlocked(request: LockRequest, pair: Pair, package: Package) -> bool:
    if not request.may_unlock(pair):
        return False
    if request.unlock_all:
        return True
    if not request.unlock:
        return False
    name = locked.name(package)
    return (pypi_name(name) if package.kind == "pypi" else name) in request.unlock or name in request.unlock


def _unique(packages: Iterable[Package]) -> tuple[Package, ...]:
    """The packages without repetition; of several with one name (members that differ) that of the highest version."""
    by_name: dict[tuple[bool, str], Package] = {}
    for package in packages:
        key = (package.kind == "pypi", locked.name(package))
        present = by_name.setdefault(key, package)
        if present.location != package.location and _is_higher(package, present):
            by_name[key] = package
    return tuple(by_name.values())


def _is_higher(package: Package, other: Package) -> bool:
    one, two = (versions.parse(locked.version(p) or "") for p in (package, other))
    return one is not None and (two is None or versions.compare(one, two) > 0)
