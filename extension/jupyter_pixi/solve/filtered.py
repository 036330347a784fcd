"""A channel to the records of it that may be taken: old enough, and offline only those that can be had without it.

Pixi has a cut-off per channel and package where the library takes a single one; and offline it takes a package only
when it is in the package cache, with the same sha256, or in a channel that is a folder (Pixi 0.75's release notes).
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..environments.cutoffs import Cutoffs
from ..environments.model import Channel
from ..prefix.shared_cache import shared_caches

if TYPE_CHECKING:
    import rattler

NAMED = 10
"""How many of the packages that are not at hand a message names."""


def sources(
    channels: Sequence[Channel], gateway: rattler.Gateway, cutoffs: Cutoffs, at_hand: AtHand | None = None
) -> list[Any]:
    """The channels for the solver, each as a source that hides what may not be taken where there is such a thing."""
    import rattler

    found: list[Any] = []
    for channel in channels:
        inner = rattler.Channel(channel.url)
        cut = cutoffs.general or cutoffs.packages or channel.url in cutoffs.channels
        if not cut and (at_hand is None or channel.url.startswith("file:")):
            found.append(inner)
        else:
            found.append(_Filtered(inner, gateway, cutoffs, at_hand))
    return found


def recent(records: Sequence[rattler.RepoDataRecord], cutoffs: Cutoffs) -> list[rattler.RepoDataRecord]:
    """The records that no cut-off forbids."""
    return [
        record for record in records if _old_enough(record, cutoffs.for_conda(record.name.normalized, record.channel))
    ]


async def package_indexes(cache: Path, environ: Mapping[str, str]) -> tuple[rattler.CacheIndex, ...]:
    """What the package cache below a cache folder holds now, and what shared ones do."""
    import rattler

    own = await rattler.PackageCache(cache / "pkgs").index()
    return (own, *(shared.index for shared in await shared_caches(environ)))


class AtHand:
    """Which records can be installed without a network. Remembers what it was asked about and does not have."""

    def __init__(self, indexes: Sequence[rattler.CacheIndex] | None) -> None:
        """`indexes` are what package caches hold; None for another machine's platform: then every record counts."""
        self._indexes = indexes
        self._shut_out: dict[str, rattler.RepoDataRecord | None] = {}
        self._offered: set[str] = set()

    def has(self, record: rattler.RepoDataRecord) -> bool:
        """Whether a record is in the cache, or in a local channel."""
        name = record.name.normalized
        held = self._indexes is None or any(index.contains_record(record) for index in self._indexes)
        if held or record.url.startswith("file:"):
            self._offered.add(name)
            return True
        known = self._shut_out.get(name)
        if known is None or known.version < record.version:
            self._shut_out[name] = record
        return False

    def misses(self, name: str) -> None:
        """Nothing is known of a package: the channel's index names it, and its records were never fetched."""
        self._shut_out.setdefault(name, None)

    def explanation(self, text: str) -> str | None:
        """What was shut out, for a solve that failed with a text: what it names, and packages of which nothing is at
        hand. None if there are none.
        """
        words = set(re.findall(r"[\w.-]+", text))
        names = [n for n in sorted(self._shut_out) if n in words or n not in self._offered]
        records = ((name, self._shut_out[name]) for name in sorted(names, key=lambda n: n not in words))
        missing = [name if r is None else f"{name} {r.version} {r.build}" for name, r in records]
        if not missing:
            return None
        more = f" and {len(missing) - NAMED} more" if len(missing) > NAMED else ""
        return f"excluded because not available locally: {', '.join(missing[:NAMED])}{more}"


def _old_enough(record: rattler.RepoDataRecord, cutoff: dt.datetime | None) -> bool:
    """Whether a record was built before the cut-off; one without a time stamp always counts, as in Pixi."""
    if cutoff is None or record.timestamp is None:
        return True
    built = record.timestamp
    return (built if built.tzinfo else built.replace(tzinfo=dt.UTC)) <= cutoff


class _Filtered:
    """A channel without the records that may not be taken (a rattler RepoDataSource)."""

    def __init__(
        self, channel: rattler.Channel, gateway: rattler.Gateway, cutoffs: Cutoffs, at_hand: AtHand | None
    ) -> None:
        self._channel, self._gateway, self._cutoffs, self._at_hand = channel, gateway, cutoffs, at_hand

    async def fetch_package_records(
        self, platform: rattler.Platform, name: rattler.PackageName
    ) -> list[rattler.RepoDataRecord]:
        """What the channel offers under a name, as far as it may be taken."""
        text: Any = name
        while not isinstance(text, str):  # py-rattler 0.28 hands over a name wrapped in a name
            text = text.normalized
        cutoff = self._cutoffs.for_conda(text, self._channel.base_url)
        records = [r for r in await self._records(platform, text) if _old_enough(r, cutoff)]
        return records if self._at_hand is None else [r for r in records if self._at_hand.has(r)]

    async def _records(self, platform: rattler.Platform, name: str) -> list[rattler.RepoDataRecord]:
        from rattler.exceptions import GatewayError

        try:
            found = await self._gateway.query(
                [self._channel], [platform], [name], recursive=False, channel_relations="disabled"
            )
        except GatewayError as error:
            if self._at_hand is None or f"package '{name}' is not in the cache" not in str(error):
                raise
            self._at_hand.misses(name)
            return []
        return [record for records in found for record in records]

    def package_names(self, platform: rattler.Platform) -> list[str]:
        """Nothing: the solver asks by name."""
        return []
