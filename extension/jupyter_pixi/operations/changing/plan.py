"""A change of a workspace that has been worked out, and not made yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from ...lockfile.model import Package
from ...manifest.edit import Written
from ..locking.relock import Relocked
from ..publishing.publication import Told
from ..workspace import OpenWorkspace

Pins = Mapping[tuple[str, str], tuple[Package, ...]]
"""Packages that must stay as they are, by (environment, platform)."""


@dataclass(frozen=True)
class Change:
    """A change that has been worked out. `relocked` None means that the lock has still to be found.

    `lock_stays` leaves the lock file alone even though the manifest moved on (`--frozen`, an unused feature).
    `again` works the same change out with packages that must stay. `for_caller` says that the calling kernel is to
    get what is asked for. `exact` (an earlier state) is made as it is or not at all: nothing is solved around what a
    kernel has loaded. `told` is what the history says of it.
    """

    before: OpenWorkspace
    after: OpenWorkspace
    relocked: Relocked | None = None
    written: tuple[Written, ...] = ()
    lines: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    lock_stays: bool = False
    again: Callable[[Pins], Awaitable[Change]] | None = None
    for_caller: bool = False
    exact: bool = False
    told: Told = field(default_factory=Told)
