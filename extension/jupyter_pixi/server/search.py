"""Turns what somebody types into the names of packages that a workspace's channels offer, at once, from a cache."""

from __future__ import annotations

import asyncio
import bisect
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..kernels.handoff import without_activation
from ..operations.looking.imports import PROVIDERS
from .jobs import Refusal
from .snapshot import WorkspaceState

FRESH = 3600.0
"""Seconds after which the names are fetched again."""

LIMIT = 50  # names that are told at once
_SECONDS = 120  # a large channel's index, over a slow network


@dataclass
class _Names:
    names: list[str]
    at: float
    stamp: Any


class Search:
    """The names of each workspace's channels, fetched by a child process when they are first asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = without_activation(environ)
        self._known: dict[Path, _Names] = {}
        self._fetching: dict[Path, asyncio.Task[list[str]]] = {}

    async def names(self, workspace: WorkspaceState, query: str, kind: str) -> dict[str, Any]:
        """The names for what was typed, best first, and whether the index is there yet. Raises Refusal.

        PyPI's index is too large to be listed: there, names are told that conda's channels and the table of imports
        know, and whether a project of exactly that name exists is asked when it is chosen.
        """
        text = query.strip().lower()
        known = await self._names(workspace.manifest)
        if kind == "pypi":
            known = sorted({*known, *(p.pypi for p in PROVIDERS.values())})
        found = matching(known, text)
        return {"query": query, "type": kind, "total": len(known), "names": found}

    async def provider(self, workspace: WorkspaceState, module: str) -> dict[str, Any]:
        """What to add for an import that is missing: packages that the workspace's channels, or PyPI, really have."""
        try:
            return await self._ask(workspace.manifest, module, "import")
        except Refusal:
            return {"module": module, "conda": None, "pypi": None, "searched": False}

    async def versions(self, manifest: Path, name: str, kind: str) -> dict[str, Any]:
        """The versions of one package. Raises Refusal."""
        return await self._ask(manifest, name, *(["pypi"] if kind == "pypi" else []))

    async def about(self, manifest: Path, name: str, kind: str) -> dict[str, Any]:
        """What the maintainers of a package say of it: `summary`, `license`, `home`, `size`, each may be null."""
        return await self._run("about", manifest, name, kind)

    async def _names(self, manifest: Path) -> list[str]:
        stamp = await asyncio.to_thread(_stamp, manifest)
        known = self._known.get(manifest)
        if known is not None and known.stamp == stamp and time.monotonic() - known.at < FRESH:
            return known.names
        task = self._fetching.get(manifest)
        if task is None:
            task = self._fetching[manifest] = asyncio.ensure_future(self._fetch(manifest, stamp))
            task.add_done_callback(lambda done: self._fetching.pop(manifest, None) and done.exception())
        return await asyncio.shield(task)

    async def _fetch(self, manifest: Path, stamp: Any) -> list[str]:
        names: list[str] = (await self._ask(manifest))["names"]
        self._known[manifest] = _Names(names, time.monotonic(), stamp)
        return names

    async def _ask(self, *words: Any) -> dict[str, Any]:
        return await self._run("index", *words)

    async def _run(self, module: str, *words: Any) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", f"jupyter_pixi.server.{module}", *map(str, words)),
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(), _SECONDS)
            document: dict[str, Any] = json.loads(out)
        except TimeoutError:
            raise Refusal({"code": "network", "text": "The channels do not answer."}) from None
        except ValueError:
            raise Refusal({"code": "engine", "text": "The channels could not be searched."}) from None
        finally:
            if process.returncode is None:
                process.kill()
        if "error" in document:
            raise Refusal(document["error"])
        return document


def matching(names: list[str], text: str, limit: int = LIMIT) -> list[str]:
    """The sorted names that are, begin with, or hold the text: in this order, each in theirs."""
    if not text:
        return []
    first = bisect.bisect_left(names, text)
    begin: list[str] = []
    for name in names[first : first + limit]:
        if not name.startswith(text):
            break
        begin.append(name)
    if len(begin) < limit and len(text) > 1:
        taken = set(begin)
        holds = (name for name in names if text in name and name not in taken)
        begin += [name for name, _ in zip(holds, range(limit - len(begin)), strict=False)]
    return begin


def _stamp(manifest: Path) -> Any:
    try:
        return manifest.stat().st_mtime_ns
    except OSError:
        return None
