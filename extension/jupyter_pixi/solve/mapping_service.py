"""Hashes and names of conda packages to PyPI names, asked of conda-mapping.prefix.dev and kept on disk.

Requests go through rattler's HTTP client, so that mirrors, proxies, certificates and credentials of Pixi's
configuration hold here too. Only a 404 says "not known"; anything else that fails is a failure of the network.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import NetworkError
from .gateway import Network

ADDRESS = "https://conda-mapping.prefix.dev"
DAY = 86400.0
PAUSE = 600.0  # seconds that a service which did not answer is left alone
AT_ONCE = 50
NOT_KNOWN: dict[str, Any] = {"known": False, "names": None}

Found = tuple[str, ...] | None
"""The PyPI names of a package: empty for "not from PyPI", None for "not known"."""


class MappingService:
    """The service with a cache in front. One serves a whole lock, so that each question is asked once."""

    def __init__(self, network: Network, warn: Callable[[str], None] = lambda text: None) -> None:
        """`warn` is told once when names from the cache stand in for a service that does not answer."""
        self._network = network
        self._folder = network.cache / "jupyter-pixi" / "conda-mapping"
        self._warn = warn
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._hashes: dict[tuple[str, bool], asyncio.Task[Found]] = {}
        self._names: asyncio.Task[dict[str, str | None]] | None = None
        self._unreachable = network.offline
        self._failures: dict[bool, NetworkError] = {}

    async def by_hash(self, sha256: str, *, needed: bool = True) -> Found:
        """What the service knows of the archive with that hash (hexadecimal).

        Where it is not `needed` (a private channel, of which the service can hardly know), a service that does not
        answer counts as "not known", and is left alone for some minutes. Else raises NetworkError.
        """
        if not needed and self._was_unreachable():
            return _found(_read(self._hash_file(sha256)) or NOT_KNOWN)
        key = (sha256, needed)
        if key not in self._hashes:
            self._hashes[key] = asyncio.create_task(self._by_hash(sha256, needed))
        try:
            return await self._hashes[key]
        except NetworkError:
            if needed:
                raise
            _write(self._folder / "unreachable", {"at": time.time()})
            return None

    async def by_name(self, name: str) -> Found:
        """What the service's list of conda-forge names says of a package. Raises NetworkError."""
        if self._names is None:
            self._names = asyncio.create_task(self._all_names())
        names = await self._names
        if name not in names:
            return None
        provided = names[name]
        return () if provided is None else (provided,)

    async def _by_hash(self, sha256: str, needed: bool) -> Found:
        path = self._hash_file(sha256)
        kept = _read(path)
        if kept is not None and (kept["known"] or time.time() - path.stat().st_mtime < DAY):
            return _found(kept)
        if self._unreachable:
            return None if kept is None else _found(kept)
        try:
            data = await self._fetch(f"{ADDRESS}/hash-v0/{sha256}", needed)
        except NetworkError:
            if not needed or not self._give_way():
                raise
            return None
        answer = NOT_KNOWN if data is None else _answer(data)
        _write(path, answer)
        return _found(answer)

    def _hash_file(self, sha256: str) -> Path:
        return self._folder / "hash-v0" / sha256[:2] / f"{sha256}.json"

    def _was_unreachable(self) -> bool:
        """Whether the service did not answer a short while ago, in this process or another."""
        last = _read(self._folder / "unreachable") or {}
        return time.time() - float(last.get("at", 0)) < PAUSE

    async def _all_names(self) -> dict[str, str | None]:
        path = self._folder / "compressed-v0" / "compressed_mapping.json"
        fresh = path.is_file() and time.time() - path.stat().st_mtime < DAY
        if not fresh and not self._unreachable:
            try:
                data = await self._fetch(f"{ADDRESS}/compressed-v0/compressed_mapping.json")
                _write(path, json.loads(data) if data is not None else {})
            except NetworkError:
                if not self._give_way():
                    raise
        return _read(path) or {}

    def _give_way(self) -> bool:
        """Whether a list of names from an earlier run can stand in; from then on the service is not asked again."""
        if not (self._folder / "compressed-v0" / "compressed_mapping.json").is_file():
            return False
        if not self._unreachable:
            self._unreachable = True
            self._warn(f"{ADDRESS} does not answer; conda packages are mapped to PyPI by the names in the cache")
        return True

    async def _fetch(self, url: str, needed: bool = True) -> bytes | None:
        """The bytes at an address, None for a 404. Raises NetworkError for every other failure."""
        from rattler.package_streaming import download_bytes

        async with self._slots:
            if needed in self._failures:
                raise self._failures[needed]
            client = self._network.client if needed else self._network.impatient
            try:
                return bytes(await download_bytes(client, url))
            except Exception as error:  # py-rattler raises a bare RuntimeError for HTTP and transport alike
                if "(404 " in str(error) or "404 Not Found" in str(error):
                    return None
                self._failures[needed] = NetworkError(
                    f"failed to map conda packages to their PyPI equivalents\n{url} cannot be fetched: {error}",
                    help="check the network and `mirrors` in Pixi's configuration, or set "
                    "`conda-pypi-map = false` in [workspace] to do without the service",
                )
                raise self._failures[needed] from error


def _answer(data: bytes) -> dict[str, Any]:
    return {"known": True, "names": json.loads(data).get("pypi_normalized_names")}


def _found(answer: dict[str, Any]) -> Found:
    if not answer["known"]:
        return None
    names = answer["names"]
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def _read(path: Path) -> dict[str, Any] | None:
    """A JSON object from the cache; None if it is not there or torn."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _write(path: Path, value: object) -> None:
    """Keeps a JSON value; a cache that cannot be written to costs speed only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w") as file:
            json.dump(value, file)
        Path(temporary).replace(path)
    except OSError:
        pass
