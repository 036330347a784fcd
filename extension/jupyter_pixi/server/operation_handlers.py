"""Turns requests on operations into child processes of the engine, their records, and previews."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from .. import system
from . import operation_log
from .handlers import NAMESPACE, PixiHandler, Routes
from .jobs import Jobs, Refusal, is_engine, without_activation
from .requests import BadRequest, command_line
from .snapshot import Snapshot, WorkspaceState

MAX_OPERATIONS = 100  # that are listed at once
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


class OperationsHandler(PixiHandler):
    """`operations`: the last ones, newest first (`GET`, `?manifest=` for one workspace), and to start one (`POST`)."""

    def initialize(  # type: ignore[override]
        self, snapshot: Callable[[], Snapshot], jobs: Callable[[], Jobs], allowed: Callable[[str], bool]
    ) -> None:
        """`jobs` starts child processes, `allowed` is the administrator's word on a command's name."""
        super().initialize(snapshot)
        self.jobs = jobs
        self.allowed = allowed

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Read the summaries off the event loop."""
        manifest = self.get_query_argument("manifest", None)
        known = self.snapshot().workspaces if manifest is None else (self.known(manifest),)
        self.answer(await asyncio.to_thread(_recent_text, known))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Start one: 202 and its id once it has begun; 409 and the reason if it could not."""
        document = self.body()
        workspace, argv, caller = self.asked(document)
        self.log.info("jupyter-pixi: %s asks for `%s` on %s", self.user, " ".join(argv), workspace.manifest)
        try:
            job = await self.jobs().start(argv, workspace.manifest, caller)
        except Refusal as refusal:
            self.refuse(refusal.document)
            return
        if job.id is None:
            self.answer({"id": None, "manifest": str(workspace.manifest), "result": job.result}, 200)
            return
        self.set_header("Location", f"{self.base_url.rstrip('/')}{NAMESPACE}/operations/{job.id}")
        self.answer({"id": job.id, "manifest": str(workspace.manifest), "command": argv}, 202)

    @property
    def user(self) -> str:
        """Who asks, for the log."""
        return str(getattr(self.current_user, "username", "somebody"))

    def asked(self, document: Mapping[str, Any]) -> tuple[WorkspaceState, list[str], dict[str, Any] | None]:
        """The workspace, the command line and the calling kernel of a request. HTTPError 400, 403 and 404."""
        workspace = self.workspace_of(document)
        try:
            name, argv = command_line(document)
        except BadRequest as error:
            raise web.HTTPError(400, str(error)) from None
        if not self.allowed(name):
            raise web.HTTPError(403, f"The administrator does not allow `{name}` here.")
        caller = document.get("caller")
        if caller is not None and not isinstance(caller, dict):
            raise web.HTTPError(400, "`caller` has to be the document of a kernel.")
        return workspace, argv, caller


class PreviewHandler(OperationsHandler):
    """`POST preview`: what an operation would change, while nothing is changed. Given up when the client goes."""

    _asking: asyncio.Task[dict[str, Any]] | None = None

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """There is nothing to list."""
        raise web.HTTPError(405)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Ask the engine for a dry run."""
        workspace, argv, caller = self.asked({**self.body(), "dry_run": True})
        self._asking = asyncio.ensure_future(self.jobs().ask(argv, workspace.manifest, caller))
        try:
            self.answer({"manifest": str(workspace.manifest), "result": await self._asking})
        except Refusal as refusal:
            self.refuse(refusal.document)
        except asyncio.CancelledError:
            self.set_status(499)

    def on_connection_close(self) -> None:
        """The client typed on, or went away."""
        if self._asking is not None:
            self._asking.cancel()
        super().on_connection_close()


class OperationHandler(OperationsHandler):
    """`operations/ID?manifest=`: all events of one operation (`GET`), and to cancel it (`DELETE`)."""

    @web.authenticated
    @authorized
    async def get(self, id: str) -> None:
        """Read the events off the event loop, so that a view can be drawn again."""
        summary, events = await self._found(id)
        job = self.jobs().get(id)
        # What activation gave is not on disk: it may hold secrets. The kernel that asked is told from memory.
        activation = job.result.get("activation") if job is not None and job.result else None
        document = {**summary.to_json(), "events": events, "activation": activation}
        self.answer(await asyncio.to_thread(json.dumps, document))

    @web.authenticated
    @authorized
    async def delete(self, id: str) -> None:
        """Cancel it, whoever started it: 202, and its end comes as an event; 409 if it has ended."""
        summary, _ = await self._found(id)
        if summary.state != "running" or summary.pid is None:
            raise web.HTTPError(409, "This operation has ended already.")
        self.log.info("jupyter-pixi: %s cancels the operation %s", self.user, id)
        job = self.jobs().get(id)
        if job is not None:
            job.cancel()
        elif not (await asyncio.to_thread(is_engine, summary.pid) and system.interrupt(summary.pid)):
            raise web.HTTPError(409, "This operation's process is not there any more.")
        self.answer({"id": id}, 202)

    @web.authenticated
    @authorized
    async def post(self, id: str) -> None:
        """Operations are started where they are listed."""
        raise web.HTTPError(405)

    async def _found(self, id: str) -> tuple[operation_log.Summary, list[dict[str, Any]]]:
        workspace = self.known(self.get_query_argument("manifest"))
        if not _ID.fullmatch(id):
            raise web.HTTPError(404, f"{id!r} is no operation's id.")
        events = await asyncio.to_thread(_events, workspace, f"{id}.jsonl")
        job = self.jobs().get(id)
        if not events and job is not None:
            events = without_activation(job.events)  # one that found nothing to do leaves no file
        summary = operation_log.summarise(events, id)
        if summary is None or summary.manifest != str(workspace.manifest):
            raise web.HTTPError(404, f"The workspace {workspace.name!r} has no operation {id!r}.")
        return summary, events


def operation_handlers(
    snapshot: Callable[[], Snapshot], jobs: Callable[[], Jobs], allowed: Callable[[str], bool]
) -> Routes:
    """The routes, without the server's base URL."""
    given = {"snapshot": snapshot, "jobs": jobs, "allowed": allowed}
    return [
        (f"{NAMESPACE}/operations", OperationsHandler, given),
        (f"{NAMESPACE}/operations/([^/]+)", OperationHandler, given),
        (f"{NAMESPACE}/preview", PreviewHandler, given),
    ]


def _folders(workspaces: Iterable[WorkspaceState]) -> list[Path]:
    return [operation_log.shared_folder(os.environ), *(w.root / operation_log.FOLDER for w in workspaces)]


def _recent_text(workspaces: tuple[WorkspaceState, ...]) -> str:
    return json.dumps({"operations": [s.to_json() for s in _recent(workspaces)]})


def _recent(workspaces: tuple[WorkspaceState, ...]) -> list[operation_log.Summary]:
    found = (summary for folder in _folders(workspaces) for summary in operation_log.recent(folder))
    manifests = {str(w.manifest) for w in workspaces}
    return sorted((s for s in found if s.manifest in manifests), key=lambda s: s.started, reverse=True)[:MAX_OPERATIONS]


def _events(workspace: WorkspaceState, name: str) -> list[dict[str, Any]]:
    return next((found for folder in _folders((workspace,)) if (found := operation_log.events(folder / name))), [])
