"""Turns three versions of a text (base, mine, theirs) into one that has both changes, or says where they collide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True)
class Conflict:
    """Lines that both sides changed, each in its own way; `line` is where they stand in mine, from 1."""

    line: int
    base: tuple[str, ...]
    mine: tuple[str, ...]
    theirs: tuple[str, ...]


@dataclass(frozen=True)
class Merged:
    """The merged text, and the conflicts (then the text has my lines at those places)."""

    text: str
    conflicts: tuple[Conflict, ...] = ()


@dataclass(frozen=True)
class _Edit:
    """Lines `start` to `end` of the base become `lines`."""

    start: int
    end: int
    lines: tuple[str, ...]


def merge(base: str, mine: str, theirs: str) -> Merged:
    """Apply to `mine` what leads from `base` to `theirs`, line by line."""
    lines = base.splitlines(keepends=True)
    ours, others = mine.splitlines(keepends=True), theirs.splitlines(keepends=True)
    left, right = _edits(lines, ours), _edits(lines, others)
    out: list[str] = []
    conflicts: list[Conflict] = []
    at = 0
    while left or right:
        start = min(edit.start for edit in (*left[:1], *right[:1]))
        end, one, two = _cluster(left, right, start)
        out += lines[at:start]
        here, there = _applied(lines, start, end, one), _applied(lines, start, end, two)
        if not two or here == there:
            out += here
        elif not one:
            out += there
        else:
            conflicts.append(Conflict(len(out) + 1, tuple(lines[start:end]), tuple(here), tuple(there)))
            out += here
        at = end
    out += lines[at:]
    return Merged("".join(out), tuple(conflicts))


def _edits(base: Sequence[str], other: Sequence[str]) -> list[_Edit]:
    matcher = SequenceMatcher(None, base, other, autojunk=False)
    return [_Edit(a, b, tuple(other[c:d])) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def _cluster(left: list[_Edit], right: list[_Edit], start: int) -> tuple[int, list[_Edit], list[_Edit]]:
    """Take the edits off both lists that touch each other, from `start` on; and where the last of them ends."""
    end = start
    one: list[_Edit] = []
    two: list[_Edit] = []
    moved = True
    while moved:
        moved = False
        for source, taken in ((left, one), (right, two)):
            while source and (source[0].start < end or source[0].start == start):
                edit = source.pop(0)
                taken.append(edit)
                end, moved = max(end, edit.end), True
    return end, one, two


def _applied(base: Sequence[str], start: int, end: int, edits: Sequence[_Edit]) -> list[str]:
    out: list[str] = []
    at = start
    for edit in edits:
        out += base[at : edit.start]
        out += edit.lines
        at = edit.end
    return out + list(base[at:end])
