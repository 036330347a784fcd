"""Turns a registered name into a workspace's manifest, and a workspace into an entry (Pixi's `workspaces.toml`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ... import system
from ...errors import PixiError, Place
from ...manifest.values import key_text, value_text

FILE = "workspaces.toml"
TABLE = "named-workspaces"


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
    named = data.get(TABLE, {})
    return {str(k): Path(str(v)) for k, v in named.items()} if isinstance(named, dict) else {}


def manifest_of(name: str, environ: Mapping[str, str]) -> Path:
    """The manifest (or folder) that is registered under the name. Raises PixiError when there is none."""
    found = registered(environ)
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise PixiError(f"workspace '{name}' is not registered", help=f"Registered are: {known}.")
    return found[name]


def register(name: str, path: Path, environ: Mapping[str, str], *, force: bool = False) -> None:
    """Give a workspace a name. Raises PixiError when the name is another's (without `force`) or the path is none."""
    found = registered(environ)
    if name in found and not force:
        raise PixiError(
            f"Workspace with name '{name}' is already registered.",
            help=f"It is {found[name]}. Use --force to overwrite it, or --name to choose another name.",
        )
    if not path.exists():
        raise PixiError(f"'{path}' does not exist.")
    _write({**found, name: path}, environ)


def unregister(name: str, environ: Mapping[str, str]) -> None:
    """Forget a name. Raises PixiError when it is not known."""
    found = registered(environ)
    if name not in found:
        raise PixiError(f"Workspace '{name}' is not found.", help=f"Registered: {', '.join(sorted(found)) or 'none'}.")
    del found[name]
    _write(found, environ)


def prune(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Forget every workspace that is not there any more. Returns their names."""
    found = registered(environ)
    gone = tuple(name for name, path in found.items() if not path.exists())
    if gone:
        _write({k: v for k, v in found.items() if k not in gone}, environ)
    return gone


def registry_text(found: Mapping[str, Path]) -> str:
    """The registry's entries as TOML lines, sorted by name."""
    return "".join(f"{key_text(name)} = {value_text(str(path))}\n" for name, path in sorted(found.items()))


def _write(found: Mapping[str, Path], environ: Mapping[str, str]) -> None:
    path = registry_path(environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        system.replace_file(path, f"[{TABLE}]\n{registry_text(found)}".encode())
    except OSError as error:
        raise PixiError(f"The registry of workspaces cannot be written: {error.strerror}", place=Place(path)) from None
