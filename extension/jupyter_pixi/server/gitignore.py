"""Turns the text of a .gitignore into a rule that says which folders below it git ignores.

The format is gitignore(5). Only folders are asked about, and a folder whose parent is ignored is never reached, so
a pattern never has to be looked up for a whole path's parents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True)
class Pattern:
    """One line: what it matches (a path relative to the file's folder), and whether it takes back an earlier one."""

    regex: re.Pattern[str]
    negated: bool


def parse(text: str) -> tuple[Pattern, ...]:
    """The patterns of a .gitignore, in order. Lines that are no valid pattern are left out, as git does."""
    patterns = (_pattern(line) for line in text.splitlines())
    return tuple(p for p in patterns if p is not None)


def ignores(files: Sequence[tuple[str, tuple[Pattern, ...]]], folder: str) -> bool:
    """Whether git ignores `folder`.

    `files` are the patterns of each .gitignore from the outermost folder inwards, with that folder's path; all paths
    are relative to one root, with "/" between parts and "" for the root. The last pattern that matches decides.
    """
    for base, patterns in reversed(files):
        relative = folder if not base else str(PurePosixPath(folder).relative_to(base))
        for pattern in reversed(patterns):
            if pattern.regex.fullmatch(relative):
                return not pattern.negated
    return False


def _pattern(line: str) -> Pattern | None:
    if line.startswith("#"):
        return None
    line = re.sub(r"(?<!\\) +$", "", line.rstrip("\r\n"))
    negated = line.startswith("!")
    text = line[1:] if negated else line
    text = text.rstrip("/") if text.endswith("/") else text
    if not text:
        return None
    anchored = "/" in text
    body = _regex(text.lstrip("/"))
    try:
        return Pattern(re.compile(body if anchored else f"(?:.*/)?{body}"), negated)
    except re.error:
        return None


def _regex(glob: str) -> str:
    out: list[str] = []
    i = 0
    while i < len(glob):
        rest = glob[i:]
        if rest.startswith("**/") and (i == 0 or glob[i - 1] == "/"):
            out.append("(?:.*/)?")
            i += 3
        elif rest == "**" and (i == 0 or glob[i - 1] == "/"):
            out.append(".+")
            i += 2
        elif glob[i] == "*":
            out.append("[^/]*")
            i += 1
        elif glob[i] == "?":
            out.append("[^/]")
            i += 1
        elif glob[i] == "[" and (found := re.match(r"\[([!^]?)(\]?[^\]]*)\]", rest)):
            out.append(f"[{'^' if found[1] else ''}{_class(found[2])}]")
            i += len(found[0])
        elif glob[i] == "\\" and i + 1 < len(glob):
            out.append(re.escape(glob[i + 1]))
            i += 2
        else:
            out.append(re.escape(glob[i]))
            i += 1
    return "".join(out)


def _class(text: str) -> str:
    return re.sub(r"([\\\[\]&~|])", r"\\\1", text)
