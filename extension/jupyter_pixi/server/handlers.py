"""Turns requests under `/jupyter-pixi/api/` into the server's knowledge of workspaces and operations, as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from . import operation_log
from .snapshot import Snapshot, WorkspaceState

NAMESPACE = "/jupyter-pixi/api"
MAX_OPERATIONS = 100  # that are listed at once

_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


class PixiHandler(APIHandler):
    """What all handlers share: who may ask, and what the server knows."""

    auth_resource = "jupyter-pixi"

    def initialize(self, snapshot: Callable[[], Snapshot]) -> None:
        """`snapshot` gives what is known now."""
        self.snapshot = snapshot

    def known(self, manifest: str) -> WorkspaceState:
        """The workspace of a manifest that a client named.

        Only workspaces that were found below the server's root, above it or in Pixi's registry are answered for:
        a client cannot make the server read another folder. HTTPError 404 for any other.
        """
        workspace = self.snapshot().workspace(Path(manifest))
        if workspace is None:
            raise web.HTTPError(404, f"This server knows no workspace with the manifest {manifest!r}.")
        return workspace

    def answer(self, document: dict[str, Any]) -> None:
        """Finish with JSON that no cache keeps."""
        self.set_header("Cache-Control", "no-store")
        self.finish(json.dumps(document))


class WorkspacesHandler(PixiHandler):
    """`GET workspaces`: all workspaces, their environments, states and reasons; `?manifest=` for one of them."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer from memory."""
        manifest = self.get_query_argument("manifest", None)
        if manifest is None:
            self.answer(self.snapshot().to_json())
        else:
            self.answer(self.known(manifest).to_json())


class OperationsHandler(PixiHandler):
    """`GET operations`: the last operations, newest first; `?manifest=` for those of one workspace."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Read the summaries off the event loop."""
        manifest = self.get_query_argument("manifest", None)
        known = self.snapshot().workspaces if manifest is None else (self.known(manifest),)
        summaries = await asyncio.to_thread(_recent, known)
        self.answer({"operations": [s.to_json() for s in summaries]})


class OperationHandler(PixiHandler):
    """`GET operations/ID?manifest=`: all events of one operation, so that a view can be drawn again."""

    @web.authenticated
    @authorized
    async def get(self, id: str) -> None:
        """Read the events off the event loop."""
        workspace = self.known(self.get_query_argument("manifest"))
        if not _ID.fullmatch(id):
            raise web.HTTPError(404, f"{id!r} is no operation's id.")
        events = await asyncio.to_thread(_events, workspace, f"{id}.jsonl")
        summary = operation_log.summarise(events, id)
        if summary is None or summary.manifest != str(workspace.manifest):
            raise web.HTTPError(404, f"The workspace {workspace.name!r} has no operation {id!r}.")
        self.answer({**summary.to_json(), "events": events})


def handlers(snapshot: Callable[[], Snapshot]) -> list[tuple[str, type[PixiHandler], dict[str, Any]]]:
    """The routes, without the server's base URL."""
    given = {"snapshot": snapshot}
    return [
        (f"{NAMESPACE}/workspaces", WorkspacesHandler, given),
        (f"{NAMESPACE}/operations", OperationsHandler, given),
        (f"{NAMESPACE}/operations/([^/]+)", OperationHandler, given),
    ]


def _folders(workspaces: Iterable[WorkspaceState]) -> list[Path]:
    return [operation_log.shared_folder(os.environ), *(w.root / operation_log.FOLDER for w in workspaces)]


def _recent(workspaces: tuple[WorkspaceState, ...]) -> list[operation_log.Summary]:
    found = (summary for folder in _folders(workspaces) for summary in operation_log.recent(folder))
    manifests = {str(w.manifest) for w in workspaces}
    return sorted((s for s in found if s.manifest in manifests), key=lambda s: s.started, reverse=True)[:MAX_OPERATIONS]


def _events(workspace: WorkspaceState, name: str) -> list[dict[str, Any]]:
    return next((found for folder in _folders((workspace,)) if (found := operation_log.events(folder / name))), [])
