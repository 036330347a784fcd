"""Turns a key of Pixi's configuration and a value into a changed config.toml, comments kept.

(Pixi's docs, reference/pixi_configuration.md and reference/cli/pixi/config.) What is written is read back first: a
file that Pixi could not read is never left behind.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ... import system
from ...config import FILE, config_paths, problem
from ...errors import ManifestNotFound, PixiError
from ...manifest.document import Document
from ...manifest.toml import decode
from ..context import Context
from ..workspace import locate

Action = Literal["set", "unset", "append", "prepend"]
Place = Literal["local", "global", "system"]

KEYS = {
    "default-channels": "list",
    "authentication-override-file": "text",
    "tls-no-verify": "truth",
    "tls-root-certs": "text",
    "detached-environments": "truth or text",
    "pinning-strategy": "text",
    "run-post-link-scripts": "text",
    "mirrors": "json",
    "s3-options": "json",
    "pypi-config.index-url": "text",
    "pypi-config.extra-index-urls": "list",
    "pypi-config.keyring-provider": "text",
    "pypi-config.allow-insecure-host": "list",
    "repodata-config": "json",
    "repodata-config.disable-bzip2": "truth",
    "repodata-config.disable-sharded": "truth",
    "repodata-config.disable-zstd": "truth",
    "shell.change-ps1": "truth",
    "shell.force-activate": "truth",
    "shell.source-completion-scripts": "truth",
    "experimental.use-environment-activation-cache": "truth",
    "concurrency.solves": "number",
    "concurrency.downloads": "number",
    "proxy-config.http": "text",
    "proxy-config.https": "text",
    "proxy-config.non-proxy-hosts": "list",
}
"""The keys that can be written, and what their values are."""


@dataclass(frozen=True)
class ConfigEdit:
    """What `config set` and its like were asked for. `place` None: the workspace's file, the user's without one."""

    action: Action
    key: str
    value: str | None = None
    place: Place | None = None


def config_file(place: Place | None, context: Context) -> Path:
    """The file that is meant. Raises ManifestNotFound for `local` outside of a workspace."""
    if place in (None, "local"):
        try:
            return locate(context).parent / ".pixi" / FILE
        except ManifestNotFound:
            if place == "local" or context.manifest_path is not None:
                raise
    paths = config_paths(None, context.environ)
    if place == "system":
        return paths[0]
    users = paths[1:]
    return next((path for path in reversed(users) if path.exists()), users[-1])


def edit(change: ConfigEdit, context: Context) -> Path:
    """Write the change. Returns the file. Raises PixiError for an unknown key, a wrong value, a file that is wrong."""
    kind = KEYS.get(change.key)
    if kind is None:
        import difflib

        near = difflib.get_close_matches(change.key, KEYS, n=1)
        tip = f"did you mean `{near[0]}`?" if near else "the keys are " + ", ".join(KEYS)
        raise PixiError(f"Unknown key: {change.key}", help=tip, code="config-key")
    path = config_file(change.place, context)
    try:
        text = decode(path.read_bytes(), path)
    except FileNotFoundError:
        text = ""
    changed = _edited(text, change, kind)
    wrong = problem(path, changed)
    if wrong is not None:
        raise PixiError(f"{path} would not be a valid configuration: {wrong}", code="config-value")
    if changed != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        system.replace_file(path, changed.encode())
    return path


def _edited(text: str, change: ConfigEdit, kind: str) -> str:
    document = Document(text)
    keys = tuple(change.key.split("."))
    if change.action == "unset" or change.value is None:
        if document.has(keys):
            document.remove(keys)
    elif change.action == "set":
        document.set(keys, _value(change.key, change.value, kind))
    elif kind != "list":
        raise PixiError(f"{change.key} is no list, so nothing can be put into it", help="use `config set`")
    else:
        if not document.has(keys):
            document.set(keys, [])
        document.append(keys, change.value, first=change.action == "prepend")
    return document.text


def _value(key: str, text: str, kind: str) -> Any:
    """The text of the command line as a value. Raises PixiError."""
    if kind in ("truth", "truth or text") and text in ("true", "false"):
        return text == "true"
    if kind in ("text", "truth or text"):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    fits = {"truth": False, "number": type(value) is int, "list": _is_list(value), "json": isinstance(value, dict)}[
        kind
    ]
    if not fits:
        wanted = {"truth": "true or false", "number": "a number", "list": 'a list, such as \'["a", "b"]\''}
        raise PixiError(f"'{text}' is no value of {key}, which is {wanted.get(kind, 'a JSON object')}")
    return value


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def shown(key: str | None, files: Sequence[Path]) -> dict[str, Any]:
    """What the files say together, later ones over earlier ones; with `key` only what stands there."""
    import tomli

    found: dict[str, Any] = {}
    for path in files:
        try:
            _merge(found, tomli.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue  # as when configuration is read: a wrong layer is left out
    if key is None:
        return found
    inner: Any = found
    for part in key.split("."):
        inner = inner.get(part) if isinstance(inner, dict) else None
    return _nested(key.split("."), inner) if inner is not None else {}


def _nested(keys: Sequence[str], value: Any) -> dict[str, Any]:
    return {keys[0]: _nested(keys[1:], value) if len(keys) > 1 else value}


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
