"""A manifest file -> a Manifest: every table read, names resolved against each other, warnings gathered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import ManifestError, ManifestNotFound, Place
from .model import Manifest
from .pyproject import Project, read_project
from .tables import read_tables
from .toml import Document, decode, parse

FILE_KINDS = {"pixi.toml": "pixi", "pyproject.toml": "pyproject", "mojoproject.toml": "mojoproject"}
"""Names of manifest files, in the order in which a directory is searched for them, and their kinds."""

SECTIONS = ("workspace", "project", "package")
SETTINGS = "jupyter-pixi"


def read_manifest(path: Path, *, check_version: bool = True) -> Manifest:
    """The manifest in a file. Raises ManifestNotFound when there is none, ManifestError when it is wrong.

    See `parse_manifest`.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ManifestNotFound(f"could not find '{path}'", place=Place(path)) from None
    except OSError as error:
        raise ManifestError(
            f"failed to read from file `{path}`: {error.strerror or error}", place=Place(path)
        ) from None
    return parse_manifest(data, path, check_version=check_version)


def parse_manifest(data: bytes, path: Path, *, check_version: bool = True) -> Manifest:
    """The manifest that these bytes are; `path` is where they stand, or would. Raises ManifestError.

    A `.py` file is read as a script with a PEP 723 block. Without `check_version`, a `requires-pixi` that is not
    fulfilled is no error: the commands that show or change it have to work.
    """
    if path.suffix in (".py", ".pyw"):
        from .script import parse_script  # needed by the fewest

        return parse_script(data, path)
    kind = FILE_KINDS.get(path.name, "pixi")
    text = decode(data, path)
    check_sections(text, path, kind)
    doc = parse(text, path)
    try:
        return _read(doc, kind, path, data, check_version)
    except RecursionError:
        raise ManifestError("the file is nested too deeply", place=Place(path)) from None


def check_sections(text: str, path: Path, kind: str) -> None:
    """Raises ManifestError "Missing table" if the text has none of the tables that make it a manifest.

    As Pixi does, this looks at the text alone, so that a file can be told apart without parsing it.
    """
    if text.startswith("\ufeff"):
        raise ManifestError(
            "the file begins with a byte order mark, which TOML does not allow",
            place=Place(path, 1, 1),
            help="Save it as UTF-8 without a byte order mark (BOM).",
        )
    if kind == "pyproject":
        if any(f"[tool.pixi.{section}" in text for section in SECTIONS):
            return
        wanted = [f"tool.pixi.{section}" for section in SECTIONS]
    else:
        starts = tuple(f"[{section}" for section in SECTIONS)
        if any(line.lstrip(" \t").startswith(starts) for line in text.splitlines()):
            return
        wanted = list(SECTIONS)
    listed = ", ".join(f"[{section}]" for section in wanted)
    raise ManifestError(
        f"Missing table in manifest {path.name}: any of {listed} is required",
        place=Place(path, 1, 1),
        help="`pixi init` writes a manifest with a [workspace] table.",
    )


def _read(doc: Document, kind: str, path: Path, data: bytes, check_version: bool) -> Manifest:
    project = read_project(doc) if kind == "pyproject" else Project()
    table = doc.root()
    if kind == "pyproject":
        table = table.need("tool").table().need("pixi").table()
    manifest = read_tables(doc, table, kind, path, project, check_version=check_version)
    return replace(manifest, data=data, settings=_settings(doc), editable=project.editable)


def _settings(doc: Document) -> dict[str, Any]:
    tool = doc.data.get("tool")
    settings = tool.get(SETTINGS) if isinstance(tool, dict) else None
    return dict(settings) if isinstance(settings, dict) else {}


def place_of(manifest: Manifest, *keys: str | int, value: bool = False) -> Place:
    """Where a key (or its value) of a manifest stands, for example `place_of(m, "dependencies", "numpy")`.

    Keys are those of pixi.toml; `tool.pixi` is added for a pyproject.toml. The file alone if it is not there.
    """
    if manifest.kind == "script":
        return Place(manifest.path)
    try:
        doc = parse(decode(manifest.data, manifest.path), manifest.path)
    except ManifestError:
        return Place(manifest.path)
    prefix = ("tool", "pixi") if manifest.kind == "pyproject" else ()
    return doc.place((*prefix, *keys), value=value)
