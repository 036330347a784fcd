"""The `uv` command as a child process: its binary, its surroundings, and a run that dies with the task that waits.

uv runs without the user's own uv and pip settings (they are not Pixi's), in its own process group, so that a cancelled
task takes the build processes with it; at most one run per core at a time.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

KEPT = ("UV_CACHE_DIR", "UV_KEYRING_PROVIDER", "UV_HTTP_TIMEOUT", "UV_CONCURRENT_DOWNLOADS", "UV_LINK_MODE")
"""Variables of uv that say how, not what: they stay."""


@dataclass(frozen=True)
class Ran:
    """How a run of uv ended."""

    code: int
    stdout: str
    stderr: str


def binary() -> str:
    """The path of uv. Raises FileNotFoundError if the `uv` distribution has none."""
    import uv

    return str(uv.find_uv_bin())


def cache_folder(cache: Path, environ: Mapping[str, str]) -> Path:
    """Where uv keeps its cache: the folder Pixi uses too, below `cache`, unless the user names another."""
    return Path(environ["UV_CACHE_DIR"]) if environ.get("UV_CACHE_DIR") else cache / "uv-cache"


def surroundings(environ: Mapping[str, str], cache: Path) -> dict[str, str]:
    """The environment variables for uv: without UV_* and PIP_* that would change the answer, messages unwrapped."""
    kept = {
        key: value
        for key, value in environ.items()
        if key in KEPT or not key.startswith(("UV_", "PIP_", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHON"))
    }
    return {**kept, "UV_CACHE_DIR": str(cache_folder(cache, environ)), "COLUMNS": "100000", "NO_COLOR": "1"}


@dataclass
class Uv:
    """uv with an environment of its own. One serves a whole lock, so that its runs share the cores."""

    cache: Path
    environ: Mapping[str, str]
    offline: bool = False
    python: str = sys.executable
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(os.cpu_count() or 1))

    @property
    def folder(self) -> Path:
        """uv's cache folder."""
        return cache_folder(self.cache, self.environ)

    async def run(self, arguments: Sequence[str], folder: Path, extra: Mapping[str, str] | None = None) -> Ran:
        """Runs uv in a folder and waits for it. A cancelled wait kills uv and what it started."""
        environment = {**surroundings(self.environ, self.cache), **(extra or {})}
        command = [binary(), *arguments, *(["--offline"] if self.offline else [])]
        async with self._slots:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=os.name == "posix",
            )
            try:
                out, err = await process.communicate()
            except BaseException:
                _kill(process)
                await process.wait()
                raise
        return Ran(process.returncode or 0, out.decode(errors="replace"), err.decode(errors="replace"))


def _kill(process: asyncio.subprocess.Process) -> None:
    """Ends uv and the builds below it."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
