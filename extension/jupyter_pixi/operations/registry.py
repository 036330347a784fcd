"""Turns the name of a registered workspace into its manifest (Pixi's `workspaces.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import PixiError, Place

FILE = "workspaces.toml"


def registry_path(environ: Mapping[str, str]) -> Path:
    """Where Pixi keeps its registry: `$PIXI_HOME/workspaces.toml`, else `~/.pixi/workspaces.toml`."""
    home = environ.get("PIXI_HOME")
    return (Path(home) if home else Path.home() / ".pixi") / FILE


def registered(environ: Mapping[str, str]) -> dict[str, Path]:
    """Name -> path of every registered workspace. Raises PixiError for a registry that cannot be read."""
    import tomllib

    path = registry_path(environ)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise PixiError(f"The registry of workspaces cannot be read: {error}", place=Place(path)) from None
    named = data.get("named-workspaces", {})
    return {str(k): Path(str(v)) for k, v in named.items()} if isinstance(named, dict) else {}


def manifest_of(name: str, environ: Mapping[str, str]) -> Path:
    """The manifest (or folder) that is registered under the name. Raises PixiError when there is none."""
    found = registered(environ)
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise PixiError(f"workspace '{name}' is not registered", help=f"Registered are: {known}.")
    return found[name]
