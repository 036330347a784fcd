"""One environment (or solve group) on one platform to the conda records that fulfil it.

Only what the platform declares counts as virtual package, never this machine (docs/workspace/multi_platform).
Locked records are preferences, pinned ones cannot move, and what must not be taken is hidden from the solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from ..environments.cutoffs import Cutoffs
from ..environments.model import Channel, Environment, OnPlatform
from ..errors import NetworkError, SolveError, UnsupportedFeature
from .filtered import AtHand, recent, sources
from .gateway import Network, network_error
from .specs import match_spec, virtual_packages

if TYPE_CHECKING:
    import rattler


@dataclass(frozen=True)
class CondaProblem:
    """What is to be solved: an environment on a platform, with what is preferred and what must not move.

    `at_hand` is given where only what needs no network may be taken.
    """

    environment: Environment
    platform: str
    root: Path
    cutoffs: Cutoffs = field(default_factory=Cutoffs)
    preferred: tuple[rattler.RepoDataRecord, ...] = ()
    pinned: tuple[rattler.RepoDataRecord, ...] = ()
    at_hand: AtHand | None = None

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
            sources=sources(environment.channels, network.gateway, problem.cutoffs, problem.at_hand),
            specs=specs,
            constraints=constraints,
            gateway=network.gateway,
            platforms=cast("Any", [on.platform.subdir, "noarch"]),
            locked_packages=recent(problem.preferred, problem.cutoffs),
            pinned_packages=problem.pinned,
            virtual_packages=virtual_packages(on.virtual_packages),
            channel_priority=_priority(environment.channel_priority),
            strategy=cast('Literal["highest", "lowest", "lowest-direct"]', environment.solve_strategy),
            channel_relations="disabled",
            timestamp_policy="allow-missing",
        )
    except SolverError as error:
        text = f"{headline(environment.name, problem.platform)}\n{str(error).rstrip()}"
        shut_out = problem.at_hand.explanation(text) if problem.at_hand is not None else None
        if shut_out is None:
            raise SolveError(text) from error
        help = "remove the `--offline` flag (and PIXI_OFFLINE) to solve with everything that the channels have"
        raise SolveError(f"{text}\n{shut_out}", help=help) from error
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
