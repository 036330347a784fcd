"""`exclude-newer` texts to instants, and which instant counts for which package of which channel.

Format and precedence are Pixi's (docs/reference/pixi_manifest.md, "exclude-newer"): a duration back from now, a plain
date (which includes that day), or an RFC 3339 instant; package before channel before workspace.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..environments.model import Channel
from ..errors import ManifestError
from ..manifest.model import Manifest

_SECONDS = {
    "ns": 1e-9, "nsec": 1e-9, "us": 1e-6, "usec": 1e-6, "ms": 1e-3, "msec": 1e-3, "millis": 1e-3,
    "s": 1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
    "m": 60, "min": 60, "mins": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400, "w": 604800, "wk": 604800, "week": 604800, "weeks": 604800,
    "M": 2630016, "month": 2630016, "months": 2630016, "y": 31557600, "yr": 31557600, "year": 31557600,
    "years": 31557600,
}  # fmt: skip


def instant(text: str, now: dt.datetime) -> dt.datetime:
    """The UTC instant that an `exclude-newer` text means. Raises ManifestError if it is none of the forms."""
    back = _duration(text)
    if back is not None:
        return now - back
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = dt.date.fromisoformat(text) + dt.timedelta(days=1)
            return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
        at = dt.datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(dt.UTC)
    except ValueError:
        pass
    raise ManifestError(
        f"'{text}' is no cut-off for exclude-newer",
        help="write a date (2026-05-01), an instant (2026-05-01T12:00:00Z) or a duration (7d)",
    )


def _duration(text: str) -> dt.timedelta | None:
    parts = re.findall(r"(\d+)\s*([A-Za-z]+)\s*", text)
    if not parts or re.fullmatch(r"(\s*\d+\s*[A-Za-z]+\s*)+", text) is None:
        return None
    if any(unit not in _SECONDS for _, unit in parts):
        return None
    return dt.timedelta(seconds=sum(int(number) * _SECONDS[unit] for number, unit in parts))


@dataclass(frozen=True)
class Cutoffs:
    """Instants after which nothing counts, for a whole workspace: in general, per channel URL and per package."""

    workspace: dt.datetime | None = None
    channels: Mapping[str, dt.datetime] = field(default_factory=dict)
    packages: Mapping[str, dt.datetime] = field(default_factory=dict)

    def of(self, channel: str, package: str) -> dt.datetime | None:
        """The instant that counts for this package of this channel (its URL); None if there is none."""
        return self.packages.get(package) or self.channels.get(channel) or self.workspace

    def touch(self, channel: str) -> bool:
        """Whether anything in that channel can be cut off."""
        return bool(self.workspace or self.packages or channel in self.channels)


def conda_cutoffs(manifest: Manifest, channels: Iterable[Channel], now: dt.datetime) -> Cutoffs:
    """The cut-offs for conda packages of an environment with these channels."""
    return Cutoffs(
        _maybe(manifest.workspace.exclude_newer, now),
        {c.url: instant(c.exclude_newer, now) for c in channels if c.exclude_newer is not None},
        {name: instant(text, now) for name, text in manifest.exclude_newer.items()},
    )


def pypi_cutoffs(manifest: Manifest, now: dt.datetime) -> Cutoffs:
    """The cut-offs for PyPI packages (upload times): in general and per package."""
    return Cutoffs(
        _maybe(manifest.workspace.exclude_newer, now),
        packages={name: instant(text, now) for name, text in manifest.pypi_exclude_newer.items()},
    )


def _maybe(text: str | None, now: dt.datetime) -> dt.datetime | None:
    return None if text is None else instant(text, now)
