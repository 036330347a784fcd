"""pixi.lock as data: reading any version, writing version 7, what a package is, whether it still fits, what changed.

`packages`, `records`, `check` and `diff` are modules of their own.
"""

from __future__ import annotations

from .model import CURRENT_VERSION, LockEnvironment, LockFile, LockOptions, LockPlatform, Package
from .platforms import with_platform_names
from .read import LockTooNew, load, read_lock
from .write import write_lock

__all__ = [
    "CURRENT_VERSION",
    "LockEnvironment",
    "LockFile",
    "LockOptions",
    "LockPlatform",
    "LockTooNew",
    "Package",
    "load",
    "read_lock",
    "with_platform_names",
    "write_lock",
]
