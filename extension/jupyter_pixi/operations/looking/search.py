"""Turns a match spec (or a pattern) into the packages that channels offer: `pixi search`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, cast

from ...config import Config, load_config
from ...environments.allowed import allowed
from ...environments.channels import channel_url
from ...environments.host import current_subdir
from ...environments.model import Channel
from ...errors import PixiError
from ...manifest.subdirs import is_subdir
from ..context import Context
from ..workspace import OpenWorkspace, open_workspace

if TYPE_CHECKING:
    import rattler

COMMON = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64", "win-arm64")
"""Where packages are looked for outside of a workspace, besides this machine's subdir and noarch."""


@dataclass(frozen=True)
class Found:
    """The records, oldest first, and the channels that were asked."""

    records: tuple[rattler.RepoDataRecord, ...]
    channels: tuple[Channel, ...]

    def by_name(self) -> dict[str, list[rattler.RepoDataRecord]]:
        """The records of each name, names sorted."""
        found: dict[str, list[rattler.RepoDataRecord]] = {}
        for record in self.records:
            found.setdefault(record.name.normalized, []).append(record)
        return found

    def document(self) -> dict[str, list[dict[str, Any]]]:
        """The document of `search --json`: subdir -> records, newest first (Pixi's shape)."""
        found: dict[str, list[dict[str, Any]]] = {}
        for record in reversed(self.records):
            data: dict[str, Any] = json.loads(record.to_json())
            data.pop("indexed_timestamp", None)
            found.setdefault(record.subdir, []).append(data)
        return found


@dataclass(frozen=True)
class Where:
    """Which channels are asked, and for which subdirs."""

    channels: tuple[Channel, ...]
    subdirs: tuple[str, ...]
    config: Config
    s3_options: Any = None


def where(context: Context, channels: Sequence[str], platforms: Sequence[str]) -> Where:
    """What the flags and the workspace say; without a workspace (or with a broken one) the configuration.

    Raises PixiError for a platform that is none.
    """
    opened = _opened(context)
    config = opened.config if opened is not None else load_config(None, context.environ, context.settings)
    root = opened.root if opened is not None else context.cwd
    if channels:
        asked = tuple(Channel(channel_url(c, alias=config.channel_alias, root=context.cwd), c) for c in channels)
    elif opened is not None:
        asked = opened.environment("default").channels
    else:
        names = config.default_channels or ("conda-forge",)
        asked = tuple(Channel(channel_url(c, alias=config.channel_alias, root=root), c) for c in names)
    s3_options = opened.manifest.workspace.s3_options if opened is not None else None
    return Where(asked, _subdirs(opened, platforms), config, s3_options)


def _opened(context: Context) -> OpenWorkspace | None:
    try:
        return open_workspace(context, tolerate_lock=True)
    except PixiError as error:
        if error.code != "no-manifest":
            context.warn(f"The workspace cannot be read, so it is left out: {error.message}")
        return None


def _subdirs(opened: OpenWorkspace | None, platforms: Sequence[str]) -> tuple[str, ...]:
    declared = {p.name: p.subdir for p in opened.manifest.workspace.platforms} if opened is not None else {}
    if platforms:
        found = [declared.get(p, p) for p in platforms]
        for name in found:
            if not is_subdir(name):
                raise PixiError(f"'{name}' is not a known platform", code="unknown-platform")
        return tuple(dict.fromkeys(found))
    return tuple(dict.fromkeys((*(declared.values() or (current_subdir(), *COMMON)), "noarch")))


async def search(context: Context, text: str, at: Where) -> Found:
    """The records that match. Raises PixiError when nothing does (with near names), NetworkError."""
    import rattler
    from rattler.exceptions import GatewayError, InvalidMatchSpecError

    from ...solve.gateway import network, network_error

    channels, spec_text = at.channels, text
    if "::" in text:
        name, _, spec_text = text.partition("::")
        channels = (Channel(channel_url(name, alias=at.config.channel_alias, root=context.cwd), name),)
    try:
        spec = rattler.MatchSpec(spec_text, exact_names_only=False)
    except InvalidMatchSpecError as error:
        raise PixiError(f"'{text}' is no match spec: {error}") from None
    allowed(context.environ, at.config, at.s3_options).refuse_channels(channels)
    connected = network(at.config, context.environ, offline=context.offline, s3_options=at.s3_options or None)
    sources = [rattler.Channel(c.url) for c in channels]
    try:
        answers = await connected.gateway.query(
            sources, cast("Any", list(at.subdirs)), [spec], recursive=False, channel_relations="disabled"
        )
    except GatewayError as error:
        raise network_error(error, channels, offline=context.offline) from error
    records = sorted((r for rows in answers for r in rows if spec.matches(r)), key=_age)
    if not records:
        near = await _near(connected, spec_text, channels, at.subdirs)
        hint = "Try glob patterns like 'python*' or '*numpy*'"
        raise PixiError(
            f"No packages found matching '{text}'",
            help=f"Did you mean {' or '.join(near)}? {hint}" if near else hint,
            code="nothing",
        )
    return Found(tuple(records), channels)


def _age(record: rattler.RepoDataRecord) -> tuple[Any, ...]:
    """Records from old to new, as rattler orders them; one with track features counts as older."""
    stamp = record.timestamp.timestamp() if record.timestamp is not None else 0.0
    return (record.name.normalized, -len(record.track_features), record.version, record.build_number, stamp)


async def _near(connected: Any, text: str, channels: Sequence[Channel], subdirs: Iterable[str]) -> list[str]:
    import re

    from ...errors import NetworkError
    from ...solve.gateway import package_names

    name = (re.match(r"[A-Za-z0-9._-]*", text) or [""])[0].lower()
    if not name:
        return []
    subdir = next((s for s in subdirs if s != "noarch"), current_subdir())
    try:
        names = await package_names(connected, channels, subdir)
    except NetworkError:
        return []
    close = [n for n in names if abs(len(n) - len(name)) <= 2 and n[:1] == name[:1]]
    return get_close_matches(name, close, n=3, cutoff=0.7)
