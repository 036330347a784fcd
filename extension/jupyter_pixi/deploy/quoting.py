"""Turns values into the words of a Dockerfile: ENV assignments, JSON forms, and files written by RUN."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence


def env(variables: Mapping[str, str]) -> str:
    """One ENV instruction, a variable a line, values taken literally."""
    rows = [f'{key}="{literal(value)}"' for key, value in variables.items()]
    return "ENV " + " \\\n    ".join(rows)


def literal(value: str) -> str:
    """A value between the double quotes of an ENV: nothing in it is expanded (Dockerfile reference, environment)."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")


def array(words: Sequence[str]) -> str:
    """The JSON form of ENTRYPOINT, CMD and COPY."""
    return json.dumps(list(words), ensure_ascii=False)


def copy(sources: Sequence[str], target: str, *flags: str) -> str:
    """A COPY; in its JSON form where a name has a blank."""
    words = [*sources, target]
    plain = all(word and not set(word) & set(" \t\"'[]\\$#") for word in words)
    return " ".join(["COPY", *flags, " ".join(words) if plain else array(words)])


def lines_to_file(lines: Iterable[str], path: str, *, append: bool = False) -> str:
    """The shell command that writes lines into a file, quoted so that a Dockerfile's own rules change nothing.

    No here-document: those need a frontend that is fetched from a registry.
    """
    rows = " \\\n      ".join("'" + line.replace("'", "'\"'\"'") + "'" for line in lines)
    return f"printf '%s\\n' \\\n      {rows} \\\n      {'>>' if append else '>'} {shlex.quote(path)}"


def comment(text: str, width: int = 110) -> str:
    """A paragraph as comment lines."""
    import textwrap

    return "\n".join(f"# {line}" if line else "#" for line in textwrap.wrap(text, width) or [""])
