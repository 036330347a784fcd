"""Turns `config list`, `edit`, `set`, `unset`, `append`, `prepend` into a look at Pixi's configuration, or a change."""

from __future__ import annotations

import os
import shlex
import subprocess
from argparse import Namespace
from typing import Any

from ..config import config_paths, problem
from ..errors import ManifestNotFound, PixiError
from ..manifest.toml import decode
from ..operations.context import Context
from ..operations.editing.config_edit import ConfigEdit, config_file, edit, shown
from ..operations.workspace import locate
from .output import Output, context_of


def change(arguments: Namespace) -> int:
    """`config set KEY [VALUE]`, `unset KEY`, `append KEY VALUE`, `prepend KEY VALUE`."""
    output: Output = arguments.output
    wanted = ConfigEdit(arguments.action, arguments.key, getattr(arguments, "value", None), arguments.place)
    path = edit(wanted, context_of(arguments))
    text = f"Updated config at {path}"
    output.success(text)
    output.result({"kind": "config", "message": text})
    return 0


def listing(arguments: Namespace) -> int:
    """`config list [KEY]`: what the files say together, or one of them."""
    output: Output = arguments.output
    context = context_of(arguments)
    files = [config_file(arguments.place, context)] if arguments.place else list(_layers(context))
    found = shown(arguments.key, files)
    if arguments.json:
        output.json(found)
    elif found:
        output.data("\n".join(_lines(found)).strip())
    else:
        output.say("Configuration not set")
    return 0


def editing(arguments: Namespace) -> int:
    """`config edit [EDITOR]`: the file in an editor, and whether it is still valid afterwards."""
    output: Output = arguments.output
    path = config_file(arguments.place, context_of(arguments))
    if output.has_pipe:
        raise PixiError("An editor needs a terminal.", help=f"The file is {path}; `config set` changes it from here.")
    editor = shlex.split(arguments.editor or os.environ.get("EDITOR") or ("notepad" if os.name == "nt" else "nano"))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        status = subprocess.run([*editor, str(path)], check=False).returncode
    except (OSError, IndexError):
        raise PixiError(
            f"There is no editor '{' '.join(editor)}'.", help=f"Name another, or set EDITOR; the file is {path}."
        ) from None
    wrong = problem(path, decode(path.read_bytes(), path)) if path.exists() else None
    if wrong is not None:
        raise PixiError(f"{path} is not a valid configuration now: {wrong}", code="config-value")
    return status


def _layers(context: Context) -> tuple[Any, ...]:
    try:
        return config_paths(locate(context).parent, context.environ)
    except ManifestNotFound:
        return config_paths(None, context.environ)


def _lines(table: dict[str, Any], path: tuple[str, ...] = ()) -> list[str]:
    from ..manifest.values import key_text, value_text

    tables = {key: value for key, value in table.items() if isinstance(value, dict)}
    lines = [f"{key_text(key)} = {value_text(value)}" for key, value in table.items() if key not in tables]
    if path and lines:
        lines.insert(0, f"\n[{'.'.join(map(key_text, path))}]")
    for key, value in tables.items():
        lines += _lines(value, (*path, key))
    return lines
