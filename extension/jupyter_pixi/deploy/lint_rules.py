"""What a lint rule of Dockerfiles is, what it looks at, and what it finds.

Each rule is one function with an id; its explanation says why it matters. A rule that needs the workspace's lock or its
.dockerignore is silent where those are not given.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from .model import Plan, Target
from .parse import Dockerfile, Instruction, Stage

PREFIX = re.compile(r"(?:^|/)\.pixi/envs/([a-z0-9-]+)/?$")


@dataclass(frozen=True)
class Finding:
    """Something wrong: the rule's id, the line (from 1; 0 for the file as a whole), a sentence, and the way out."""

    rule: str
    line: int
    text: str
    help: str = ""


@dataclass(frozen=True)
class Subject:
    """What is looked at: the parsed file, and what is known beside it (None: not known)."""

    file: Dockerfile
    dockerignore: str | None = None
    plan: Plan | None = None
    folder: str = ""  # of the workspace in the repository: a build's context may be the one or the other
    has_dockerignore: bool = False  # whether there is one, or certainly none: else its rules are silent

    @property
    def final(self) -> Stage:
        """The stage that is run."""
        return self.file.stages[-1]

    @property
    def final_chain(self) -> list[Stage]:
        """The final stage and those it is built from, itself first."""
        return self.file.lineage(self.final)

    def instructions(self) -> Iterator[tuple[Stage, Instruction]]:
        """Every instruction with its stage."""
        for stage in self.file.stages:
            for instruction in stage.instructions:
                yield stage, instruction

    def pixi(self, *subcommands: str) -> Iterator[tuple[Stage, Instruction, list[str]]]:
        """Every `pixi SUBCOMMAND` of a RUN, with its words."""
        for stage, instruction in self.instructions():
            for words in self.pixi_of(instruction) if instruction.word == "RUN" else ():
                if words[:1] and words[0] in subcommands:
                    yield stage, instruction, words

    def pixi_of(self, instruction: Instruction) -> Iterator[list[str]]:
        """The words behind each `pixi` of an instruction."""
        for words in instruction.commands:
            at = next((n for n, w in enumerate(words) if w.rpartition("/")[2] == "pixi"), None)
            if at is not None:
                yield words[at + 1 :]

    @property
    def uses_pixi(self) -> bool:
        """Whether the file has anything of Pixi in it."""
        return any(re.search(r"\bpixi\b", i.text) for _, i in self.instructions())

    def workspaces(self, stage: Stage) -> list[str]:
        """The folders in which a stage, or one that it is built from, installs a workspace."""
        found: list[str] = []
        lineage = self.file.lineage(stage)
        for owner, instruction, words in self.pixi("install"):
            if owner in lineage:
                cd = re.findall(r"\bcd\s+([^\s;&]+)", instruction.text)
                manifest = _option(words, "--manifest-path", "-m")
                folder = posixpath.dirname(manifest[-1]) if manifest else (cd[-1] if cd else "")
                found.append(posixpath.normpath(posixpath.join(workdir(owner, instruction), folder)))
        return found

    def environments(self) -> Iterator[tuple[Stage, Instruction, list[str], str]]:
        """Each environment that the file names in a `pixi install`; one that a variable names is not known."""
        for stage, instruction, words in self.pixi("install"):
            names = _option(words, "--environment", "-e")
            if {"-a", "--all"} & set(words):
                names = list(dict.fromkeys(t.environment for t in self.plan.targets)) if self.plan else []
            for name in names or ([] if {"-a", "--all"} & set(words) else ["default"]):
                if "$" not in name:
                    yield stage, instruction, words, name

    def targets(self) -> list[Target]:
        """The plan's targets for the environments that the file installs."""
        named = {name for *_, name in self.environments()}
        return [t for t in self.plan.targets if t.environment in named] if self.plan else []


def _option(words: list[str], long: str, short: str) -> list[str]:
    """The values of an option, in any of its spellings."""
    found = [words[n + 1] for n, w in enumerate(words[:-1]) if w in (long, short)]
    return found + [w.split("=", 1)[1] for w in words if w.startswith((f"{long}=", f"{short}="))]


Rule = Callable[[Subject], Iterable[Finding]]


@dataclass(frozen=True)
class Named:
    """A rule: its id, a title, why it matters, and the function."""

    id: str
    title: str
    why: str
    check: Rule = field(repr=False)


RULES: dict[str, Named] = {}


def rule(id: str, title: str, why: str) -> Callable[[Rule], Rule]:
    """Enter a function as the rule of that id."""

    def enter(function: Rule) -> Rule:
        RULES[id] = Named(id, title, why, function)
        return function

    return enter


def workdir(stage: Stage, before: Instruction | None = None) -> str:
    """The working directory of a stage, at an instruction or at its end."""
    here = "/"
    for instruction in stage.instructions:
        if instruction is before:
            break
        if instruction.word == "WORKDIR":
            here = posixpath.join(here, instruction.text.strip("\"'"))
    return here


def copies(stage: Stage) -> Iterator[tuple[Instruction, list[str], str]]:
    """Each COPY of a stage: its sources as written and its target as an absolute path."""
    for instruction in stage.all("COPY", "ADD"):
        words = instruction.words
        if len(words) >= 2:
            yield instruction, words[:-1], posixpath.join(workdir(stage, instruction), words[-1])
