"""Turns an opened workspace into its up-to-date lock file, solving only what the verdict asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...errors import LockFileError, LockOutOfDate
from ...lockfile.model import CURRENT_VERSION, LockFile, Package
from ..context import Context
from ..policy import refuse_if_frozen
from ..publishing.journal import step
from ..publishing.tentative import on_disk
from ..scripts import require_lock
from ..workspace import OpenWorkspace

PAIRS = frozenset[tuple[str, str]]
"""(environment, platform) pairs."""


@dataclass(frozen=True)
class Relocked:
    """A lock that fulfils the manifest. `data` is its text as bytes; None when the one on disk stays as it is."""

    lock: LockFile
    data: bytes | None

    @property
    def changed(self) -> bool:
        """Whether the lock file has to be written."""
        return self.data is not None


@dataclass(frozen=True)
class Freedom:
    """What a solve may move: named packages (`unlock`) or all, in some pairs or everywhere; `pinned` never moves."""

    unlock: frozenset[str] = frozenset()
    unlock_all: bool = False
    pairs: PAIRS | None = None
    pinned: Mapping[tuple[str, str], tuple[Package, ...]] | None = None

    @property
    def is_none(self) -> bool:
        """Whether nothing is freed: a lock that satisfies then stays as it is."""
        return not (self.unlock or self.unlock_all or self.pinned)


def refuse_newer(opened: OpenWorkspace) -> None:
    """A lock of a newer version is never written over: LockFileError."""
    if opened.lock is not None and opened.lock.version > CURRENT_VERSION:
        raise LockFileError(
            f"{opened.lock_path.name} has version {opened.lock.version}; this engine writes version {CURRENT_VERSION}.",
            help="Update jupyter-pixi (or use the Pixi that wrote it). The lock file was not touched.",
            code="lock-too-new",
        )


async def relock(
    opened: OpenWorkspace, context: Context, freedom: Freedom | None = None, *, bring_up: bool = False
) -> Relocked:
    """The lock for this manifest. With `--frozen` the present one; with `--locked` LockOutOfDate if it does not fit.

    One of an older version that fits stays as it is, unless `bring_up` asks for its packages in the present version.
    Raises SolveError, NetworkError, LockFileError. Nothing is written.
    """
    freedom = freedom or Freedom()
    require_lock(opened, context)
    if context.frozen and opened.lock is not None:
        return Relocked(opened.lock, None)
    if opened.lock_error is not None:
        raise opened.lock_error
    with on_disk(opened, context.environ):  # the verdict, too, reads there what a package of the workspace itself needs
        up_to_date = opened.lock is not None and opened.verdict.up_to_date
        is_older = opened.lock is not None and opened.lock.version < CURRENT_VERSION
        if up_to_date and freedom.is_none and opened.lock is not None and not (bring_up and is_older):
            return Relocked(opened.lock, None)
        if context.locked and not up_to_date:
            raise LockOutOfDate(
                "lock file not up-to-date with the workspace" + _because(opened),
                help="Run `jupyter pixi lock` where changing it is allowed.",
            )
        refuse_newer(opened)
        refuse_if_frozen(opened.manifest, context.environ)
        lock = await _solve(opened, context, freedom)
    step("solved")
    from ...lockfile import write_lock

    data = write_lock(lock, opened.platforms).encode()
    return Relocked(lock, None if data == opened.lock_data else data)


def require_frozen(opened: OpenWorkspace, environment: str) -> LockFile:
    """The lock for an install with `--frozen`: it must have the environment. Raises LockOutOfDate."""
    if opened.lock_error is not None:
        raise opened.lock_error
    if opened.lock is None or environment not in opened.lock.environments:
        raise LockOutOfDate(f"the lock file is not up-to-date with requested environment: '{environment}'")
    return opened.lock


async def _solve(opened: OpenWorkspace, context: Context, freedom: Freedom) -> LockFile:
    from ...solve import LockRequest, update_lock

    request = LockRequest(
        manifest=opened.manifest,
        environments=opened.environments,
        config=opened.config,
        previous=opened.lock,
        verdict=opened.verdict if opened.lock is not None else None,
        unlock=freedom.unlock or None,
        unlock_all=freedom.unlock_all,
        unlock_in=freedom.pairs,
        pinned=freedom.pinned or {},
        offline=context.offline,
        environ=context.environ,
    )
    lock = await update_lock(request, context.sink)
    return replace(lock, version=CURRENT_VERSION)


def _because(opened: OpenWorkspace) -> str:
    if opened.lock is None:
        return ": there is no lock file"
    reason = opened.verdict.reason
    return f": {reason}" if reason else ""
