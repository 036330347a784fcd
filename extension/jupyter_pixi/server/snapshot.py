"""What the server knows of its workspaces at one moment, as frozen data and as the JSON of the REST interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..kernels.specs import Offer
    from ..operations.installing.status import EnvironmentState


@dataclass(frozen=True)
class WorkspaceState:
    """One workspace. `error` is set where the manifest cannot be read; the rest is then what it said before.

    `error` holds `message`, `help`, `file`, `line`, `column` (the latter may be None). `watched` are the files and
    folders on which the state depends; a change of any of them means that it has to be read again. `offers` are the
    kernels that its environments have for whoever lists kernels. `path` is the workspace's folder as JupyterLab's
    file browser names it, None where that does not show it. `trusted` is False where a start of it asks first.
    """

    manifest: Path
    name: str
    environments: tuple[EnvironmentState, ...] = ()
    error: Mapping[str, Any] | None = None
    watched: tuple[Path, ...] = ()
    offers: tuple[Offer, ...] = ()
    path: str | None = None
    trusted: bool = True

    @property
    def root(self) -> Path:
        """The workspace's folder."""
        return self.manifest.parent

    @cached_property
    def text(self) -> str:
        """The JSON document of the REST interface. Made once, where it is made first: the observer sees to that."""
        document = {
            "manifest": str(self.manifest),
            "root": str(self.root),
            "name": self.name,
            "path": self.path,
            "trusted": self.trusted,
            "environments": [e.to_json() for e in self.environments],
            "error": dict(self.error) if self.error is not None else None,
        }
        return json.dumps(document)


@dataclass(frozen=True)
class Snapshot:
    """All workspaces, and why the search for them ended early if it did. `complete` is False until the first one."""

    workspaces: tuple[WorkspaceState, ...] = ()
    truncated: str | None = None
    complete: bool = False
    scanned: tuple[Path, ...] = field(default=(), compare=False, repr=False)  # folders that were looked through

    def text(self) -> str:
        """The JSON document of the REST interface, joined from texts that are there: a thousand take no time."""
        workspaces = ", ".join(workspace.text for workspace in self.workspaces)
        rest = json.dumps({"truncated": self.truncated, "complete": self.complete})
        return f'{{"workspaces": [{workspaces}], {rest[1:]}'

    def workspace(self, manifest: Path) -> WorkspaceState | None:
        """The workspace of that manifest, if it is known."""
        return next((w for w in self.workspaces if w.manifest == manifest), None)


def changed(before: Snapshot, after: Snapshot) -> tuple[Path, ...]:
    """The manifests of workspaces that came, went or changed between two moments."""
    old = {w.manifest: w for w in before.workspaces}
    new = {w.manifest: w for w in after.workspaces}
    return tuple(m for m in dict.fromkeys((*old, *new)) if old.get(m) != new.get(m))
