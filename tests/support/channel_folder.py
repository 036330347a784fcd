"""A channel of records without archives: metadata to solve with, no network and nothing to install."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

BUILT = 1_700_000_000_000  # milliseconds: 2023-11-14T22:13:20Z


@dataclass
class ChannelFolder:
    """A channel as a folder with repodata.json."""

    path: Path
    records: dict[str, dict[str, dict]] = field(default_factory=dict)

    def add(self, name: str, version: str, *depends: str, subdir: str = "linux-64", build: str = "0", **more) -> str:
        """Adds a record; its time stamp is `BUILT` unless given. Returns the file's name."""
        file = f"{name}-{version}-{build}.conda"
        self.records.setdefault(subdir, {})[file] = {
            "name": name,
            "version": version,
            "build": build,
            "build_number": 0,
            "subdir": subdir,
            "depends": list(depends),
            "sha256": hashlib.sha256(f"{subdir}/{file}".encode()).hexdigest(),
            "timestamp": BUILT,
            **({"noarch": "generic"} if subdir == "noarch" else {}),
            **more,
        }
        for folder in {subdir, "noarch", "linux-64", "osx-arm64", "win-64"}:
            (self.path / folder).mkdir(parents=True, exist_ok=True)
            data = {"info": {"subdir": folder}, "packages": {}, "packages.conda": self.records.get(folder, {})}
            (self.path / folder / "repodata.json").write_text(json.dumps(data))
        return file

    @property
    def url(self) -> str:
        """Its file:// URL."""
        return self.path.as_uri()
