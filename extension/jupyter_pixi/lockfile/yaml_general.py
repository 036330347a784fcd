"""Any YAML text -> plain data with every scalar a string: for lock files that were edited by hand.

Works on the parser's events with a stack of its own, so that a deeply nested or self-referring document is a
sentence and not a crash. PyYAML's resolvers (YAML 1.1: `no`, `1:30`, dates) are never asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .quoting import needs_quotes
from .yaml_subset import Bare

_MAX_DEPTH = 20
_MAX_SIZE = 3_000_000
_TOO_DEEP = "the data is nested too deeply"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
Path = tuple[str | int, ...]


class BadYaml(Exception):
    """The text is not YAML, or not YAML that a lock file may hold. Lines and columns count from 1."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


def parse(text: str) -> Any:
    """Read a document: dicts, lists, strings, and None for null; an alias is the very object of its anchor.

    Raises `BadYaml`.
    """
    return _read(text, None)[0]


def line_of(text: str, path: Path) -> int | None:
    """The line (from 1) at which the value at `path` stands, or the nearest value around it; None if unknown."""
    return _read(text, path)[1]


def _read(text: str, wanted: Path | None) -> tuple[Any, int | None]:
    """The document, and the line of the value at `wanted` (or of the nearest around it)."""
    top = _Open([])
    stack = [top]
    anchors: dict[str, _Anchor] = {}
    best: tuple[int, int | None] = (-1, None)
    for kind, value, line, anchor in _events(text):
        if kind == "close":
            done = stack.pop()
            stack[-1].size += done.size
            if stack[-1].size > _MAX_SIZE:
                raise BadYaml("the data is too large once its aliases are replaced", line)
            if done.anchor is not None:
                anchors[done.anchor] = _Anchor(done.value, done.size)
            continue
        if kind == "alias":
            if value not in anchors:
                raise BadYaml(f"the alias '{value}' has no anchor before it", line)
            stack[-1].size += anchors[value].size
            value = anchors[value].value
        elif kind == "scalar" and anchor is not None:
            anchors[anchor] = _Anchor(value, 1)
        stack[-1].add(value, line, is_key=not isinstance(value, (list, dict)))
        if wanted is not None:
            here = tuple(part.at for part in stack[1:])
            if len(here) > best[0] and here == wanted[: len(here)]:
                best = (len(here), line)
        if kind == "open":
            if len(stack) > _MAX_DEPTH:
                raise BadYaml(_TOO_DEEP, line)
            stack.append(_Open(value, anchor))
    if len(top.value) > 1:
        raise BadYaml("there is more than one document")
    return (top.value[0] if top.value else None), best[1]


@dataclass(frozen=True)
class _Anchor:
    """A value that aliases may repeat, and how many nodes it stands for."""

    value: Any
    size: int


class _Open:
    """A collection that is being filled."""

    def __init__(self, value: Any, anchor: str | None = None) -> None:
        self.value = value
        self.anchor = anchor
        self.size = 1
        self.at: str | int | None = None  # where the last value went
        self._has_key = False

    def add(self, value: Any, line: int, *, is_key: bool) -> None:
        self.size += 1
        if isinstance(self.value, list):
            self.at = len(self.value)
            self.value.append(value)
        elif self._has_key:
            self.value[self.at] = value
            self._has_key = False
        else:
            if not is_key:
                raise BadYaml("a key must be a string", line)
            key = "null" if value is None else value
            if key in self.value:
                raise BadYaml(f"the key '{key}' stands twice", line)
            self.at = key
            self._has_key = True


def _events(text: str) -> Iterator[tuple[str, Any, int, str | None]]:
    """The events that matter, each with its line and its anchor.

    ("scalar", text), ("open", {} or []), ("close", None), ("alias", name).
    """
    import yaml  # type: ignore[import-untyped, unused-ignore]

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            line = event.start_mark.line + 1 if event.start_mark else 1
            if isinstance(event, yaml.ScalarEvent):
                yield "scalar", _scalar(event), line, event.anchor
            elif isinstance(event, yaml.AliasEvent):
                yield "alias", event.anchor, line, None
            elif isinstance(event, yaml.MappingStartEvent):
                yield "open", {}, line, event.anchor
            elif isinstance(event, yaml.SequenceStartEvent):
                yield "open", [], line, event.anchor
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                yield "close", None, line, None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line + 1, mark.column + 1) if mark else (None, None)
        problem = str(error.problem or error.context or "not YAML")
        if "nesting depth" in problem:  # libyaml's own bound, in releases that have one, comes before ours
            problem = _TOO_DEEP
        raise BadYaml(problem, *where) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadYaml(str(error).splitlines()[0] if str(error) else "not YAML") from None


def _scalar(event: Any) -> str | None:
    value: str = event.value
    if event.style in ("'", '"', "|", ">") or event.tag == "tag:yaml.org,2002:str":
        return value
    if value in _NULLS:
        return None
    return Bare(value) if needs_quotes(value) else value
