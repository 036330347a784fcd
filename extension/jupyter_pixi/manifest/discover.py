"""A directory, or what `--manifest-path` names -> the manifest of the workspace, found as Pixi finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ManifestError, ManifestNotFound, Place
from .read import FILE_KINDS, check_sections
from .toml import decode


@dataclass(frozen=True)
class Found:
    """The workspace's manifest, the closest manifest on the way that is only a package's, and a warning."""

    path: Path
    package: Path | None = None
    warning: str | None = None


def find_manifest(start: Path, *, explicit: Path | None = None, environ: Mapping[str, str]) -> Path:
    """The workspace's manifest. See `discover`."""
    return discover(start, explicit=explicit, environ=environ).path


def discover(start: Path, *, explicit: Path | None = None, environ: Mapping[str, str]) -> Found:
    """The workspace's manifest: what `explicit` names, else the first at or above `start`, else what
    `PIXI_PROJECT_MANIFEST` names.

    Raises ManifestNotFound when there is none, ManifestError when the one that counts has no table that makes it one.
    """
    seen_plain: list[Path] = []
    if explicit is not None:
        path = _explicit(start / explicit, explicit)
        if _is_workspace(path, _text(path)):
            return Found(path)
        return _above(path.parent.parent, path, seen_plain) or _missing(start, seen_plain)
    try:
        directory = start.resolve(strict=True)
    except OSError as error:
        raise ManifestNotFound(
            f"cannot canonicalize path '{start}' while searching for a manifest: {error.strerror}"
        ) from None
    found = _above(directory, None, seen_plain)
    named = environ.get("PIXI_PROJECT_MANIFEST")
    if found is None:
        return Found(Path(named)) if named else _missing(directory, seen_plain)
    if named and environ.get("PIXI_IN_SHELL") and Path(named).resolve() != found.path:
        warning = (
            f"Using local manifest {found.path} rather than {named} from environment variable `PIXI_PROJECT_MANIFEST`"
        )
        return Found(found.path, found.package, warning)
    return found


def manifest_in(directory: Path) -> Path | None:
    """The manifest file of one directory: the first of pixi.toml, pyproject.toml and mojoproject.toml."""
    for name in FILE_KINDS:
        path = directory / name
        try:
            if path.is_file():
                return path
        except OSError:
            continue
    return None


def _explicit(path: Path, written: Path) -> Path:
    try:
        path = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ManifestNotFound(f"unable to canonicalize '{written}': {reason}") from None
    if path.is_dir():
        inside = manifest_in(path)
        if inside is not None:
            return inside
    elif path.name in FILE_KINDS:
        return path
    raise ManifestError(
        "unrecognized manifest file format. Expected either pixi.toml or pyproject.toml.", place=Place(path)
    )


def _above(directory: Path, package: Path | None, seen_plain: list[Path]) -> Found | None:
    for here in (directory, *directory.parents):
        path = manifest_in(here)
        if path is None:
            continue
        text = _text(path)
        if path.name == "pyproject.toml" and "[tool.pixi" not in text:
            seen_plain.append(path)
            continue
        if _is_workspace(path, text):
            return Found(path, package)
        package = package or path
    return None


def _text(path: Path) -> str:
    try:
        return decode(path.read_bytes(), path)
    except OSError as error:
        raise ManifestError(f"failed to read from file `{path}`: {error.strerror}", place=Place(path)) from None


def _is_workspace(path: Path, text: str) -> bool:
    """Whether the manifest has a workspace and not only a package. Raises ManifestError when it has neither."""
    kind = FILE_KINDS[path.name]
    check_sections(text, path, kind)
    prefix = "[tool.pixi." if kind == "pyproject" else "["
    starts = (f"{prefix}workspace", f"{prefix}project")
    if kind == "pyproject":
        return any(start in text for start in starts)
    return any(line.lstrip(" \t").startswith(starts) for line in text.splitlines())


def _missing(directory: Path, seen_plain: list[Path]) -> Found:
    if seen_plain:
        raise ManifestNotFound(
            f"could not find pixi.toml or pyproject.toml with tool.pixi at directory {directory}",
            help=f"Run 'pixi init' to add a [tool.pixi] table to {seen_plain[0]}.",
        )
    raise ManifestNotFound(
        f"could not find pixi.toml or pyproject.toml with tool.pixi at directory {directory}",
        help="Run 'pixi init' to make a workspace here.",
    )
