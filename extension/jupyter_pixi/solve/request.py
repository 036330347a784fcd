"""What a caller wants locked: the manifest composed, the lock that is there, and how much of it may move."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..environments.model import Environment
from ..lockfile.model import LockFile, Package
from ..manifest.model import Manifest

if TYPE_CHECKING:
    from ..config import Config
    from ..lockfile.check import Verdict

Pair = tuple[str, str]
"""An environment's name and a platform's name."""


@dataclass(frozen=True)
class LockRequest:
    """Everything `update_lock` needs.

    - `environments` are all of the workspace, composed; `previous` is the lock file that is there, its platforms
      under their workspace names, and `verdict` what the check says of it (None: everything is solved anew,
      with `previous` as preference).
    - `unlock` names packages (conda or PyPI) whose locked version is forgotten, `unlock_all` forgets all;
      `unlock_in` limits both to some pairs (None: everywhere).
    - `pinned` holds packages that must stay exactly as they are, per pair; if that has no solution, SolveError.
    - `required` names the environments without which the result is of no use: if one of them needs something that
      is not offered (building source packages), that is an error and not a warning (None: none of them).
    - `offline` uses caches only. `here` is the subdir of this
      machine, for messages (None: it is detected). `now` is what durations of
      `exclude-newer` count back from.
    """

    manifest: Manifest
    environments: Mapping[str, Environment]
    config: Config
    previous: LockFile | None = None
    verdict: Verdict | None = None
    unlock: frozenset[str] | None = None
    unlock_all: bool = False
    unlock_in: frozenset[Pair] | None = None
    pinned: Mapping[Pair, tuple[Package, ...]] = field(default_factory=dict)
    required: frozenset[str] | None = None
    offline: bool = False
    environ: Mapping[str, str] = field(default_factory=dict)
    here: str | None = None
    now: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    @property
    def is_offline(self) -> bool:
        """Whether nothing may be fetched: by the caller's word or by the configuration's."""
        return self.offline or self.config.offline

    def may_unlock(self, pair: Pair) -> bool:
        """Whether `unlock` and `unlock_all` count for a pair."""
        return self.unlock_in is None or pair in self.unlock_in
