"""A magic's line, and the cell below it -> the engine's arguments and variables."""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING, Optional, Sequence

from .context import HANDOVER
from .errors import PixiError

if TYPE_CHECKING:
    from .context import Context

WITHOUT_WORKSPACE = frozenset(["completion", "demo", "exec", "help", "init", "launch"])
VALUE_FLAGS = """
-e --environment -m --manifest-path -w --workspace -p --platform -s --spec --with -c --channel -f --feature --pypi
--script --export --auth-file --concurrent-solves --concurrent-downloads --pypi-keyring-provider --color
""".split()  # noqa: SIM905
DEPTHS = {"config": 2, "export": 2, "kernels": 2, "task": 2, "workspace": 3}
CELL_LISTS = frozenset(["a", "add", "remove", "rm", "update", "upgrade"])


def split_line(line: str) -> list[str]:
    """The words of a magic's line as a POSIX shell splits them: quotes, backslashes and a comment, no more.

    Nothing is evaluated: no glob, no variable, no substitution. Raises PixiError for an open quote.
    """
    quote, bare = "", True  # `bare`: a `#` here begins a comment
    position = 0
    while position < len(line):
        char = line[position]
        if char == "\\" and quote != "'":
            position += 1
            bare = False
        elif quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote, bare = char, False
        elif char == "#" and bare:
            line = line[:position]
        else:
            bare = char.isspace()
        position += 1
    try:
        return shlex.split(line)
    except ValueError as error:
        raise PixiError(f"the line cannot be split into words: {str(error).lower()}", status=2) from None


def leading_options(words: Sequence[str]) -> int:
    """How many of `words` (after the sub-command) belong to the command itself and not to what it runs."""
    index = 0
    while index < len(words) and words[index].startswith("-") and words[index] != "--":
        index += 2 if words[index] in VALUE_FLAGS else 1
    return min(index, len(words))


def command_path(words: Sequence[str]) -> int:
    """How many of the words name the command: 1, or more for groups such as `workspace channel add`."""
    depth = DEPTHS.get(words[0], 1)
    options = [index for index, word in enumerate(words) if word.startswith("-")]
    return min([depth, len(words), *options])


def engine_arguments(words: Sequence[str], manifest: Optional[str], extra: Sequence[str] = ()) -> list[str]:
    """The engine's arguments for the user's words: our own options stand directly behind the command's name,
    where they cannot be taken for arguments of a task. A manifest that the user names wins."""
    path = command_path(words)
    name, rest = list(words[:path]), list(words[path:])
    if not name:
        return [*rest, *extra]
    own = rest[: leading_options(rest)] if name[0] in ("run", "exec") else rest
    if "--" in own:
        own = own[: own.index("--")]
    named = any(re.match(r"(--manifest-path|--workspace)(=|$)|-[mw]", word) for word in own)
    ours = list(extra)
    if manifest and not named and name[0] not in WITHOUT_WORKSPACE:
        ours += ["--manifest-path", manifest]
    return [*name, *ours, *rest]


def cell_commands(words: Sequence[str], cell: str) -> list[tuple[list[str], Optional[str]]]:
    """What `%%pixi WORDS` with a cell below it means: commands, each with the text for its standard input.

    Without words every line of the cell is a command. `add` and its like take one argument per line, so that a
    spec needs no quotes. `run` and `exec` feed the cell to the command, and to `python -` if none is named.
    """
    lines = [line.strip() for line in cell.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not words:
        return [(split_line(line), None) for line in lines]
    if words[0] in CELL_LISTS:
        return [([*words, *lines], None)]
    if words[0] in ("run", "exec"):
        options = leading_options(words[1:])
        program = [] if len(words) > 1 + options or "--script" in words[1 : 1 + options] else ["python", "-"]
        return [([*words, *program], cell if cell.endswith("\n") else cell + "\n")]
    raise PixiError(f"`%%pixi {words[0]}` takes no text below it", help=f"write `%pixi {words[0]} …`", status=2)


def child_environ(context: Context, words: Sequence[str], *, colour: bool, columns: int) -> dict[str, str]:
    """The host's variables, told which environment is meant when the user names none (Pixi's own rule)."""
    environ = {k: v for k, v in context.environ.items() if k != HANDOVER}
    if context.manifest:
        environ["PIXI_IN_SHELL"] = "1"
        environ["PIXI_PROJECT_ROOT"] = os.path.dirname(context.manifest)
        environ["PIXI_PROJECT_MANIFEST"] = context.manifest
        if context.environment:
            environ["PIXI_ENVIRONMENT_NAME"] = context.environment
    for name in ("PIXI_LOCKED", "PIXI_FROZEN", "PIXI_OFFLINE", "NO_COLOR"):
        if name in os.environ:  # set from a cell
            environ[name] = os.environ[name]
    if colour and not environ.get("NO_COLOR"):
        environ.setdefault("FORCE_COLOR", "1")
        environ.setdefault("CLICOLOR_FORCE", "1")
    environ["COLUMNS"] = str(columns)
    if words[0] in ("run", "exec"):
        environ["PYTHONUNBUFFERED"] = "1"  # a task's lines appear as it prints them, though this is no terminal
    return environ


def shlex_join(words: Sequence[str]) -> str:
    """The words as one line that splits into them again."""
    return " ".join(shlex.quote(word) for word in words)
