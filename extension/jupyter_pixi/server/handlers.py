"""Turns requests under `/jupyter-pixi/api/` into the server's knowledge of workspaces and operations, as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from . import compare, describe
from .snapshot import Snapshot, WorkspaceState

NAMESPACE = "/jupyter-pixi/api"
Routes = list[tuple[str, type[APIHandler], dict[str, Any]]]


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

    def answer(self, document: dict[str, Any] | str, status: int = 200) -> None:
        """Finish with JSON that no cache keeps: a document, or its text where that was made elsewhere."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.finish(document if isinstance(document, str) else json.dumps(document))

    def refuse(self, error: Mapping[str, Any], status: int = 409) -> None:
        """Finish with why not: `code`, `message`, `help`, and a place in a file where there is one."""
        keys = ("code", "help", "file", "line", "column")
        self.answer({"message": error.get("text") or "It failed.", **{key: error.get(key) for key in keys}}, status)

    async def looked_up(self, function: Callable[..., dict[str, Any]], *arguments: Any) -> None:
        """Answer with what a function finds out on a thread; a user's mistake becomes a refusal."""
        from ..errors import PixiError

        try:
            document = await asyncio.to_thread(lambda: json.dumps(function(*arguments)))
        except PixiError as error:
            place = error.place
            where = {"file": str(place.file), "line": place.line, "column": place.column} if place else {}
            self.refuse({"code": error.code, "text": error.message, "help": error.help, **where}, 422)
        else:
            self.answer(document)

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent. HTTPError 400 for anything else."""
        try:
            document = json.loads(self.request.body)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise web.HTTPError(400, "The body has to be a JSON object.")
        return document

    def workspace_of(self, document: Mapping[str, Any]) -> WorkspaceState:
        """The workspace whose manifest a document names."""
        manifest = document.get("manifest")
        if not isinstance(manifest, str):
            raise web.HTTPError(400, "`manifest` has to be the path of a workspace's manifest.")
        return self.known(manifest)


class LookHandler(PixiHandler):
    """A `GET` that asks one function of a workspace, given by its route: one of `LOOKS`."""

    def initialize(self, snapshot: Callable[[], Snapshot], look: Callable[..., dict[str, Any]]) -> None:  # type: ignore[override]
        """`look` takes the manifest and the request's other arguments by name."""
        super().initialize(snapshot)
        self._look = look

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer from the disk, on a thread."""
        workspace = self.known(self.get_query_argument("manifest"))
        given = {name: self.get_query_argument(name) for name in self.request.query_arguments if name != "manifest"}
        await self.looked_up(self._look, workspace.manifest, given)


class TrustHandler(PixiHandler):
    """`trust`: what a start would do and whether that is agreed (`GET`), and the user's agreement (`POST`)."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Tell."""
        await self.looked_up(describe.trust, self.known(self.get_query_argument("manifest")).manifest)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Agree."""
        from .describe import agree

        manifest = self.workspace_of(self.body()).manifest
        self.log.info("jupyter-pixi: %s trusts %s", self.current_user.username, manifest)
        await self.looked_up(agree, manifest)


class WorkspacesHandler(PixiHandler):
    """`GET workspaces`: all workspaces, their environments, states and reasons; `?manifest=` for one of them."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer from memory."""
        manifest = self.get_query_argument("manifest", None)
        if manifest is None:
            self.answer(self.snapshot().text())
        else:
            self.answer(self.known(manifest).text)


LOOKS: Mapping[str, Callable[[Path, Mapping[str, str]], dict[str, Any]]] = {
    "workspace": lambda manifest, given: describe.workspace(manifest),
    "packages": lambda manifest, given: describe.packages(
        manifest, given.get("environment", "default"), given.get("platform")
    ),
    "drift": lambda manifest, given: describe.drift(manifest, given.get("environment", "default")),
    "disk": lambda manifest, given: describe.disk(manifest),
    "history": lambda manifest, given: compare.generations(manifest),
    "diff": lambda manifest, given: compare.compare(manifest, given.get("against", compare.HEAD)),
}
"""The views of one workspace by their names in the interface, each of a manifest and what else the request names."""


def handlers(snapshot: Callable[[], Snapshot]) -> Routes:
    """The routes, without the server's base URL."""
    given = {"snapshot": snapshot}
    return [
        (f"{NAMESPACE}/workspaces", WorkspacesHandler, given),
        (f"{NAMESPACE}/trust", TrustHandler, given),
        *((f"{NAMESPACE}/{name}", LookHandler, {**given, "look": look}) for name, look in LOOKS.items()),
    ]
