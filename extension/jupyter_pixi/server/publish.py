"""Turns kernelspecs as data into directories that a running Jupyter server lists, whole at every moment."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import system

if TYPE_CHECKING:  # what makes kernelspecs is loaded by the thread that looks, not by the server's start
    from ..kernels.specs import Spec

_TURN = 0.0005
"""Seconds between two kernelspecs: many small writes in a row would leave the server's event loop no turn."""


class KernelDirectory:
    """A private directory of kernelspecs, for as long as the server runs.

    The server reads it at any time, so a kernelspec comes and goes by renaming its directory and changes by replacing
    its files, and what is prepared or thrown away stands beside the one that is read.
    """

    def __init__(self, parent: Path) -> None:
        """`parent` is made if it is missing; what ended servers left in it is removed."""
        parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove_left_over(parent)
        self._home = Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))
        self.path = self._home / "kernels"
        self.path.mkdir()
        self._written: dict[str, str] = {}

    def write(self, specs: Mapping[str, Spec]) -> bool:
        """Make the directory hold exactly these kernelspecs (by name); returns whether anything changed."""
        wanted = {name: _signature(spec) for name, spec in specs.items()}
        if wanted == self._written:
            return False
        for name in self._written.keys() - wanted.keys():
            self._discard(name)
        for name, signature in wanted.items():
            if self._written.get(name) != signature:
                self._place(name, specs[name])
                time.sleep(_TURN)
        self._written = wanted
        return True

    def remove(self) -> None:
        """Take everything away."""
        shutil.rmtree(self._home, ignore_errors=True)

    def _place(self, name: str, spec: Spec) -> None:
        prepared = Path(tempfile.mkdtemp(prefix="new-", dir=self._home))
        (prepared / "kernel.json").write_text(json.dumps(spec.document, indent=1), encoding="utf-8")
        for file, source in spec.resources.items():
            try:
                shutil.copyfile(source, prepared / file)
            except OSError:
                continue  # a logo that is gone: the card shows a letter instead
        target = self.path / name
        if not target.exists():
            prepared.rename(target)
            return
        # File by file: between two renamed directories there would be a moment without the kernel.
        files = {path.name for path in prepared.iterdir()}
        for file in sorted(files):
            (prepared / file).replace(target / file)
        for path in target.iterdir():
            if path.name not in files:
                path.unlink()
        prepared.rmdir()

    def _discard(self, name: str) -> None:
        target = self.path / name
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix="old-", dir=self._home))
            target.rename(old / name)
            shutil.rmtree(old, ignore_errors=True)


def _signature(spec: Spec) -> str:
    files = {name: (str(path), _modified(path)) for name, path in spec.resources.items()}
    return json.dumps([spec.document, files], sort_keys=True, default=str)


def _modified(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _remove_left_over(parent: Path) -> None:
    for folder in parent.iterdir():
        pid = folder.name.partition("-")[0]
        if pid.isdecimal() and not system.is_alive(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
