"""Makes workspaces whose prefixes are virtual environments, with the state file that an install would have left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jupyter_pixi import trust
from jupyter_pixi.digests import file_digest
from jupyter_pixi.kernels import current
from jupyter_pixi.prefix.statefile import host_facts

MANIFEST = """\
[workspace]
name = "weather"
channels = ["https://channels.example/tiny"]
platforms = ["linux-64"]

[dependencies]
ipykernel = "*"

[feature.gpu.dependencies]
python = "*"

[environments]
cuda = ["gpu"]
"""
LOCK = "version: 7\nenvironments: {}\npackages: []\n"


def make_environment(folder: Path, *requirements: str) -> Path:
    """A virtual environment at `folder` with packages from PyPI, as uv makes it (from its cache, mostly)."""
    from uv import find_uv_bin

    uv = find_uv_bin()
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
    if requirements:
        command = [uv, "pip", "install", "-q", "--python", str(folder / "bin/python"), *requirements]
        subprocess.run(command, check=True)
    return folder


class Workspace:
    """A workspace on disk with one installed environment, `default`, and a user's home beside it."""

    def __init__(
        self, folder: Path, environment: Path, manifest: str = MANIFEST, environ: Mapping[str, str] | None = None
    ) -> None:
        self.root = folder / "weather"
        self.root.mkdir(parents=True)
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self.environ = dict(environ) if environ is not None else _environ(self.home)
        self.manifest = self.root / "pixi.toml"
        self.manifest.write_text(manifest)
        self.lock = self.root / "pixi.lock"
        self.lock.write_text(LOCK)
        self.prefix = self.root / ".pixi/envs/default"
        self.prefix.parent.mkdir(parents=True)
        self.prefix.symlink_to(environment)
        self.state_file = self.prefix / current.STATE_FILE

    def trust(self, *files: str) -> None:
        """The user agrees to what stands there now."""
        trust.record(str(self.root), [str(self.manifest), str(self.lock), *files], self.environ)

    def install(self, activation: Mapping[str, Any] | None = None, **changes: Any) -> None:
        """Writes the marks of a finished install for what the manifest and the lock now say."""
        meta = self.prefix / "conda-meta"
        meta.mkdir(exist_ok=True)
        (meta / ".pixi-environment-fingerprint").write_text("2d06800538d394c2")
        (meta / "pixi").write_text(json.dumps({"environment_lock_file_hash": "12729dbafa3e2072"}))
        variables = {
            "CONDA_PREFIX": str(self.prefix),
            "CONDA_DEFAULT_ENV": "weather",
            "PIXI_PROJECT_ROOT": str(self.root),
            "PIXI_ENVIRONMENT_NAME": "default",
            "PIXI_IN_SHELL": "1",
        }
        extra = dict(activation or {})
        variables.update(extra.pop("variables", {}))
        state = {
            "version": 1,
            "manifest": {"path": str(self.manifest), "sha256": file_digest(str(self.manifest))},
            "lock": {"sha256": file_digest(str(self.lock))},
            "config_sha256": current.config_digest(str(self.root), self.environ),
            "environment": "default",
            "requirements": ["__unix", "__glibc >=2.17"],
            "host": host_facts(self.environ),
            "fingerprint": "2d06800538d394c2",
            "hash": "12729dbafa3e2072",
            "prefix": str(self.prefix),
            "activation": {"path": [str(self.prefix / "bin")], "variables": variables, **_plain(), **extra},
            "kernels": kernels_in(self.prefix),
            "python": {"version": sys.version.split()[0], "executable": str(self.prefix / "bin/python"), "abi": "cp"},
            **changes,
        }
        self.state_file.write_text(json.dumps(state, indent=1))

    def publish(self, target: Path, *kernels: str) -> None:
        """Writes kernelspecs for the prefix's kernels (and those named) below `target`/share/jupyter/kernels."""
        from jupyter_pixi.kernels import install, specs
        from jupyter_pixi.prefix.kernels import Kernel

        state = json.loads(self.state_file.read_text()) if self.state_file.exists() else {"kernels": {}}
        offers = [
            specs.Offer(self.manifest, "weather", "default", Kernel(name, "python", name, ("python",)))
            for name in (*state["kernels"], *kernels)
        ]
        install.install(specs.specs(offers), install.directory(prefix=target))


def _environ(home: Path) -> dict[str, str]:
    """The variables of a host whose home is this one."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "JUPYTER", "IPYTHON"))}
    return {**own, "HOME": str(home), "IPYTHONDIR": str(home / ".ipython")}


def _plain() -> dict[str, Any]:
    return {"needs_shell": False, "scripts": [], "env": {}}


def kernels_in(prefix: Path) -> dict[str, Any]:
    """The kernels that a prefix brings, as an install records them."""
    found = {}
    for path in sorted(prefix.glob("share/jupyter/kernels/*/kernel.json")):
        document = json.loads(path.read_text())
        found[path.parent.name] = {**document, "dir": str(path.parent)}
    return found
