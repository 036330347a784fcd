"""What an operation is given besides its own arguments: where it runs, for whom, and what it may do."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from ..events import Note, Sink, Warn, silent


@dataclass(frozen=True)
class Loaded:
    """A distribution that the calling kernel has imported, and the files of it that are in use."""

    name: str
    version: str
    files: tuple[str, ...] = ()


class ChangedFile(NamedTuple):
    """A module's file that is not what the calling kernel imported; `listing` is what was installed then, by number.

    `told` says that the user was told of it.
    """

    path: str
    module: str
    listing: str
    told: bool = False


class Replaced(NamedTuple):
    """A file that the calling kernel has mapped, and of which another (or none) is on disk now."""

    path: str
    told: bool = False


@dataclass(frozen=True)
class Caller:
    """The kernel on whose behalf an operation runs, as its bridge describes it (`kernels/bridge/caller.py`)."""

    environment: str
    manifest: str
    prefix: str
    kernel: str | None = None
    pid: int | None = None
    python: str | None = None
    loaded: tuple[Loaded, ...] = ()
    mapped: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    changed: tuple[ChangedFile, ...] = ()
    listings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    replaced: tuple[Replaced, ...] = ()

    @classmethod
    def from_json(cls, text: str) -> Caller | None:
        """The caller of a bridge's document; None when it is empty or not one (then there is no kernel to care for)."""
        try:
            data: Any = json.loads(text)
            loaded = tuple(
                Loaded(str(d["name"]), str(d["version"]), tuple(map(str, d.get("files", ()))))
                for d in data.get("loaded", ())
            )
            return cls(
                environment=str(data["environment"]),
                manifest=str(data["manifest"]),
                prefix=str(data["prefix"]),
                kernel=data.get("kernel"),
                pid=data.get("pid"),
                python=data.get("python"),
                loaded=loaded,
                mapped=tuple(map(str, data.get("mapped", ()))),
                modules=tuple(map(str, data.get("modules", ()))),
                changed=tuple(
                    ChangedFile(str(d["path"]), str(d["module"]), str(d["listing"]), bool(d["told"]))
                    for d in data.get("changed", ())
                ),
                listings={str(k): tuple(map(str, names)) for k, names in dict(data.get("listings", {})).items()},
                replaced=tuple(Replaced(str(d["path"]), bool(d["told"])) for d in data.get("replaced", ())),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


@dataclass(frozen=True)
class Context:
    """The surroundings of an operation. `environ` is the environment of variables to honour (PIXI_*, CONDA_*)."""

    cwd: Path = field(default_factory=Path.cwd)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    sink: Sink = silent
    manifest_path: Path | None = None
    caller: Caller | None = None
    command: tuple[str, ...] = ()  # as the user gave it, for the history
    frozen: bool = False
    locked: bool = False
    no_install: bool = False
    offline: bool = False
    script: Path | None = None  # a Python file with an inline block, in a workspace's place
    settings: str = ""  # what flags say, as a layer of configuration (TOML)

    def note(self, text: str) -> None:
        """Tell the user something."""
        self.sink(Note(text))

    def warn(self, text: str, code: str | None = None) -> None:
        """Warn the user; the operation goes on."""
        self.sink(Warn(text, code))

    def with_variables(self) -> Context:
        """The same, with what PIXI_FROZEN, PIXI_LOCKED, PIXI_NO_INSTALL and PIXI_OFFLINE ask for."""
        return replace(
            self,
            frozen=self.frozen or truthy(self.environ.get("PIXI_FROZEN")),
            locked=self.locked or truthy(self.environ.get("PIXI_LOCKED")),
            no_install=self.no_install or truthy(self.environ.get("PIXI_NO_INSTALL")),
            offline=self.offline or truthy(self.environ.get("PIXI_OFFLINE")),
        )


def truthy(value: str | None) -> bool:
    """Whether a variable switches something on, as Pixi reads its PIXI_* flags ("true"; "1" is accepted as well)."""
    return value is not None and value.strip().lower() in ("true", "1", "yes", "on")
