"""Turns what a user has set in JupyterLab into where the server searches for workspaces."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web

from .handlers import NAMESPACE, PixiHandler
from .snapshot import Snapshot

MAX_DEPTH = 12
"""How deep a user can have the server search, in folders below each root."""

_MAX_ROOTS = 20
_MAX_TEXT = 1_000


@dataclass(frozen=True)
class Choice:
    """What a user has asked for beside the server's configuration. `depth` None leaves it to that."""

    roots: tuple[Path, ...] = ()
    depth: int | None = None


@dataclass(frozen=True)
class Searched:
    """Where the server searches. `mine` says whether users may change that; `base` is the server's root folder."""

    roots: tuple[Path, ...]
    depth: int
    mine: bool
    base: Path


class DiscoveryHandler(PixiHandler):
    """`discovery`: where is searched, and how deep (`GET`); to search elsewhere too (`PUT`)."""

    def initialize(  # type: ignore[override]
        self, snapshot: Callable[[], Snapshot], searched: Callable[[], Searched], look_in: Callable[[Choice], None]
    ) -> None:
        """`searched` tells, `look_in` takes a choice over."""
        super().initialize(snapshot)
        self._searched = searched
        self._look_in = look_in

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Tell."""
        self._tell()

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Take over a document with `roots` and `depth`: 400 for another one, 403 for a folder of somebody else."""
        searched = self._searched()
        if not searched.mine:
            raise web.HTTPError(403, "The administrator does not leave it to users where workspaces are searched.")
        document = self.body()
        choice = Choice(_roots(document.get("roots", []), searched.base), _depth(document.get("depth")))
        self.log.info("jupyter-pixi: %s sets where workspaces are searched: %s", self.current_user.username, document)
        self._look_in(choice)
        self._tell(missing=[str(root) for root in choice.roots if not root.is_dir()])

    def _tell(self, missing: list[str] | None = None) -> None:
        searched = self._searched()
        told = {"roots": [str(root) for root in searched.roots], "depth": searched.depth, "mine": searched.mine}
        self.answer({**told, "missing": missing or []})


def route(
    snapshot: Callable[[], Snapshot], searched: Callable[[], Searched], look_in: Callable[[Choice], None]
) -> tuple[str, type[DiscoveryHandler], dict[str, Any]]:
    """The route, without the server's base URL."""
    given = {"snapshot": snapshot, "searched": searched, "look_in": look_in}
    return f"{NAMESPACE}/discovery", DiscoveryHandler, given


def _roots(given: Any, base: Path) -> tuple[Path, ...]:
    """The folders, links followed: below the server's root or in the user's home."""
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise web.HTTPError(400, "`roots` has to be a list of folders.")
    if len(given) > _MAX_ROOTS or any(len(one) > _MAX_TEXT or "\0" in one for one in given):
        raise web.HTTPError(400, "`roots` names too many folders, or one with too long a path.")
    home = Path(os.path.realpath(Path.home()))
    found = []
    for text in given:
        root = Path(os.path.realpath(base / os.path.expanduser(text)))  # noqa: PTH111 - an unknown user is no error
        if not (root.is_relative_to(base) or root.is_relative_to(home)):
            raise web.HTTPError(403, f"{text!r} is neither below the server's root folder nor in your home.")
        found.append(root)
    return tuple(found)


def _depth(given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given <= MAX_DEPTH:
        raise web.HTTPError(400, f"`depth` has to be a number from 0 to {MAX_DEPTH}.")
    return given
