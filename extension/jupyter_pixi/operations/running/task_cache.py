"""Turns a task's inputs, outputs, command and environment into one digest, and tells whether the task can be skipped.

The files are Pixi's (`.pixi/task-cache-v0/<environment>-<task>-<arguments>.json`), the digests are not: after a change
from one tool to the other a task runs once more. (Pixi's docs, workspace/advanced_tasks.md, "Caching".)
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ... import system
from ...manifest.model import Task
from .task_text import Arguments, Scope, render

FOLDER = "task-cache-v0"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Cached:
    """A task's patterns with templates filled in (None where it has none), and what else its digest depends on."""

    root: Path
    name: str
    environment: str
    command: str
    inputs: tuple[str, ...] | None
    outputs: tuple[str, ...] | None
    arguments: Arguments
    environment_hash: str

    @property
    def path(self) -> Path:
        """The file that holds the digest of the last run."""
        key = _digest(self.arguments.values, self.arguments.extra, self.inputs, self.outputs)
        name = re.sub(r"[/\\\0]", "_", f"{self.environment}-{self.name}-{key}.json")
        return self.root / ".pixi" / FOLDER / name


def cached(
    task: Task, name: str, root: Path, command: str, scope: Scope, arguments: Arguments, environment_hash: str
) -> Cached | None:
    """What a task is cached by; None for a task with neither inputs nor outputs. Raises PixiError for a template."""
    if not task.inputs and not task.outputs:
        return None
    inputs, outputs = (
        tuple(render(pattern, scope, arguments) for pattern in patterns) if patterns is not None else None
        for patterns in (task.inputs, task.outputs)
    )
    return Cached(root, name, scope.environment, command, inputs, outputs, arguments, environment_hash)


def can_skip(task: Cached) -> bool:
    """Whether nothing has changed since the last run that ended well."""
    try:
        known = json.loads(task.path.read_bytes())["hash"]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    found = _state(task)
    return found is not None and bool(known == found)


def remember(task: Cached) -> tuple[str, ...]:
    """Keep the digest after a run that ended well. Returns warnings: patterns without a file."""
    warnings = []
    for word, patterns in (("output", task.outputs), ("input", task.inputs)):
        if patterns and not _files(task.root, patterns):
            globs = ", ".join(f"`{p}`" for p in patterns)
            warnings.append(f"No files matched the {word} globs for task '{task.name}': {globs}")
    found = _state(task)
    if warnings or found is None:
        return tuple(warnings)
    try:
        task.path.parent.mkdir(parents=True, exist_ok=True)
        system.replace_file(task.path, json.dumps({"hash": found}, separators=(",", ":")).encode())
    except OSError as error:
        return (f"That task '{task.name}' has run could not be noted: {error.strerror or error}.",)
    return ()


def _state(task: Cached) -> str | None:
    """The digest of everything now; None where a pattern matches no file."""
    parts: list[object] = [task.command, task.environment_hash]
    for patterns in (task.inputs, task.outputs):
        files = _files(task.root, patterns) if patterns else []
        if patterns and not files:
            return None
        try:
            parts.append([(str(path.relative_to(task.root)), _file_digest(path)) for path in files])
        except OSError:
            return None
    return _digest(*parts)


def _digest(*parts: object) -> str:
    from xxhash import xxh3_64_hexdigest

    return str(xxh3_64_hexdigest(json.dumps(parts).encode()))


def _file_digest(path: Path) -> str:
    from xxhash import xxh3_64

    digest = xxh3_64()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return str(digest.hexdigest())


def _files(root: Path, patterns: Sequence[str]) -> list[Path]:
    """The files that the patterns match, sorted. `!pattern` takes files out again, the last match counts."""
    rules = [(p.startswith("!"), _regex(_widened(root, p.removeprefix("!")))) for p in patterns]
    found = []
    for path in _candidates(root, [_widened(root, p) for p in patterns if not p.startswith("!")]):
        text = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        taken = False
        for negative, regex in rules:
            if regex.fullmatch(text):
                taken = not negative
        if taken:
            found.append(path)
    return sorted(set(found))


def _widened(root: Path, pattern: str) -> str:
    """A folder stands for everything in it."""
    pattern = pattern.removeprefix("./")
    if pattern.endswith("/"):
        return pattern + "**"
    return pattern + "/**" if (root / pattern).is_dir() else pattern


def _candidates(root: Path, patterns: Sequence[str]) -> Iterator[Path]:
    """Files that a pattern may match: those below its part without wildcards."""
    for pattern in patterns:
        parts = Path(pattern).parts
        fixed: list[str] = []
        for part in parts:
            if any(c in part for c in "*?[{"):
                break
            fixed.append(part)
        base = root.joinpath(*fixed)
        if len(fixed) == len(parts):
            if base.is_file():
                yield base
            continue
        own = root / ".pixi"
        for folder, folders, names in os.walk(base):
            here = Path(folder)
            folders[:] = [name for name in folders if here / name != own]  # prefixes are no input of a task
            yield from (here / name for name in names)


def _regex(pattern: str) -> re.Pattern[str]:
    """A glob as Pixi reads it: `*` and `?` stop at a slash, `**` does not, `{a,b}` and `[a-z]` are choices."""
    out = []
    position, depth = 0, 0
    while position < len(pattern):
        char = pattern[position]
        if pattern.startswith("**/", position):
            out.append("(?:.*/)?")
            position += 3
            continue
        if pattern.startswith("**", position):
            out.append(".*")
            position += 2
            continue
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif char == "[" and "]" in pattern[position + 2 :]:
            end = pattern.index("]", position + 2)
            inner = pattern[position + 1 : end].replace("\\", "\\\\")
            out.append("[" + ("^" + inner[1:] if inner[0] in "!^" else inner) + "]")
            position = end
        elif char == "{":
            depth += 1
            out.append("(?:")
        elif char == "}" and depth:
            depth -= 1
            out.append(")")
        elif char == "," and depth:
            out.append("|")
        else:
            out.append(re.escape(char))
        position += 1
    return re.compile("".join(out) + ")" * depth)
