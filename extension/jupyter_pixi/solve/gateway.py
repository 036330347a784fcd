"""Configuration to network access: one rattler client and one repodata gateway for the whole process.

Mirrors, proxies, certificates, credentials and S3 options all come from `config.rattler()`; file:// channels and
sharded repodata are the gateway's own business. The compiled library is only imported when something is asked for.
"""

from __future__ import annotations

import atexit
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..config import Config, cache_folder
from ..environments.model import Channel
from ..errors import NetworkError

if TYPE_CHECKING:
    import rattler

SETTLE = 0.05
"""Seconds between the last answer and the interpreter's end: py-rattler 0.28 hands answers over from threads of its
own, and one that is still in Python when the interpreter ends takes the process down with it."""

_networks: dict[tuple[str, str, str, bool], Network] = {}


@dataclass(frozen=True)
class Network:
    """What fetches: an HTTP client, a repodata gateway, and the cache folder both belong to.

    `impatient` is a client that tries only once, for what can be done without.
    """

    client: rattler.Client
    impatient: rattler.Client
    gateway: rattler.Gateway
    cache: Path
    offline: bool = False


def network(
    config: Config,
    environ: Mapping[str, str],
    *,
    offline: bool = False,
    s3_options: Mapping[str, Mapping[str, Any]] | None = None,
) -> Network:
    """The client and gateway for this configuration; the same ones every time it is asked in a process.

    With `offline`, repodata comes from the cache whatever its age. `s3_options` are the manifest's.
    """
    cache = cache_folder(environ)
    key = (repr(config), repr(s3_options), str(cache), offline)
    if key not in _networks:
        _networks[key] = _connect(config.rattler(s3_options) if s3_options else config.rattler(), cache, offline)
    return _networks[key]


def _connect(settings: rattler.Config, cache: Path, offline: bool) -> Network:
    import rattler

    client = rattler.Client.from_config(settings, user_agent="jupyter-pixi")
    repodata = cache / "repodata"
    if offline:
        only_cache = rattler.SourceConfig(cache_action="force-cache-only")
        gateway = rattler.Gateway(cache_dir=repodata, default_config=only_cache, client=client)
    else:
        gateway = rattler.Gateway.from_config(settings, cache_dir=repodata, client=client)
    impatient = rattler.Client.from_config(settings, max_retries=0, user_agent="jupyter-pixi")
    atexit.register(time.sleep, SETTLE)
    return Network(client, impatient, gateway, cache, offline)


async def package_names(network: Network, channels: Sequence[Channel], subdir: str) -> frozenset[str]:
    """Every package name that these channels offer for a subdir (noarch included). Raises NetworkError."""
    import rattler
    from rattler.exceptions import GatewayError

    sources = [rattler.Channel(c.url) for c in channels]
    try:
        names = await network.gateway.names(sources, cast("Any", [subdir, "noarch"]), channel_relations="disabled")
    except GatewayError as error:
        raise network_error(error, channels, offline=network.offline) from error
    return frozenset(name.normalized for name in names)


async def versions_of(network: Network, channels: Sequence[Channel], subdir: str, name: str) -> list[str]:
    """The versions of a package that these channels offer for a subdir, oldest first. Raises NetworkError."""
    import rattler
    from rattler.exceptions import GatewayError

    sources = [rattler.Channel(c.url) for c in channels]
    try:
        found = await network.gateway.query(sources, cast("Any", [subdir, "noarch"]), [name], recursive=False)
    except GatewayError as error:
        raise network_error(error, channels, offline=network.offline) from error
    versions = {record.version for records in found for record in records}
    return [str(version) for version in sorted(versions)]


def network_error(error: Exception, channels: Sequence[Channel], *, offline: bool = False) -> NetworkError:
    """The sentence for a repodata request that failed: the channel as the manifest names it, and what to do."""
    text = str(error)
    channel = _channel_of(text, channels)
    named = f"channel '{channel.text}'" if channel else "a channel"
    where = f" ({channel.url})" if channel and channel.text.rstrip("/") != channel.url.rstrip("/") else ""
    reason = text.strip().splitlines()[-1].removeprefix("Caused by: ") if text.strip() else "no reason given"
    if offline:
        return NetworkError(
            f"the {named}{where} is not in the cache, and this is offline\n{text.strip()}",
            help="run once with a network connection, without --offline and PIXI_OFFLINE",
            code="offline",
        )
    if "could not find subdir" in text or "404" in text:
        return NetworkError(
            f"the {named}{where} does not exist or is no conda channel\n{text.strip()}",
            help="check the spelling of `channels` in the manifest; private channels need `pixi auth login`",
            code="unknown-channel",
        )
    if "401" in text or "403" in text:
        return NetworkError(
            f"the {named}{where} refuses access\n{text.strip()}",
            help="store credentials with `pixi auth login`, or check the ones that are there",
            code="unauthorized",
        )
    return NetworkError(
        f"the {named}{where} cannot be reached: {reason}\n{text.strip()}",
        help="check the network, the channel's name, and `mirrors` and proxies in Pixi's configuration",
    )


def _channel_of(text: str, channels: Sequence[Channel]) -> Channel | None:
    """The channel whose URL (or folder) occurs in an error; else the only one there is."""
    for channel in sorted(channels, key=lambda c: -len(c.url)):
        bare = channel.url.rstrip("/")
        if re.search(re.escape(bare) + r"(?![\w.-])", text) or bare.removeprefix("file://") + "/" in text:
            return channel
    return channels[0] if len(channels) == 1 else None
