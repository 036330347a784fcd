"""pixi.toml, pyproject.toml, mojoproject.toml or a script's block -> a typed, validated Manifest."""

from __future__ import annotations

from .discover import find_manifest
from .model import Manifest
from .read import parse_manifest, place_of, read_manifest

__all__ = ["Manifest", "find_manifest", "parse_manifest", "place_of", "read_manifest"]
