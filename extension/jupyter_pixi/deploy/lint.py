"""Turns a Dockerfile (and what is known of its workspace) into findings: the traps of Pixi environments in images."""

from __future__ import annotations

import re

from . import lint_base, lint_build, lint_final  # noqa: F401 - the rules enter themselves
from .lint_rules import RULES, Finding, Subject
from .model import Plan
from .parse import parse

__all__ = ["RULES", "lint"]


def lint(
    text: str,
    *,
    dockerignore: str | None = None,
    has_dockerignore: bool = False,
    plan: Plan | None = None,
    folder: str = "",
) -> tuple[Finding, ...]:
    """The findings of a Dockerfile, in the order of its lines; none where it has nothing of Pixi in it.

    `has_dockerignore` says that the .dockerignore was looked for (`dockerignore` None is then "there is none").
    A line `# jupyter-pixi: ignore=PX04` silences rules for the whole file.
    """
    file = parse(text)
    if not file.stages:
        return (Finding("PX00", 0, "This is no Dockerfile: it has no FROM."),)
    subject = Subject(file, dockerignore, plan, folder, has_dockerignore or dockerignore is not None)
    if not subject.uses_pixi:
        return ()
    ignored = {
        i for m in re.finditer(r"^#\s*jupyter-pixi:\s*ignore=(\S+)", text, re.MULTILINE) for i in m[1].split(",")
    }
    found = [f for name in sorted(RULES) if name not in ignored for f in RULES[name].check(subject)]
    return tuple(sorted(found, key=lambda f: (f.line, f.rule)))
