"""Turns an argument list for `uv` into what it printed, as a child of its own process group that can be stopped.

The child's environment is the caller's without what would change uv's behaviour behind our back.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import system
from ..errors import InstallError, NetworkError, PixiError

_KEPT = re.compile(
    r"UV_(CACHE_DIR|KEYRING_PROVIDER|HTTP_\w+|REQUEST_TIMEOUT|CONCURRENT_\w+|NETRC|INDEX_\w+_(USERNAME|PASSWORD)|"
    r"LINK_MODE|SYSTEM_CERTS|NATIVE_TLS|INSECURE_HOST|GIT_LFS)$"
)
_OFFLINE = "Network connectivity is disabled"
_NOT_CACHED = "not found in the cache"  # what a build needs is resolved, which uv tells in other words
_STOP_SECONDS = 10.0


def find_uv() -> str:
    """The path of the uv program. Raises InstallError if there is none."""
    try:
        import uv

        return uv.find_uv_bin()
    except (ImportError, FileNotFoundError):
        found = shutil.which("uv")
        if found is None:
            raise InstallError(
                "PyPI packages are installed by uv, which is not there.", help="Install the Python package `uv`."
            ) from None
        return found


def uv_environ(environ: Mapping[str, str], cache: Path | None = None) -> dict[str, str]:
    """An environment for uv: without UV_* and PIP_* settings (but for caches, credentials and connections)."""
    kept = {
        key: value
        for key, value in environ.items()
        if not key.startswith(("UV_", "PIP_", "VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "CONDA_PREFIX"))
        or _KEPT.match(key)
    }
    if cache is not None:
        kept.setdefault("UV_CACHE_DIR", str(cache))
    kept["COLUMNS"] = "100000"
    return kept


@dataclass(frozen=True)
class Output:
    """What a run printed, and its exit status."""

    status: int
    stdout: str
    stderr: str


async def run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    cwd: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    keep: Sequence[int] = (),
) -> Output:
    """Run uv. `on_line` gets each line of its standard error as it comes. Cancelling stops its whole group.

    The descriptors `keep` stay open in it: a file lock among them holds until uv has ended, too, whatever becomes of
    this process.
    """
    options: dict[str, Any] = {**system.own_session()}
    if keep and not system.WINDOWS:
        options["pass_fds"] = tuple(keep)
    child = await asyncio.create_subprocess_exec(
        find_uv(),
        *arguments,
        env=dict(environ),
        cwd=cwd,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=1 << 24,
        **options,
    )
    assert child.stdout is not None and child.stderr is not None
    lines: list[str] = []

    async def listen(stream: asyncio.StreamReader) -> None:
        async for raw in stream:
            line = raw.decode(errors="replace").rstrip("\r\n")
            lines.append(line)
            if on_line is not None:
                on_line(line)

    try:
        stdout, _ = await asyncio.gather(child.stdout.read(), listen(child.stderr))
        status = await child.wait()
    except BaseException:
        await _stop(child)
        raise
    return Output(status, stdout.decode(errors="replace"), "\n".join(lines))


async def _stop(child: asyncio.subprocess.Process) -> None:
    system.signal_group(child.pid, signal.SIGINT)
    try:
        await asyncio.wait_for(asyncio.shield(child.wait()), _STOP_SECONDS)
    except (TimeoutError, asyncio.CancelledError):
        pass
    # Also when uv itself has gone: a build that ignores the interrupt would go on.
    system.signal_group(child.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def needs_network(output: Output) -> bool:
    """Whether a run with `--offline` failed only because something is not in the cache."""
    return output.status != 0 and any(words in output.stderr for words in (_OFFLINE, _NOT_CACHED))


def translate(output: Output, environment: str, offline: bool) -> PixiError:
    """The error for a failed install."""
    text = re.sub(r"(?<=://)[^/@\s]+@", "", output.stderr.strip())
    lines = [line for line in text.splitlines() if line.strip()]
    said = "\n".join(f"  {line.strip()}" for line in lines[-25:])
    if _OFFLINE in text:
        return NetworkError(
            f"This is offline, and uv's cache does not have all PyPI packages of '{environment}':\n{said}",
            help="Install once with a connection." if offline else None,
        )
    mismatch = re.search(r"Hash mismatch for `([^`]+)`", text)
    if mismatch:
        return InstallError(f"The file of {mismatch[1]} is not the one in the lock file:\n{said}", code="hash-mismatch")
    if "No space left" in text or "os error 28" in text:
        return InstallError(f"The disk is full: PyPI packages could not be written:\n{said}", code="disk-full")
    if re.search(r"error sending request|dns error|Could not connect|Request failed after|Failed to download", text):
        return NetworkError(f"failed to install pypi packages of '{environment}':\n{said}")
    return InstallError(f"failed to install pypi packages of '{environment}':\n{said}")
