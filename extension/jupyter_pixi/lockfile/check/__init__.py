"""A manifest's environments + a lock file -> whether the lock still fulfils them, with Pixi's reasons. Offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..model import LockFile
from ..platforms import with_platform_names
from .verdict import Keep, PlatformVerdict, Unsatisfied, Verdict

if TYPE_CHECKING:
    from ...environments.model import Environment, SolveUnit
    from ...manifest.model import Manifest
    from .platform import Verified

__all__ = ["Keep", "PlatformVerdict", "Verdict", "check"]

Verdicts = dict[str, dict[str, PlatformVerdict]]


def check(manifest: Manifest, environments: Mapping[str, Environment], lock: LockFile | None) -> Verdict:
    """Compare a lock (None: there is none) with the environments of a manifest.

    Reads pyproject.toml files of local packages below the workspace's root; no network, no solver. Never raises for
    what a lock says. A lock of version 6 or older is judged as it is.
    """
    return _Check(manifest, environments, lock).run()


class _Check:
    def __init__(self, manifest: Manifest, environments: Mapping[str, Environment], lock: LockFile | None) -> None:
        from ...environments import lock_platforms, solve_units
        from .facts import Facts

        self.manifest, self.environments = manifest, environments
        self.lock = with_platform_names(lock, lock_platforms(manifest, environments)) if lock is not None else None
        self.units = solve_units(environments)
        self.verdicts: Verdicts = {}
        self.verified: dict[tuple[str, str], Verified] = {}
        self.reasons: list[str] = []
        self.facts = Facts()

    def run(self) -> Verdict:
        for unit in self.units:
            for environment in unit.members:
                self.verdicts[environment.name] = dict(self._environment(environment, unit))
        for unit in self.units:
            self._groups(unit)
        if self.lock is not None:
            self.reasons += [
                f"environment '{name}' is out of date because it no longer exists in the manifest but is still present "
                "in the lock-file."
                for name in self.lock.environments
                if name not in self.environments
            ]
        return Verdict({name: self.verdicts[name] for name in self.environments}, tuple(self.reasons))

    def _environment(self, environment: Environment, unit: SolveUnit) -> Iterator[tuple[str, PlatformVerdict]]:
        from ...environments.cutoffs import cutoffs
        from .environment import check_environment, check_nothing_left

        name = environment.name
        if self.lock is None or name not in self.lock.environments:
            reason = "it does not exist in the lock file."
            self._because(f"environment '{name}'", reason)
            for platform in environment.platforms:
                yield platform.name, PlatformVerdict(False, reason)
            return
        limits = cutoffs(self.manifest, environment.channels)
        try:
            check_environment(environment, unit.combined, self.lock, limits, self.manifest.root)
            found = {platform.name: self._platform(environment, platform.name) for platform in environment.platforms}
            if all(verdict.up_to_date for verdict in found.values()):
                check_nothing_left(environment, self.lock)
        except Unsatisfied as error:
            self._because(f"environment '{name}'", error.reason)
            found = {
                platform.name: PlatformVerdict(False, error.reason, error.keep) for platform in environment.platforms
            }
        yield from found.items()

    def _platform(self, environment: Environment, platform: str) -> PlatformVerdict:
        from .platform import check_platform

        assert self.lock is not None
        on, locked = environment.on[platform], self.lock.environments.get(environment.name)
        try:
            verified = check_platform(environment, on, locked, self.lock.version, self.manifest.root, self.facts)
        except Unsatisfied as error:
            what = "pypi dependencies" if error.pypi_only else "dependencies"
            self._because(
                f"the {what} of environment '{environment.name}' for platform {platform}", error.reason, "are"
            )
            return PlatformVerdict(False, error.reason, error.keep, error.pypi_only)
        self.verified[environment.name, platform] = verified
        return PlatformVerdict(True, notes=verified.notes)

    def _because(self, what: str, reason: str, verb: str = "is") -> None:
        self.reasons.append(f"{what} {verb} out of date because {reason}")

    def _groups(self, unit: SolveUnit) -> None:
        """What holds of a solve group as a whole, and of a single environment as if it were one."""
        for platform in dict.fromkeys(item.name for member in unit.members for item in member.platforms):
            members = [member for member in unit.members if member.platform(platform) is not None]
            self._only_for_pypi(unit, members, platform)
            self._consistent(unit, members, platform)
            self._shared(members, platform)

    def _only_for_pypi(self, unit: SolveUnit, members: list[Environment], platform: str) -> None:
        found = [self.verified.get((member.name, platform)) for member in members]
        verified = [item for item in found if item is not None]
        if len(verified) != len(members):
            return
        expected = frozenset[str]().union(*(item.expected for item in verified))
        used = sorted(frozenset[str]().union(*(item.used_by_pypi for item in verified)) - expected)
        if used:
            reason = f"'{used[0]}' is locked as a conda package but only requested by pypi dependencies"
            kind = "solve group" if len(unit.members) > 1 else "environment"
            self._because(f"the dependencies of {kind} '{unit.name}' for platform {platform}", reason, "are")
            self._outdate(members, platform, PlatformVerdict(False, reason))

    def _consistent(self, unit: SolveUnit, members: list[Environment], platform: str) -> None:
        """Members of a group must have the same package of each name."""
        if len(unit.members) < 2 or self.lock is None:
            return
        if any(not self._fits(member, platform) for member in members):
            return
        chosen: dict[tuple[bool, str], str] = {}
        differ: set[bool] = set()
        for member in members:
            for is_pypi, name, location in self._locations(member, platform):
                if chosen.setdefault((is_pypi, name), location) != location:
                    differ.add(is_pypi)
        if differ:
            kind = "pypi" if differ == {True} else "conda"
            reason = (
                f"the locked {kind} packages in solve group {unit.name} are not consistent for all environments for "
                f"platform {platform}"
            )
            self.reasons.append(reason)
            self._outdate(members, platform, PlatformVerdict(False, reason, pypi_only=kind == "pypi"))

    def _locations(self, member: Environment, platform: str) -> Iterator[tuple[bool, str, str]]:
        from .. import packages as of

        assert self.lock is not None
        locked = self.lock.environments.get(member.name)
        for package in locked.packages.get(platform, ()) if locked is not None else ():
            yield package.kind == "pypi", of.name(package), package.location

    def _shared(self, members: list[Environment], platform: str) -> None:
        """A group is solved at once: if one member is out of date, so are the others."""
        broken = [self.verdicts[member.name][platform] for member in members if not self._fits(member, platform)]
        if not broken or len(members) < 2:
            return
        pypi_only = all(item.pypi_only for item in broken)
        because = PlatformVerdict(
            False, "another environment of its solve group is out of date", pypi_only=pypi_only, shared=True
        )
        self._outdate([member for member in members if self._fits(member, platform)], platform, because)
        if not pypi_only:
            for member in members:
                own = self.verdicts[member.name][platform]
                self.verdicts[member.name][platform] = replace(own, pypi_only=False)

    def _fits(self, member: Environment, platform: str) -> bool:
        return self.verdicts[member.name][platform].up_to_date

    def _outdate(self, members: list[Environment], platform: str, verdict: PlatformVerdict) -> None:
        for member in members:
            self.verdicts[member.name][platform] = verdict
