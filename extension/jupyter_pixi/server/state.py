"""Turns a manifest's path into the state of its workspace on this machine: read-only, offline, on a worker thread."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .snapshot import Snapshot, WorkspaceState

if TYPE_CHECKING:
    from ..errors import PixiError
    from ..kernels.specs import Offer, Spec


def read(manifest: Path, last: WorkspaceState | None = None, environ: Mapping[str, str] = os.environ) -> WorkspaceState:
    """The workspace's environments, their states, and the kernels they offer.

    A manifest that cannot be read is a state too: what it said when it was read last (`last`) stays, as "broken",
    with the place of the mistake. Raises nothing for a user's mistake.
    """
    from .. import trust
    from ..errors import PixiError
    from ..kernels.specs import offers
    from ..operations.context import Context
    from ..operations.installing.status import states
    from ..operations.workspace import open_workspace

    context = Context(cwd=manifest.parent, environ=environ, manifest_path=manifest)
    try:
        opened = open_workspace(context, tolerate_lock=True)
        environments = states(opened, context)
    except PixiError as error:
        return _broken(last or WorkspaceState(manifest, manifest.parent.name), error, environ)
    prefixes = {e.name: e.prefix for e in environments}
    words = {e.name: (e.state, e.reason.text if e.reason else "") for e in environments}
    return WorkspaceState(
        manifest,
        opened.manifest.workspace.name,
        environments,
        watched=(*_files(manifest, environ), *(path for prefix in prefixes.values() for path in _signs(prefix))),
        offers=offers(opened.manifest, opened.environments, opened.lock, prefixes.__getitem__, words),
        trusted=trust.check(str(opened.root), environ).trusted,
    )


def kernelspecs(snapshot: Snapshot, base: Path | None = None) -> dict[str, Spec]:
    """The kernelspecs of all workspaces by name; `base` is the folder from which people know the others."""
    from ..kernels.specs import specs

    found: list[Offer] = [offer for workspace in snapshot.workspaces for offer in workspace.offers]
    return {spec.name: spec for spec in specs(found, base=base, server=os.getpid())}


def _broken(last: WorkspaceState, error: PixiError, environ: Mapping[str, str]) -> WorkspaceState:
    from ..operations.installing.status import Reason

    document = _document(error)
    reason = Reason(error.code, error.message, document["file"], document["line"], document["column"])
    return replace(
        last,
        environments=tuple(replace(e, state="broken", reason=reason) for e in last.environments),
        offers=tuple(replace(offer, state="broken", reason=error.text()) for offer in last.offers),
        error=document,
        watched=last.watched or _files(last.manifest, environ),
    )


def _files(manifest: Path, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files outside the prefixes on which a workspace's state depends."""
    from .. import trust

    root = manifest.parent
    record = Path(trust.record_path(os.path.realpath(root), environ))
    return (manifest, root / "pixi.lock", root / ".pixi" / "config.toml", record)


def _signs(prefix: Path) -> Iterator[Path]:
    """The files and folders of a prefix that tell of every installation in it."""
    meta = prefix / "conda-meta"
    yield from (meta, meta / "pixi", meta / "jupyter-pixi", meta / "pixi_env_prefix")
    yield prefix / "share" / "jupyter" / "kernels"


def _document(error: PixiError) -> dict[str, Any]:
    place = error.place
    return {
        "message": error.message,
        "help": error.help,
        "file": str(place.file) if place else None,
        "line": place.line if place else None,
        "column": place.column if place else None,
    }
