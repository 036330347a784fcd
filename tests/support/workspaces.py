"""Turns a manifest's text into a workspace on disk, and command lines into finished child processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_pixi.demo.python_package import interpreter

from .homes import Home

PLAIN = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
python = "*"
ipykernel = "*"
"""

WITH_CUDA = """\
[workspace]
name = "{name}"
channels = []
platforms = ["linux-64", "osx-arm64", { name = "gpu", platform = "linux-64", cuda = "99" }]

[feature.lab.dependencies]
python = "*"
ipykernel = "*"

[feature.cuda]
platforms = ["gpu"]

[environments]
cpu = ["lab"]
cuda = ["lab", "cuda"]
"""
"""Two environments, one of which runs nowhere, and nothing to fetch."""


def write_manifest(root: Path, text: str, channel: str = "") -> Path:
    """Writes a pixi.toml into a folder, which is made if it is missing. Returns its path.

    `{name}` (the folder's), `{channel}` and `{subdir}` (this machine's platform) in the text are filled in; braces of
    TOML tables need no doubling.
    """
    for key, value in {"name": root.name, "channel": channel, "subdir": interpreter().subdir}.items():
        text = text.replace("{" + key + "}", value)
    root.mkdir(parents=True, exist_ok=True)
    (root / "pixi.toml").write_text(text)
    return root / "pixi.toml"


def run_engine(*argv: str, cwd: Path, home: Home, env: Mapping[str, str] | None = None, timeout: float = 120):
    """Runs `jupyter pixi ARGV…` as a child and waits. Returns its `CompletedProcess`, stdout and stderr as text."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "jupyter_pixi", *argv],
        cwd=cwd,
        env=home.environ | dict(env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass(frozen=True)
class Workspace:
    """A workspace's folder in somebody's home."""

    root: Path
    home: Home

    @property
    def manifest(self) -> Path:
        """Its pixi.toml."""
        return self.root / "pixi.toml"

    @property
    def lock(self) -> Path:
        """Its pixi.lock, there or not."""
        return self.root / "pixi.lock"

    def prefix(self, environment: str = "default") -> Path:
        """Where an environment is installed."""
        return self.root / ".pixi/envs" / environment

    def run(self, *argv: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """The command in this folder, however it ends."""
        return run_engine(*argv, cwd=self.root, home=self.home, **options)

    def do(self, *argv: str, **options: Any) -> str:
        """The command in this folder, which must succeed. Returns its stdout."""
        done = self.run(*argv, **options)
        assert done.returncode == 0, f"{' '.join(argv)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *argv: str, **options: Any) -> Any:
        """The document that the command prints with `--json`."""
        return json.loads(self.do(*argv, "--json", **options))

    def state(self) -> dict[str, bytes]:
        """Manifest and lock byte for byte, to see that nothing changed."""
        return {path.name: path.read_bytes() for path in (self.manifest, self.lock) if path.exists()}
