"""Turns the text of a Dockerfile into stages of instructions with their lines, as the Dockerfile reference reads it.

Only what the lint asks for: continuation, comments, here-documents, flags, JSON forms, stage names. Written here
because the one parser for Python on the package index (dockerfile-parse) knows neither stages' names nor
here-documents, and would be a run-time dependency.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field

_HEREDOC = re.compile(r"<<-?\s*(['\"]?)([A-Za-z_][A-Za-z0-9_]*)\1")
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S+))?\s*")


@dataclass(frozen=True)
class Instruction:
    """One instruction: its word in capitals, its text without flags, its flags, its first line (from 1)."""

    word: str
    text: str
    flags: tuple[tuple[str, str], ...]
    line: int

    def flag(self, name: str) -> str | None:
        """The last value of a flag."""
        return next((value for key, value in reversed(self.flags) if key == name), None)

    @property
    def array(self) -> list[str] | None:
        """The words of a JSON form; None for a shell form."""
        try:
            found = json.loads(self.text) if self.text.startswith("[") else None
        except ValueError:
            return None
        return found if isinstance(found, list) and all(isinstance(w, str) for w in found) else None

    @property
    def words(self) -> list[str]:
        """The words, of either form."""
        if self.array is not None:
            return self.array
        try:
            return shlex.split(self.text)
        except ValueError:
            return self.text.split()

    @property
    def commands(self) -> list[list[str]]:
        """The single commands of a RUN: split at `&&`, `||`, `;`, `|` and line breaks, each as words."""
        if self.array is not None:
            return [self.array]
        found = []
        for part in re.split(r"&&|\|\||;|\||\n", _unquoted_separators(self.text)):
            text = part.translate(_BACK).strip()
            try:
                words = shlex.split(text)
            except ValueError:
                words = text.split()
            if words:
                found.append(words)
        return found


@dataclass(frozen=True)
class Stage:
    """A stage: the image it begins with, its name, its instructions with FROM at their head."""

    image: str
    name: str | None
    platform: str | None
    line: int
    instructions: tuple[Instruction, ...]

    def all(self, *words: str) -> list[Instruction]:
        """The instructions of these words."""
        return [i for i in self.instructions if i.word in words]


@dataclass(frozen=True)
class Dockerfile:
    """All stages; `arguments` are ARGs before the first FROM."""

    stages: tuple[Stage, ...]
    arguments: dict[str, str] = field(default_factory=dict)

    @property
    def final(self) -> Stage | None:
        """The stage that a plain `docker build` makes."""
        return self.stages[-1] if self.stages else None

    def stage(self, name: str) -> Stage | None:
        """A stage by its name or number."""
        if name.isdigit():
            return self.stages[int(name)] if int(name) < len(self.stages) else None
        return next((s for s in self.stages if s.name and s.name.lower() == name.lower()), None)

    def lineage(self, stage: Stage) -> list[Stage]:
        """The stage and those it is built FROM, itself first."""
        found = [stage]
        while (parent := self.stage(found[-1].image)) is not None and parent not in found:
            found.append(parent)
        return found


_QUOTED = {ord("&"): 0xE001, ord("|"): 0xE002, ord(";"): 0xE003, ord("\n"): 0xE004}
_BACK = {new: old for old, new in _QUOTED.items()}


def _unquoted_separators(text: str) -> str:
    """The text with separators inside quotes replaced by characters that do not separate."""
    return re.sub(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", lambda m: m[0].translate(_QUOTED), text)


def parse(text: str) -> Dockerfile:
    """The stages of a Dockerfile. A text that is none gives no stages; nothing raises."""
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for instruction in _instructions(text):
        if instruction.word == "FROM":
            words = instruction.words
            image = _substituted(words[0] if words else "", arguments)
            name = words[2] if len(words) >= 3 and words[1].lower() == "as" else None
            stages.append(Stage(image, name, instruction.flag("platform"), instruction.line, (instruction,)))
        elif stages:
            last = stages.pop()
            rows = (*last.instructions, instruction)
            stages.append(Stage(last.image, last.name, last.platform, last.line, rows))
        elif instruction.word == "ARG":
            for word in instruction.words:
                key, _, value = word.partition("=")
                arguments[key] = value
    return Dockerfile(tuple(stages), arguments)


def _substituted(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{?(\w+)(?::-([^}]*))?\}?", lambda m: values.get(m[1]) or m[2] or m[0], text)


def _instructions(text: str) -> list[Instruction]:
    lines = text.splitlines()
    directive = re.match(r"#\s*escape\s*=\s*(\S)", lines[0]) if lines else None
    escape = directive[1] if directive else "\\"
    found = []
    number = 0
    while number < len(lines):
        start = number
        line = lines[number]
        number += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        logical = line.rstrip()
        while logical.endswith(escape) and number < len(lines):
            following = lines[number]
            number += 1
            if following.lstrip().startswith("#") or not following.strip():
                continue
            logical = logical[:-1].rstrip() + " " + following.strip()
        logical = logical.removesuffix(escape)
        if logical.split(None, 1)[0].upper() in ("RUN", "COPY", "ADD"):
            for match in _HEREDOC.finditer(logical):
                body = []
                while number < len(lines) and lines[number].strip() != match[2]:
                    body.append(lines[number])
                    number += 1
                number += 1
                logical += "\n" + "\n".join(body)
        found.append(_instruction(logical.strip(), start + 1))
    return found


def _instruction(logical: str, line: int) -> Instruction:
    word, _, rest = logical.partition(" ")
    rest = rest.strip()
    flags = []
    while match := _FLAG.match(rest) if word.upper() in ("FROM", "COPY", "ADD", "RUN", "HEALTHCHECK") else None:
        flags.append((match[1], match[2] or ""))
        rest = rest[match.end() :]
    return Instruction(word.upper(), rest, tuple(flags), line)
