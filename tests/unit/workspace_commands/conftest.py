"""A folder to run commands in, with a home and a channel of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PACKAGES = {
    "lib": ("1.0", "1.1", "2.0"),
    "tool": ("1.0.0",),
    "app": ("1.0", "2.0"),
}
DEPENDS = {("app", "1.0"): ["lib >=1,<2", "tool"], ("app", "2.0"): ["lib >=2", "tool"]}
SUBDIRS = ("linux-64", "linux-aarch64", "osx-arm64", "win-64", "noarch")


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.out)


@pytest.fixture
def channel(tmp_path: Path) -> str:
    """The URL of a channel with a handful of packages for every subdir."""
    folder = tmp_path / "channel"
    for subdir in SUBDIRS:
        (folder / subdir).mkdir(parents=True)
        rows = {}
        for name, versions in PACKAGES.items() if subdir != "noarch" else ():
            for number, version in enumerate(versions):
                rows[f"{name}-{version}-h0_0.conda"] = {
                    "build": "h0_0",
                    "build_number": 0,
                    "depends": DEPENDS.get((name, version), []),
                    "md5": f"{number:032x}",
                    "name": name,
                    "sha256": f"{abs(hash((name, version, subdir))):064x}"[:64],
                    "size": 1000 + number,
                    "subdir": subdir,
                    "timestamp": 1700000000000 + number,
                    "version": version,
                }
        document = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": rows, "repodata_version": 1}
        (folder / subdir / "repodata.json").write_text(json.dumps(document))
    return folder.as_uri()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the commands; the user's own configuration stays out of it."""
    import os

    for name in list(os.environ):
        if name.startswith(("PIXI", "CONDA")):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    for name, value in {"HOME": home, "PIXI_HOME": home / ".pixi", "PIXI_CACHE_DIR": tmp_path / "cache"}.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(home / ".state"))
    work = tmp_path / "ws"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def pixi(folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs a command line in the folder."""
    from jupyter_pixi.cli.main import main

    def run(*words: str) -> Ran:
        capfd.readouterr()
        status = main(list(words))
        out, err = capfd.readouterr()
        return Ran(status, out, err)

    return run


@pytest.fixture
def manifest(folder: Path, channel: str) -> Path:
    """A workspace for two platforms, with a feature and an environment."""
    path = folder / "pixi.toml"
    path.write_text(
        f"""[workspace]
name = "ws"
channels = ["{channel}"] # where from
platforms = ["linux-64", "osx-arm64"]

[dependencies]
tool = "*" # keep me

[feature.f.dependencies]
lib = "<2"

[environments]
e = ["f"]
"""
    )
    return path
