"""`exclude-newer` of workspace, channels and packages -> the instant after which a package does not count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from ..manifest.grammar import parse_cutoff
from ..manifest.model import Manifest
from .model import Channel


@dataclass(frozen=True)
class Cutoffs:
    """Instants (UTC): one for all, one per channel URL, one per conda or PyPI package; package before channel before
    all. Nothing is excluded where none is given."""

    general: datetime | None = None
    channels: Mapping[str, datetime] = field(default_factory=dict)
    packages: Mapping[str, datetime] = field(default_factory=dict)
    pypi_packages: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether no conda package can be excluded."""
        return self.general is None and not self.channels and not self.packages

    def for_conda(self, name: str, channel: str | None) -> datetime | None:
        """The instant for a conda package (lower-case name) from a channel (URL, with or without its last slash)."""
        found = self.packages.get(name)
        if found is None and channel is not None:
            found = self.channels.get(channel.rstrip("/") + "/")
        return found if found is not None else self.general


def cutoffs(manifest: Manifest, channels: tuple[Channel, ...], now: datetime | None = None) -> Cutoffs:
    """The instants for an environment with these channels; durations count back from `now`."""
    present = now or datetime.now(UTC)

    def instant(text: str) -> datetime:
        parsed = parse_cutoff(text)
        if isinstance(parsed, timedelta):
            try:
                return present - parsed
            except OverflowError:
                return datetime.min.replace(tzinfo=UTC)
        return parsed

    general = manifest.workspace.exclude_newer
    return Cutoffs(
        general=instant(general) if general is not None else None,
        channels={c.url: instant(c.exclude_newer) for c in channels if c.exclude_newer is not None},
        packages={name: instant(text) for name, text in manifest.exclude_newer.items()},
        pypi_packages={name: instant(text) for name, text in manifest.pypi_exclude_newer.items()},
    )
