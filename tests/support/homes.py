"""Turns an empty folder into a home: the environment variables of a user who has never used anything here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_OURS = ("PIXI", "CONDA", "JUPYTER", "JPY_", "IPYTHON", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "MAMBA", "RATTLER")
_SLOW = ("PYTHONDONTWRITEBYTECODE",)
"""Without compiled modules every process of a test would compile them anew, as no installed package has to."""


@dataclass(frozen=True)
class Home:
    """A private home folder and the whole environment of processes that live in it."""

    path: Path
    environ: dict[str, str]

    @property
    def kernels(self) -> Path:
        """The prefix to publish kernelspecs to (`kernels install --prefix`); it is on JUPYTER_PATH."""
        return self.path / "jupyter-prefix"


def make_home(path: Path, package_cache: Path) -> Home:
    """A home under `path`. `package_cache` is shared by several, so that a package is unpacked once."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith((*_OURS, *_SLOW))}
    folders = {
        "HOME": path,
        "PIXI_HOME": path / ".pixi",
        "PIXI_CACHE_DIR": package_cache,
        "RATTLER_CACHE_DIR": package_cache,
        "XDG_CACHE_HOME": path / ".cache",
        "XDG_CONFIG_HOME": path / ".config",
        "XDG_DATA_HOME": path / ".local/share",
        "XDG_STATE_HOME": path / ".local/state",
        "XDG_RUNTIME_DIR": path / ".run",
        "JUPYTER_CONFIG_DIR": path / ".jupyter",
        "JUPYTER_DATA_DIR": path / ".local/share/jupyter",
        "JUPYTER_RUNTIME_DIR": path / ".run/jupyter",
        "JUPYTER_PATH": path / "jupyter-prefix/share/jupyter",
        "IPYTHONDIR": path / ".ipython",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    (path / ".run").chmod(0o700)
    settings = {"NO_COLOR": "1", "PIXI_NO_WRAP": "1", "PYTHONFAULTHANDLER": "1"}
    return Home(path, kept | {key: str(value) for key, value in folders.items()} | settings)
