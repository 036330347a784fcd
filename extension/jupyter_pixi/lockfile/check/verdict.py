"""What a lock check finds: per environment and platform whether the lock still fits, why not, and what may be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Keep = Literal["all", "conda", "nothing"]


class Unsatisfied(Exception):
    """A reason for which a lock does not fit, in Pixi's words (the part behind "because").

    `pypi_only` says that the conda packages still fit, `keep` what a new solve may lean on.
    """

    def __init__(self, reason: str, *, pypi_only: bool = False, keep: Keep = "all") -> None:
        super().__init__(reason)
        self.reason, self.pypi_only, self.keep = reason, pypi_only, keep


@dataclass(frozen=True)
class PlatformVerdict:
    """The verdict on one environment and platform.

    `reason` is the part behind "because". `keep` is what a solve may take as preference ("all", "conda" packages only,
    "nothing"); `pypi_only` says that only the PyPI packages have to be resolved again. `shared` marks a pair that is
    out of date only because another environment of its solve group is. `notes` are sentences about what was not
    checked.
    """

    up_to_date: bool
    reason: str | None = None
    keep: Keep = "all"
    pypi_only: bool = False
    shared: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The verdict on a whole lock. `reasons` are sentences, as Pixi logs them; the first stands for all."""

    environments: Mapping[str, Mapping[str, PlatformVerdict]] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()

    @property
    def up_to_date(self) -> bool:
        """Whether the lock fulfils the manifest as it is."""
        return not self.reasons

    @property
    def reason(self) -> str | None:
        """Why it does not, in a sentence; None if it does."""
        return self.reasons[0] if self.reasons else None

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what was not checked, each once."""
        found = (note for row in self.environments.values() for verdict in row.values() for note in verdict.notes)
        return tuple(dict.fromkeys(found))
