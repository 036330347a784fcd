"""Turns the JSON document of a client's request into the command line of an operation, from a closed list of commands.

What a client can ask for is what stands here: no flag passes through that is not named, and no text of a client can
become a flag.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_ITEMS = 100
"""How many packages, platforms or environments one request may name."""

MAX_TEXT = 1_000
"""How long one of them may be, in characters."""


class BadRequest(ValueError):
    """The request is not one of those that can be made; its text is a sentence for people."""


@dataclass(frozen=True)
class Field:
    """A field of a command's document: its JSON type ("text", "texts" or "flag"), its flag, and what it means.

    `flag` None is a positional argument. `required` texts must hold at least one.
    """

    kind: str
    flag: str | None
    help: str
    required: bool = False


@dataclass(frozen=True)
class Command:
    """A command that a client may start: the words it begins with, its fields, and whether it has a dry run."""

    words: tuple[str, ...]
    help: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    dry_run: bool = False


def _texts(flag: str | None, help: str, *, required: bool = False) -> Field:
    return Field("texts", flag, help, required)


_PLACE = {
    "feature": Field("text", "--feature", "The feature of the manifest to change."),
    "environment": Field("text", "--environment", "The environment whose own content is changed."),
    "platforms": _texts("--platform", "Only for these platforms."),
}
_PYPI = Field("flag", "--pypi", "PyPI packages, not conda packages.")
_OFFLINE = {"offline": Field("flag", "--offline", "Use only what the caches hold.")}
_LOADED = {
    **_OFFLINE,
    "restart": Field("flag", "--restart", "Change loaded packages too, and restart the kernel."),
    "no_install": Field("flag", "--no-install", "Change manifest and lock only."),
}
_RESTART = {"restart": _LOADED["restart"], **_OFFLINE}
_NAMES = _texts(None, "The packages (default: all).")

COMMANDS: Mapping[str, Command] = {
    "add": Command(
        ("add",),
        "Add packages to the manifest, lock and install them.",
        {"packages": _texts(None, "Match specs, or PEP 508 texts.", required=True), "pypi": _PYPI, **_PLACE, **_LOADED},
        dry_run=True,
    ),
    "remove": Command(
        ("remove",),
        "Take packages out of the manifest, lock and install.",
        {"packages": _texts(None, "Names.", required=True), "pypi": _PYPI, **_PLACE, **_LOADED},
        dry_run=True,
    ),
    "upgrade": Command(
        ("upgrade",),
        "Move specs of the manifest to newer versions.",
        {"packages": _NAMES, "feature": _PLACE["feature"], **_RESTART},
        dry_run=True,
    ),
    "update": Command(
        ("update",),
        "Move locked versions within the manifest's specs.",
        {"packages": _NAMES, "environments": _texts("--environment", "Only these."), **_OFFLINE},
        dry_run=True,
    ),
    "lock": Command(("lock",), "Bring pixi.lock up to date.", _OFFLINE, dry_run=True),
    "install": Command(
        ("install",),
        "Install environments from the lock.",
        {
            "environments": _texts("--environment", "These (default: `default`)."),
            "all": Field("flag", "--all", "Every environment."),
            "repair": Field("flag", "--repair", "Check every package, and link again what is damaged."),
            **_RESTART,
        },
    ),
    "undo": Command(("undo",), "Take the last change back: manifest, lock and prefix.", _RESTART, dry_run=True),
    "redo": Command(("redo",), "Make the change again that was taken back last.", _RESTART, dry_run=True),
    "restore": Command(("restore",), "Go back to what git's HEAD has, and install it.", _RESTART, dry_run=True),
    "clean": Command(
        ("clean",),
        "Remove installed environments; they can be installed again.",
        {"environment": Field("text", "--environment", "Only this one.")},
    ),
}
"""What can be started over the REST interface, by name."""


def command_line(document: Any, *, allowed: Callable[[str], bool] = lambda _: True) -> tuple[str, list[str]]:
    """The command's name and its command line (without the manifest). Raises BadRequest.

    `document` has `command`, the command's fields, and `dry_run`; `allowed` is the administrator's word on a name.
    """
    if not isinstance(document, dict):
        raise BadRequest("The body has to be a JSON object.")
    name = document.get("command")
    command = COMMANDS.get(name) if isinstance(name, str) else None
    if command is None or not isinstance(name, str):
        raise BadRequest(f"`command` has to be one of {', '.join(COMMANDS)}.")
    if not allowed(name):
        raise BadRequest(f"The administrator does not allow `{name}` here.")
    flags: list[str] = []
    positional: list[str] = []
    for key, one in command.fields.items():
        value = document.get(key)
        if one.kind == "flag":
            flags += [str(one.flag)] if _flag(key, value) else []
            continue
        texts = _texts_of(key, value, single=one.kind == "text")
        if one.required and not texts:
            raise BadRequest(f"`{key}` has to name at least one.")
        if one.flag is None:
            positional += texts
        else:
            flags += [f"{one.flag}={text}" for text in texts]
    if _flag("dry_run", document.get("dry_run")):
        if not command.dry_run:
            raise BadRequest(f"`{name}` has no dry run.")
        flags.append("--dry-run")
    return name, [*command.words, *flags, *positional]


def _flag(key: str, value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return bool(value)
    raise BadRequest(f"`{key}` has to be true or false.")


def _texts_of(key: str, value: Any, *, single: bool) -> list[str]:
    if value is None:
        return []
    values = [value] if single else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise BadRequest(f"`{key}` has to be {'a text' if single else 'a list of texts'}.")
    if len(values) > MAX_ITEMS:
        raise BadRequest(f"`{key}` names more than {MAX_ITEMS}.")
    return [_checked(key, one.strip()) for one in values]


def _checked(key: str, text: str) -> str:
    if not text or len(text) > MAX_TEXT or text.startswith("-") or any(map(_is_control, text)):
        raise BadRequest(f"{text[:100]!r} is nothing that `{key}` can hold.")
    return text


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
