"""Turns this installation into the program that PIXI_EXE names, for hooks that call it again."""

from __future__ import annotations

import os
import shutil
import sys


def executable() -> str:
    """What PIXI_EXE says: the `pixi` on PATH if there is one, else this program."""
    own = os.path.join(os.path.dirname(sys.executable), "jupyter-pixi")  # noqa: PTH118, PTH120 - not resolved
    beside = own if os.access(own, os.X_OK) else None
    found = shutil.which("pixi") or shutil.which("jupyter-pixi") or beside
    return found or os.path.realpath(sys.argv[0] or sys.executable)
