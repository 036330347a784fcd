"""The PEP 723 block of a Python script -> a Manifest of kind "script" (Pixi's docs/python/scripts.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ManifestError, ManifestNotFound, Place
from .grammar import pep440_problem
from .model import Manifest, Platform
from .pypi_specs import read_requirement
from .pyproject import Project
from .tables import read_tables
from .toml import Document, Table, Value, decode, parse
from .workspace import External

OPEN = "# /// script"
CLOSE = "# ///"

_PIXI_KEYS = (
    "activation",
    "constraints",
    "dependencies",
    "pypi-dependencies",
    "system-requirements",
    "target",
    "workspace",
)
_WORKSPACE_KEYS = (
    "channel-priority",
    "channels",
    "platforms",
    "preview",
    "pypi-options",
    "requires-pixi",
    "solve-strategy",
)
_TARGET_KEYS = ("activation", "constraints", "dependencies", "pypi-dependencies")


@dataclass(frozen=True)
class Block:
    """The block in a script's text: its TOML, and the lines (counted from 0) of its first and last marker."""

    text: str
    first: int
    last: int


def find_block(text: str, path: Path) -> Block | None:
    """The `script` block of a Python file, or None. Raises ManifestError when there are two, or it has no end."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    found: Block | None = None
    at = 0
    while at < len(lines):
        if lines[at].rstrip() != OPEN:
            at += 1
            continue
        if found is not None:
            raise ManifestError("the file has more than one script block", place=Place(path, at + 1))
        end = at + 1
        while end < len(lines) and (lines[end] == "#" or lines[end].startswith("# ")):
            end += 1
        closing = next((i for i in range(end - 1, at, -1) if lines[i].rstrip() == CLOSE), None)
        if closing is None:
            raise ManifestError(
                "the script block has no end", place=Place(path, at + 1), help=f"End it with `{CLOSE}`."
            )
        body = "\n".join(line[2:] for line in lines[at + 1 : closing])
        found = Block(body + "\n", at, closing)
        at = closing + 1
    return found


def read_script(path: Path) -> Manifest:
    """The manifest of a script file. Raises ManifestNotFound without a file, ManifestError for a wrong block."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ManifestNotFound(f"could not read '{path}': {error.strerror}", place=Place(path)) from None
    return parse_script(data, path)


def parse_script(data: bytes, path: Path) -> Manifest:
    """The manifest of a script's bytes. Raises ManifestError.

    Channels may be empty (the configuration's default channels are meant) and so may platforms (those of the lock
    file, or this machine's): see `with_platforms`.
    """
    text = decode(data, path)
    block = find_block(text, path)
    if block is None:
        raise ManifestError(
            f"{path.name.strip('<>')} does not contain a PEP 723 metadata block",
            place=Place(path),
            help=f"`pixi init --script FILE` makes one: it begins with `{OPEN}` and ends with `{CLOSE}`.",
        )
    doc = parse(block.text, path, line_offset=block.first + 1, column_offset=2)
    try:
        return _read(doc, path, data)
    except RecursionError:
        raise ManifestError("the script block is nested too deeply", place=Place(path)) from None


def with_platforms(manifest: Manifest, platforms: tuple[Platform, ...]) -> Manifest:
    """A script that says nothing of platforms, for these platforms."""
    return replace(manifest, workspace=replace(manifest.workspace, platforms=platforms))


def _read(doc: Document, path: Path, data: bytes) -> Manifest:
    root = doc.root()
    requires_python = root.get("requires-python", _requires_python)
    dependencies = tuple(read_requirement(v) for v in root.get("dependencies", Value.items) or ())
    tool = root.table("tool")
    root.close()
    pixi = tool.table("pixi") if tool is not None else None
    tables: dict[str, Any] = dict(pixi.data) if pixi is not None else {}
    _check_keys(doc, tables)
    tables.setdefault("workspace", {})
    project = Project(External(name=path.stem), requires_python, dependencies)
    manifest = read_tables(doc, Table(doc, ("tool", "pixi"), tables), "script", path, project)
    explicit = isinstance(tables["workspace"], dict) and "platforms" in tables["workspace"]
    return replace(manifest, data=data, explicit_platforms=explicit)


def _check_keys(doc: Document, tables: dict[str, Any]) -> None:
    _only(doc, ("tool", "pixi"), tables, _PIXI_KEYS)
    workspace, targets = tables.get("workspace"), tables.get("target")
    if isinstance(workspace, dict):
        _only(doc, ("tool", "pixi", "workspace"), workspace, _WORKSPACE_KEYS)
    for name, target in targets.items() if isinstance(targets, dict) else ():
        if isinstance(target, dict):
            _only(doc, ("tool", "pixi", "target", name), target, _TARGET_KEYS)


def _only(doc: Document, keys: tuple[str, ...], table: dict[str, Any], allowed: tuple[str, ...]) -> None:
    wrong = [key for key in table if key not in allowed]
    if wrong:
        dotted = ", ".join(".".join((*keys, key)) for key in wrong)
        raise doc.error((*keys, wrong[0]), f"PEP 723 scripts do not support: {dotted}", value=False)


def _requires_python(value: Value) -> str:
    problem = pep440_problem(value.string())
    if problem:
        raise value.error(f"Failed to parse version '{value.string()}': {problem}")
    return value.string()


def with_block(text: str, path: Path, toml: str) -> str:
    """A script's text with another TOML in its block. Raises ManifestError when it has no block."""
    block = find_block(text, path)
    if block is None:
        raise ManifestError("the script has no PEP 723 block", place=Place(path))
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    body = [f"# {line}".rstrip() + ("\r" if newline == "\r\n" else "") for line in toml.rstrip("\n").splitlines()]
    return "\n".join([*lines[: block.first + 1], *body, *lines[block.last :]])
