"""Turns requests on packages that could be added into names, versions, descriptions, and what provides a module."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_server.auth.decorator import authorized
from tornado import web

from .handlers import NAMESPACE, PixiHandler, Routes
from .jobs import Refusal
from .search import Search
from .snapshot import Snapshot


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
        """Answer from the cached names, or ask the channel for one package."""
        workspace = self.known(self.get_query_argument("manifest"))
        kind = self.kind()
        try:
            if name is not None:
                self.answer(await self.search.versions(workspace.manifest, name, kind))
            else:
                query = self.get_query_argument("query", "")
                self.answer(await self.search.names(workspace, query[:100], kind))
        except Refusal as refusal:
            self.refuse(refusal.document, 424)


class AboutHandler(SearchHandler):
    """`GET about/NAME?manifest=&type=`: what the maintainers of a package say of it."""

    @web.authenticated
    @authorized
    async def get(self, name: str | None = None) -> None:
        """Ask the channel, or the index, for the newest build."""
        workspace = self.known(self.get_query_argument("manifest"))
        kind = self.kind()
        try:
            self.answer(await self.search.about(workspace.manifest, name or "", kind))
        except Refusal as refusal:
            self.refuse(refusal.document, 424)


class ImportHandler(SearchHandler):
    """`GET imports/MODULE?manifest=`: the package to add for an import that failed."""

    @web.authenticated
    @authorized
    async def get(self, name: str | None = None) -> None:
        """Answer from the table and the cached names."""
        workspace = self.known(self.get_query_argument("manifest"))
        self.answer(await self.search.provider(workspace, name or ""))


def search_handlers(snapshot: Callable[[], Snapshot], search: Search) -> Routes:
    """The routes, without the server's base URL."""
    searched = {"snapshot": snapshot, "search": search}
    return [
        (f"{NAMESPACE}/search", SearchHandler, searched),
        (f"{NAMESPACE}/search/([A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})", SearchHandler, searched),
        (f"{NAMESPACE}/about/([A-Za-z0-9_][A-Za-z0-9._-]{{0,127}})", AboutHandler, searched),
        (f"{NAMESPACE}/imports/([A-Za-z0-9_][A-Za-z0-9._]{{0,127}})", ImportHandler, searched),
    ]
