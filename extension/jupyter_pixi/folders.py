"""The environment of a process -> the folders of this user where things are kept outside a workspace.

The XDG base directory specification on Linux, the platform's own places elsewhere. Imports nothing that a kernel's
start would notice, and creates nothing but by `private`.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "jupyter-pixi"


def data(environ: Mapping[str, str]) -> str:
    """Where records are kept that must not be lost (trust): `~/.local/share/jupyter-pixi`."""
    if sys.platform == "win32":
        return os.path.join(environ.get("APPDATA") or _home(environ), NAME)
    if sys.platform == "darwin":
        return os.path.join(_home(environ), "Library", "Application Support", NAME)
    return os.path.join(_xdg(environ, "XDG_DATA_HOME", ".local/share"), NAME)


def cache(environ: Mapping[str, str]) -> str:
    """Where things are kept that can be made again (overlays): `~/.cache/jupyter-pixi`."""
    if sys.platform == "win32":
        return os.path.join(environ.get("LOCALAPPDATA") or _home(environ), NAME, "Cache")
    if sys.platform == "darwin":
        return os.path.join(_home(environ), "Library", "Caches", NAME)
    return os.path.join(_xdg(environ, "XDG_CACHE_HOME", ".cache"), NAME)


def runtime(environ: Mapping[str, str]) -> str:
    """Where running processes of this user meet (locks, progress): under XDG_RUNTIME_DIR, else under the cache."""
    folder = environ.get("XDG_RUNTIME_DIR")
    if folder and os.path.isabs(folder) and os.access(folder, os.W_OK):
        return os.path.join(folder, NAME)
    return os.path.join(cache(environ), "runtime")


def private(folder: str) -> str:
    """The folder, made for this user alone (0700) if it is missing. Raises OSError."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return folder


def _home(environ: Mapping[str, str]) -> str:
    return environ.get("HOME") or os.path.expanduser("~")


def _xdg(environ: Mapping[str, str], variable: str, default: str) -> str:
    folder = environ.get(variable)
    # A relative path is to be ignored (XDG base directory specification).
    return folder if folder and os.path.isabs(folder) else os.path.join(_home(environ), default)
