"""One environment (or solve group) on one platform to the conda records that fulfil it.

Only what the platform declares counts as virtual package, never this machine (docs/workspace/multi_platform).
Locked records are preferences, pinned ones cannot move, and cut-offs are applied to the records before the solve,
because Pixi has one per channel and package where the library takes a single one.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from ..environments.cutoffs import Cutoffs
from ..environments.model import Channel, Environment, OnPlatform
from ..errors import NetworkError, SolveError, UnsupportedFeature
from .gateway import Network, network_error
from .specs import match_spec, virtual_packages

if TYPE_CHECKING:
    import rattler


@dataclass(frozen=True)
class CondaProblem:
    """What is to be solved: an environment on a platform, with what is preferred and what must not move."""

    environment: Environment
    platform: str
    root: Path
    cutoffs: Cutoffs = field(default_factory=Cutoffs)
    preferred: tuple[rattler.RepoDataRecord, ...] = ()
    pinned: tuple[rattler.RepoDataRecord, ...] = ()

    @property
    def on(self) -> OnPlatform:
        """What the environment asks for on the platform."""
        return self.environment.on[self.platform]


def refuse_sources(name: str, on: OnPlatform) -> None:
    """Raises UnsupportedFeature if the environment called `name` needs a source package to be built."""
    sources = [package for package, spec in on.dependencies if spec.is_source]
    wanted = [*sources, *(package for package, _ in on.dev)]
    if wanted:
        listed = ", ".join(f"'{package}'" for package in dict.fromkeys(wanted))
        raise UnsupportedFeature(
            f"the environment '{name}' needs {listed} to be built from source, which is not offered here",
            help="lock and install this environment with the `pixi` command",
            code="source-packages",
        )


async def solve_platform(problem: CondaProblem, network: Network) -> list[rattler.RepoDataRecord]:
    """The records of one environment on one platform.

    Raises SolveError with the solver's explanation, NetworkError if a channel cannot be read, and
    UnsupportedFeature if a source package is asked for.
    """
    import rattler
    from rattler.exceptions import GatewayError, SolverError

    environment, on = problem.environment, problem.on
    refuse_sources(environment.name, on)
    try:
        specs = _specs(on.dependencies, environment.channels, problem.root)
        constraints = _specs(on.constraints, environment.channels, problem.root)
    except SolveError as error:
        raise SolveError(f"{headline(environment.name, problem.platform)}\n{error.message}", help=error.help) from error
    try:
        return await rattler.solve(
            sources=_sources(environment.channels, problem.cutoffs, network),
            specs=specs,
            constraints=constraints,
            gateway=network.gateway,
            platforms=cast("Any", [on.platform.subdir, "noarch"]),
            locked_packages=_recent(problem.preferred, problem.cutoffs),
            pinned_packages=problem.pinned,
            virtual_packages=virtual_packages(on.virtual_packages),
            channel_priority=_priority(environment.channel_priority),
            strategy=cast('Literal["highest", "lowest", "lowest-direct"]', environment.solve_strategy),
            channel_relations="disabled",
            timestamp_policy="allow-missing",
        )
    except SolverError as error:
        raise SolveError(f"{headline(environment.name, problem.platform)}\n{str(error).rstrip()}") from error
    except GatewayError as error:
        reason = network_error(error, environment.channels, offline=network.offline)
        raise NetworkError(
            f"{headline(environment.name, problem.platform)}\n{reason.message}", help=reason.help, code=reason.code
        ) from error


def headline(name: str, platform: str) -> str:
    """Pixi's first line of a failed solve."""
    return f"failed to solve requirements of environment '{name}' for platform '{platform}'"


def _specs(rows: Sequence[tuple[str, Any]], channels: Sequence[Channel], root: Path) -> list[rattler.MatchSpec | str]:
    return [match_spec(name, spec, channels, root) for name, spec in rows]


def _priority(word: str) -> rattler.ChannelPriority:
    import rattler

    return {
        "strict": rattler.ChannelPriority.Strict,
        "flexible": rattler.ChannelPriority.Flexible,
        "disabled": rattler.ChannelPriority.Disabled,
    }[word]


def _sources(channels: Sequence[Channel], cutoffs: Cutoffs, network: Network) -> list[Any]:
    """The channels for the solver; one with a cut-off as a source that hides what is newer."""
    import rattler

    sources: list[Any] = []
    for channel in channels:
        inner = rattler.Channel(channel.url)
        if cutoffs.general or cutoffs.packages or channel.url in cutoffs.channels:
            cutoff = functools.partial(cutoffs.for_conda, channel=channel.url)
            sources.append(_OlderThan(inner, network.gateway, cutoff))
        else:
            sources.append(inner)
    return sources


def _recent(records: Sequence[rattler.RepoDataRecord], cutoffs: Cutoffs) -> list[rattler.RepoDataRecord]:
    """The preferred records that no cut-off forbids."""
    return [
        record for record in records if _old_enough(record, cutoffs.for_conda(record.name.normalized, record.channel))
    ]


def _old_enough(record: rattler.RepoDataRecord, cutoff: dt.datetime | None) -> bool:
    """Whether a record was built before the cut-off; one without a time stamp always counts, as in Pixi."""
    if cutoff is None or record.timestamp is None:
        return True
    built = record.timestamp
    return (built if built.tzinfo else built.replace(tzinfo=dt.UTC)) <= cutoff


class _OlderThan:
    """A channel without the records that are newer than a cut-off per package (a rattler RepoDataSource)."""

    def __init__(
        self, channel: rattler.Channel, gateway: rattler.Gateway, cutoff: Callable[[str], dt.datetime | None]
    ) -> None:
        self._channel, self._gateway, self._cutoff = channel, gateway, cutoff

    async def fetch_package_records(
        self, platform: rattler.Platform, name: rattler.PackageName
    ) -> list[rattler.RepoDataRecord]:
        text: Any = name
        while not isinstance(text, str):  # py-rattler 0.28 hands over a name wrapped in a name
            text = text.normalized
        found = await self._gateway.query(
            [self._channel], [platform], [text], recursive=False, channel_relations="disabled"
        )
        cutoff = self._cutoff(text)
        return [record for records in found for record in records if _old_enough(record, cutoff)]

    def package_names(self, platform: rattler.Platform) -> list[str]:
        return []
