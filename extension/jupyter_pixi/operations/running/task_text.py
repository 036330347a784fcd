"""Turns a task's templates, its arguments and the words behind them into the text that the task shell runs.

What the manifest says is the author's text and is run as it stands, as in Pixi. What a user types as an argument is
data: the words appended to a command are quoted, and a typed argument that a shell would evaluate reaches the text as
a variable of that shell, never as text of its own.
(Pixi's docs, workspace/advanced_tasks.md; minijinja's syntax.)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ...errors import PixiError
from ...manifest.model import Task

_OPEN, _CLOSE = "\ue000", "\ue001"
"""Private characters that enclose what a template's expression gave, until the text is put together."""

_HARMLESS = re.compile(r"[\w@%+=:,./ *?~^\[\]-]*\Z")
"""Texts that no shell evaluates. Blanks split words and `*` matches files, as they do in Pixi."""

VARIABLE = "jupyter_pixi_argument_"


@dataclass(frozen=True)
class Arguments:
    """What a task was given: values by name (None where it declares none), and words appended to its command.

    `typed` are the values that came from the command line and not from the manifest.
    """

    values: tuple[tuple[str, str], ...] | None = None
    extra: tuple[str, ...] = ()
    typed: frozenset[str] = frozenset()

    def shown(self) -> str:
        """The arguments as messages show them."""
        return ", ".join([value for _, value in self.values or ()] + list(self.extra))

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return not self.values and not self.extra


NO_ARGUMENTS = Arguments()


@dataclass(frozen=True)
class Scope:
    """What templates see besides arguments: `pixi.platform`, `pixi.environment.name` and so on."""

    platform: str
    environment: str
    manifest: str
    version: str
    init_cwd: str

    def variables(self, arguments: Arguments) -> dict[str, Any]:
        """The names that a template may use."""
        family = self.platform.split("-")[0]
        return {
            "pixi": {
                "platform": self.platform,
                "environment": {"name": self.environment},
                "manifest_path": self.manifest,
                "version": self.version,
                "init_cwd": self.init_cwd,
                "is_win": family == "win",
                "is_unix": family != "win",
                "is_linux": family == "linux",
                "is_osx": family == "osx",
            },
            **dict(arguments.values or ()),
        }


@dataclass(frozen=True)
class Script:
    """A text for the task shell: what is run, what people are shown, and values that the text takes as variables."""

    text: str
    shown: str
    variables: Mapping[str, str] = field(default_factory=dict)


def render(text: str, scope: Scope, arguments: Arguments) -> str:
    """A template's text. Raises PixiError for a name that is not defined and for wrong syntax."""
    return _plain(_marked(text, scope, arguments))


def is_template(text: str) -> bool:
    """Whether the text holds anything that a template engine would replace."""
    return "{{" in text or "{%" in text or "{#" in text


def _marked(text: str, scope: Scope, arguments: Arguments) -> str:
    """A template's text, what its expressions gave between `_OPEN` and `_CLOSE`."""
    text = text.replace(_OPEN, "").replace(_CLOSE, "")
    if not is_template(text):
        return text
    from minijinja import TemplateError

    names = scope.variables(arguments)
    try:
        return _rendered(text, names, "strict", _finalized)
    except TemplateError as error:
        if error.kind == "UndefinedError" and "|" in text:
            # As in Pixi: what is not defined is empty for a filter, and an error only where it is printed itself.
            try:
                return _rendered(text, names, "lenient", _defined)
            except (TemplateError, ValueError):
                pass
        detail = str(error.message or "").split(" (in <")[0]
        raise PixiError(
            f"failed to replace argument placeholders: {detail or error.kind}",
            help=f"In the template `{text}` this part can't be replaced.",
            code="template",
        ) from None


def _rendered(
    text: str, names: Mapping[str, Any], undefined: Literal["strict", "lenient"], finalizer: Callable[[Any], Any]
) -> str:
    from minijinja import Environment

    engine = Environment(undefined_behavior=undefined, finalizer=finalizer, keep_trailing_newline=True)
    return str(engine.render_str(text, **names))


def _defined(value: Any) -> Any:
    """As `_finalized`; what is not defined raises (minijinja hands it over as None)."""
    if value is None:
        raise ValueError("not defined")
    return _finalized(value)


def _finalized(value: Any) -> Any:
    """What a template's expression prints: booleans as Python does, texts marked."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, str):
        return _OPEN + value.replace(_OPEN, "").replace(_CLOSE, "") + _CLOSE
    return value


def _plain(marked: str) -> str:
    return marked.replace(_OPEN, "").replace(_CLOSE, "")


def command(task: Task, scope: Scope, arguments: Arguments) -> Script | None:
    """The command of a task, with its variables set before it; None for an alias. Raises PixiError."""
    if task.cmd is None:
        return None
    if isinstance(task.cmd, str):
        marked = _marked(task.cmd, scope, arguments)
    else:
        marked = " ".join(list_word(_marked(word, scope, arguments)) for word in task.cmd)
    exports = [f'export "{key}={_in_quotes(_marked(value, scope, arguments))}";' for key, value in task.env.items()]
    marked = marked.rstrip()
    taken = _Taken(arguments)
    words = "".join(f" {quoted(word)}" for word in arguments.extra)
    text = "\n".join([*map(taken.text, exports), taken.text(marked) + words])
    shown = " ".join([_plain(marked), *arguments.extra])
    return Script(text, shown, taken.variables)


def quoted(word: str) -> str:
    """A word between single quotes, for POSIX shells and deno's alike."""
    return "'" + word.replace("'", "'\"'\"'") + "'"


def list_word(word: str) -> str:
    """A word of a command that is given as a list: quoted for blanks and brackets, the rest stays live (as in Pixi)."""
    if word and not any(c in "\t\r\n []" for c in word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _in_quotes(value: str) -> str:
    return value.replace('"', '\\"')


class _Taken:
    """Puts texts together, and takes out of them what a shell must not evaluate: as variables, in their order."""

    def __init__(self, arguments: Arguments) -> None:
        self._typed = bool(arguments.typed)
        self._written = {value for _, value in arguments.values or () if value not in arguments.typed}
        self.variables: dict[str, str] = {}

    def text(self, marked: str) -> str:
        """The text for the shell."""
        out: list[str] = []
        single = double = False
        position = 0
        while position < len(marked):
            char = marked[position]
            if char == _OPEN:
                end = marked.index(_CLOSE, position)
                out.append(self._value(marked[position + 1 : end], single, marked[end + 1 : end + 2]))
                position = end + 1
                continue
            if char == "\\" and not single:
                out.append(marked[position : position + 2].replace(_OPEN, ""))
                position += 1 if marked[position + 1 : position + 2] == _OPEN else 2
                continue
            if char == "'" and not double:
                single = not single
            elif char == '"' and not single:
                double = not double
            out.append(char)
            position += 1
        return "".join(out)

    def _value(self, value: str, single: bool, after: str) -> str:
        if not self._typed or value in self._written or _HARMLESS.match(value):
            return value
        name = next((n for n, v in self.variables.items() if v == value), None)
        if name is None:
            name = f"{VARIABLE}{len(self.variables) + 1}"
            self.variables[name] = value
        if single:
            return f"'\"${name}\"'"
        return f'${name}""' if after and (after.isalnum() or after in "_" + _OPEN) else f"${name}"


def with_variables(script: Script) -> str:
    """The script's text with its variables set before it, in the shell itself and not for the programs it runs."""
    return "".join(f"{name}={quoted(value)}; " for name, value in script.variables.items()) + script.text


def lone_text(words: Sequence[str]) -> str:
    """Words as one text in which each is literal."""
    return " ".join(map(quoted, words))
