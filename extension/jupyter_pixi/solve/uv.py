"""Runs of `uv` for resolving: at most one per core at a time, and each dies with the task that waits for it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..prefix import uv as command
from ..prefix.uv import Output
from .request import LockRequest


@dataclass
class Uv:
    """uv with surroundings and options of its own. One serves a whole lock, so that its runs share the cores.

    `folder` is its cache, `python` the interpreter that builds use where there is no better one, `options` what the
    configuration says about reaching indexes.
    """

    folder: Path
    environ: Mapping[str, str]
    offline: bool = False
    python: str = sys.executable
    options: tuple[str, ...] = ()
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(os.cpu_count() or 1))

    async def run(self, arguments: Sequence[str], folder: Path, extra: Mapping[str, str] | None = None) -> Output:
        """Runs uv in a folder and waits for it. A cancelled wait stops uv and what it started."""
        asked = [*arguments, *(["--offline"] if self.offline else [])]
        async with self._slots:
            return await command.run(asked, {**self.environ, **(extra or {})}, cwd=folder)


def for_request(request: LockRequest, cache: Path) -> Uv:
    """uv as a lock request needs it; its cache lies below `cache`, where Pixi has it too, unless UV_CACHE_DIR says."""
    environ = command.uv_environ(request.environ, cache / "uv-cache")
    pypi = request.config.pypi
    options: list[str] = []
    if pypi.keyring_provider:
        options += ["--keyring-provider", pypi.keyring_provider]
    for host in pypi.allow_insecure_host:
        options += ["--allow-insecure-host", host]
    return Uv(Path(environ["UV_CACHE_DIR"]), environ, request.is_offline, options=tuple(options))
