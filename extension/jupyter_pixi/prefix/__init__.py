"""Turns a locked environment into an installed prefix, and tells what a prefix holds, lacks and activates.

The names below are loaded when they are asked for: the kernel launcher imports single light modules of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .installation import install as install
    from .readiness import Readiness as Readiness
    from .readiness import state as state
    from .request import InstallReport as InstallReport
    from .request import InstallRequest as InstallRequest
    from .wanted import Filters as Filters

_HOME = {
    "install": "installation",
    "Readiness": "readiness",
    "state": "readiness",
    "InstallReport": "request",
    "InstallRequest": "request",
    "Filters": "wanted",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_HOME[name]}", __name__), name)
