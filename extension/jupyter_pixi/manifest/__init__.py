"""pixi.toml, pyproject.toml, mojoproject.toml or a script's block -> a typed, validated Manifest.

The names below are imported when they are first used: who needs only the model should not wait for the readers.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .discover import Found, find_manifest
    from .model import Manifest
    from .read import parse_manifest, place_of, read_manifest
    from .script import parse_script, read_script

_HOMES = {
    "Found": "discover",
    "Manifest": "model",
    "find_manifest": "discover",
    "parse_manifest": "read",
    "parse_script": "script",
    "place_of": "read",
    "read_manifest": "read",
    "read_script": "script",
}

__all__ = [
    "Found",
    "Manifest",
    "find_manifest",
    "parse_manifest",
    "parse_script",
    "place_of",
    "read_manifest",
    "read_script",
]


def __getattr__(name: str) -> Any:
    """A public name, from the module that defines it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
