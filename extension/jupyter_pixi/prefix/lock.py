"""Turns a prefix into one that only this process changes: Pixi's own install lock, and its "half made" mark.

The lock is an exclusive flock on `conda-meta/.pixi-environment-fingerprint`, the file that also holds the fingerprint
(pixi: rattler's AsyncPrefixGuard). Its sixteen bytes are written through the locked descriptor: a replaced file would
be another file, which nobody has locked.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from .. import system
from ..errors import InstallError
from ..events import Note, Phase, Sink, Warn
from .markers import FINGERPRINT_FILE, INSTALLING, meta_folder

_WAIT = 0.1
"""Seconds between two tries for a lock that somebody else holds."""


class PrefixGuard:
    """The right to change a prefix. Got from `guard`; valid inside its `async with` only."""

    def __init__(self, path: Path, lock: system.FileLock) -> None:
        self._path = path
        self._lock = lock

    @property
    def descriptors(self) -> tuple[int, ...]:
        """What a child that changes the prefix has to keep open, so that the lock holds as long as it works."""
        return (self._lock.fd,) if self._lock.held else ()

    def read(self) -> str:
        """The fingerprint as it stands: 16 characters, or less in a new prefix."""
        try:
            return self._path.read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            return ""

    def write(self, fingerprint: str, *, durable: bool = False) -> None:
        """Write the fingerprint if it reads otherwise. Raises OSError.

        It need not reach the disk before the packages do that it vouches for.
        """
        if self.read() == fingerprint:
            return
        write = system.write_durably if durable else system.write_whole
        data = fingerprint.encode("ascii")
        if self._lock.held:
            write(self._lock.fd, data)
            return
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            write(fd, data)
        finally:
            os.close(fd)

    def begin(self) -> None:
        """Mark the prefix as half made, before anything in it changes. Raises OSError."""
        self.write(INSTALLING, durable=True)


@asynccontextmanager
async def guard(prefix: Path, environment: str, sink: Sink, *, wait: bool = True) -> AsyncIterator[PrefixGuard]:
    """Hold the prefix's install lock, waiting for whoever has it and saying so.

    On a file system without locks the work goes on after a warning. Raises InstallError if `conda-meta` cannot be
    made, or if the lock is taken and `wait` is False.
    """
    folder = meta_folder(prefix)
    path = folder / FINGERPRINT_FILE
    if prefix.is_symlink() and not prefix.exists():
        raise InstallError(
            f"The environment '{environment}' cannot be changed: {prefix} is a link to {prefix.readlink()}, which is "
            "not there.",
            help="Remove the link, or bring back what it leads to.",
        )
    lock = system.FileLock(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        await _acquire(lock, environment, sink, wait)
    except system.LocksUnsupported:
        sink(
            Warn(
                text=f"The file system of {prefix} has no locks: do not install '{environment}' from two places "
                "at once.",
                code="no-locks",
            )
        )
    except OSError as error:
        raise InstallError(
            f"The environment '{environment}' cannot be changed: {error.strerror or error} ({path}).",
            help="Check who owns the folder and whether the disk is writable.",
        ) from error
    try:
        yield PrefixGuard(path, lock)
    finally:
        lock.release()


async def _acquire(lock: system.FileLock, environment: str, sink: Sink, wait: bool) -> None:
    told = False
    while not lock.try_acquire():
        if not wait:
            raise InstallError(f"The environment '{environment}' is being installed by another process.")
        if not told:
            told = True
            sink(Phase(phase="wait", title=f"Waiting for another install of '{environment}'"))
        await asyncio.sleep(_WAIT)
    if told:
        sink(Note(text=f"The other install of '{environment}' has ended."))
