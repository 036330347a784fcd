"""Conda records to the PyPI packages they provide (`purls`), by Pixi's chain of four sources.

In order: the manifest's `conda-pypi-map`, the archive's hash at conda-mapping.prefix.dev, that service's list of
names (conda-forge only), the same name (conda-forge only). A known "provides nothing" is `()`, not known is None.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..environments.model import Channel
from ..errors import ManifestError, NetworkError
from ..lockfile.packages import normalize as pypi_name
from .gateway import Network
from .mapping_service import MappingService

if TYPE_CHECKING:
    import rattler

_PUBLIC = frozenset({"conda.anaconda.org", "repo.anaconda.com", "prefix.dev", "repo.prefix.dev", "fast.prefix.dev"})
Purls = tuple[str, ...] | None


@dataclass(frozen=True)
class ChannelMap:
    """What the manifest says of one channel: its own names, whether the service is asked, the same-name rule."""

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    disabled: bool = False
    ask_service: bool = True
    same_name: bool = True


@dataclass(frozen=True)
class Rules:
    """The whole of `conda-pypi-map`: nothing is mapped at all, or rules per channel URL."""

    enabled: bool = True
    channels: Mapping[str, ChannelMap] = field(default_factory=dict)


def same_name(name: str, version: str) -> Purls:
    """What the same-name rule gives: the package itself if name and version could be PyPI's, else nothing."""
    from packaging.version import InvalidVersion, Version

    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name) is None:
        return ()
    try:
        Version(version)
    except InvalidVersion:
        return ()
    return (f"pkg:pypi/{pypi_name(name)}",)


async def read_rules(
    declared: bool | Mapping[str, Any] | None,
    channels: Sequence[Channel],
    root: Path,
    network: Network,
    everywhere: Sequence[Channel] = (),
) -> Rules:
    """`conda-pypi-map` with the files it names read. `channels` are those of the environment in question, `everywhere`
    those of all environments.

    Raises ManifestError for a file that cannot be read and for a channel that no environment has or that is named
    twice, NetworkError for an address that does not answer.
    """
    if declared is None or declared is True:
        return Rules()
    if not declared:
        return Rules(enabled=False)
    _check_channels(declared, (*channels, *everywhere))
    maps: dict[str, ChannelMap] = {}
    for key, value in declared.items():
        url = _channel_url(key, channels)
        if url is not None:
            maps[url] = await _channel_map(value, root, network)
    return Rules(channels=maps)


async def provided(records: Sequence[rattler.RepoDataRecord], rules: Rules, service: MappingService) -> list[Purls]:
    """The purls of each record, in order. Raises NetworkError where the service has to be asked and cannot."""
    return list(await asyncio.gather(*(_provided(record, rules, service) for record in records)))


async def _provided(record: rattler.RepoDataRecord, rules: Rules, service: MappingService) -> Purls:
    if not rules.enabled:
        return ()
    channel = (record.channel or "").rstrip("/") + "/"
    rule = rules.channels.get(channel, ChannelMap())
    name = record.name.normalized
    if rule.disabled:
        return ()
    if name in rule.names:
        return _purls(rule.names[name], "project-defined-mapping")
    is_conda_forge = _is_conda_forge(channel, record.url)
    if rule.ask_service:
        if record.sha256 is not None:
            found = await service.by_hash(record.sha256.hex(), needed=_is_public(channel))
            if found is not None:
                return _purls(found, "hash-mapping")
        if is_conda_forge:
            found = await service.by_name(name)
            if found is not None:
                return _purls(found, "compressed-mapping")
    if not is_conda_forge:
        return None
    return same_name(name, str(record.version)) if rule.same_name else ()


def _purls(names: Sequence[str], source: str) -> tuple[str, ...]:
    return tuple(sorted({f"pkg:pypi/{pypi_name(name)}?source={source}" for name in names}))


def _is_conda_forge(channel: str, url: str) -> bool:
    where = channel if channel != "/" else url.rsplit("/", 2)[0] + "/"
    return where.endswith("/conda-forge/")


def _is_public(channel: str) -> bool:
    """Whether the service is likely to know a channel's archives."""
    return channel == "/" or urlsplit(channel).hostname in _PUBLIC or channel.endswith("/conda-forge/")


def _check_channels(keys: Iterable[str], channels: Sequence[Channel]) -> None:
    named: dict[str, str] = {}
    for key in keys:
        url = _channel_url(key, channels)
        if url is None:
            listed = ", ".join(dict.fromkeys(f"'{channel.text}'" for channel in channels))
            raise ManifestError(
                f"the channel '{key}' of `conda-pypi-map` is used by no environment",
                help=f"take it out, or name one of {listed}",
            )
        if url in named:
            raise ManifestError(f"`conda-pypi-map` names the channel {url} twice, as '{named[url]}' and as '{key}'")
        named[url] = key


def _channel_url(key: str, channels: Sequence[Channel]) -> str | None:
    wanted = key.rstrip("/")
    for channel in channels:
        bare = channel.url.rstrip("/")
        if wanted in (channel.text.rstrip("/"), bare) or ("/" not in wanted and bare.endswith("/" + wanted)):
            return channel.url
    return None


async def _channel_map(value: Any, root: Path, network: Network) -> ChannelMap:
    if value is False:
        return ChannelMap(disabled=True)
    table: Mapping[str, Any] = {"location": value} if isinstance(value, str) else value
    names = {} if "location" not in table else await _read_names(str(table["location"]), root, network)
    names |= {name: _names(entry) for name, entry in (table.get("mapping") or {}).items()}
    return ChannelMap(
        names,
        ask_service=table.get("mapping-mode", "overlay") != "replace",
        same_name=bool(table.get("same-name-heuristic", True)),
    )


async def _read_names(location: str, root: Path, network: Network) -> dict[str, tuple[str, ...]]:
    try:
        if re.match(r"https?://", location):
            from rattler.package_streaming import download_bytes

            data = await download_bytes(network.client, location)
        else:
            path = Path(location.removeprefix("file://"))
            data = await asyncio.to_thread((root / path).read_bytes)
        return {name: _names(entry) for name, entry in json.loads(data).items()}
    except OSError as error:
        raise ManifestError(f"the mapping file '{location}' of `conda-pypi-map` cannot be read: {error}") from error
    except (ValueError, AttributeError) as error:
        raise ManifestError(
            f"the mapping file '{location}' of `conda-pypi-map` is not a JSON object of names: {error}"
        ) from error
    except RuntimeError as error:
        raise NetworkError(
            "failed to map conda packages to their PyPI equivalents\n"
            f"the mapping at '{location}' cannot be fetched: {error}"
        ) from error


def _names(entry: Any) -> tuple[str, ...]:
    """One entry of a mapping: a name, several, or null for "provides nothing"."""
    if entry is None or entry is False:
        return ()
    return (entry,) if isinstance(entry, str) else tuple(str(name) for name in entry)
