"""Turns requests on packages that could be added into names, versions, descriptions, and what provides a module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from .handlers import NAMESPACE, PixiHandler, Routes
from .jobs import Refusal
from .search import Search
from .snapshot import Snapshot, WorkspaceState


class SearchHandler(PixiHandler):
    """`GET search?manifest=&query=`: names that begin with, then that hold, a text; `GET search/NAME` its versions."""

    def initialize(self, snapshot: Callable[[], Snapshot], search: Search) -> None:  # type: ignore[override]
        """`search` keeps the names."""
        super().initialize(snapshot)
        self.search = search

    def kind(self) -> str:
        """Which packages are asked for, conda or pypi. Raises HTTPError 400 for anything else."""
        kind: str = self.get_query_argument("type", "conda")
        if kind not in ("conda", "pypi"):
            raise web.HTTPError(400, "`type` has to be conda or pypi.")
        return kind

    @web.authenticated
    @authorized
    async def get(self, name: str | None = None) -> None:
        """Answer for a workspace that is known. What channel or index refuse is told with status 424."""
        workspace = self.known(self.get_query_argument("manifest"))
        try:
            self.answer(await self.found(workspace, name))
        except Refusal as refusal:
            self.refuse(refusal.document, 424)

    async def found(self, workspace: WorkspaceState, name: str | None) -> dict[str, Any]:
        """From the cached names, or asked of the channel for one package. Raises Refusal."""
        kind = self.kind()
        if name is not None:
            return await self.search.versions(workspace.manifest, name, kind)
        return await self.search.names(workspace, self.get_query_argument("query", "")[:100], kind)


class AboutHandler(SearchHandler):
    """`GET about/NAME?manifest=&type=`: what the maintainers of a package say of it."""

    async def found(self, workspace: WorkspaceState, name: str | None) -> dict[str, Any]:
        """Asked of the channel, or the index, for the newest build. Raises Refusal."""
        return await self.search.about(workspace.manifest, name or "", self.kind())


class ImportHandler(SearchHandler):
    """`GET imports/MODULE?manifest=`: the package to add for an import that failed."""

    async def found(self, workspace: WorkspaceState, name: str | None) -> dict[str, Any]:
        """From the table and the cached names."""
        return await self.search.provider(workspace, name or "")


def search_handlers(snapshot: Callable[[], Snapshot], search: Search) -> Routes:
    """The routes, without the server's base URL."""
    searched = {"snapshot": snapshot, "search": search}
    return [
        (f"{NAMESPACE}/search", SearchHandler, searched),
        (f"{NAMESPACE}/search/([A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})", SearchHandler, searched),
        (f"{NAMESPACE}/about/([A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})", AboutHandler, searched),
        (f"{NAMESPACE}/imports/([A-Za-z0-9_][A-Za-z0-9._]{{0,127}})", ImportHandler, searched),
    ]
