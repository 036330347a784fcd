"""A channel of records without archives, workspaces on it, and a lock from the solver: no network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose
from jupyter_pixi.events import Event
from jupyter_pixi.lockfile import LockFile
from jupyter_pixi.lockfile import packages as locked
from jupyter_pixi.manifest import parse_manifest
from jupyter_pixi.solve import LockRequest, update_lock
from support.channel_folder import BUILT, ChannelFolder


@dataclass
class Space:
    """A workspace whose manifest is text; `lock` gives what the solver makes of it."""

    root: Path
    channel: ChannelFolder
    environ: dict[str, str]
    events: list[Event] = field(default_factory=list)

    def request(self, text: str, **more) -> LockRequest:
        """A request for a manifest: `[workspace]` is written here, with the channel and linux-64."""
        if "[workspace]" not in text:
            text = f'[workspace]\nname = "w"\nchannels = ["{self.channel.url}"]\nplatforms = ["linux-64"]\n' + text
        manifest = parse_manifest(text.encode(), self.root / "pixi.toml")
        more.setdefault("config", Config())
        environments = compose(manifest, more["config"])
        return LockRequest(manifest, environments, environ=self.environ, **more)

    def lock(self, text: str, **more) -> LockFile:
        """The lock of a manifest."""
        return asyncio.run(update_lock(self.request(text, **more), self.events.append))


def shown(lock: LockFile, environment: str = "default", platform: str = "linux-64") -> dict[str, str | None]:
    """Names and versions of what is locked for a pair."""
    return {locked.name(p): locked.version(p) for p in lock.environments[environment].packages.get(platform, ())}


@pytest.fixture
def channel(tmp_path: Path) -> ChannelFolder:
    """A channel with two versions of `lib` and an `app` that needs it."""
    made = ChannelFolder(tmp_path / "channel")
    made.add("lib", "1.0")
    made.add("lib", "2.0", timestamp=BUILT + 86_400_000)
    made.add("app", "1.0", "lib", subdir="noarch")
    return made


@pytest.fixture
def space(tmp_path: Path, channel: ChannelFolder) -> Space:
    """A workspace on that channel, with a cache of its own."""
    root = tmp_path / "ws"
    root.mkdir()
    environ = {"PIXI_CACHE_DIR": str(tmp_path / "cache"), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    return Space(root, channel, environ)


@pytest.fixture(name="shown")
def shown_fixture() -> Callable[..., dict[str, str | None]]:
    """`shown` for tests."""
    return shown
