"""conda versions and version specs -> order and membership, without importing a solver.

The order is conda's (segments of numbers and letters, `dev` before and `post` after everything, epochs, local
versions). Only the forms that locks and manifests are full of are understood; for any other text the answer is
`None` ("ask rattler"), never a guess. Tests compare every answer with rattler's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

Component: TypeAlias = tuple[int, int | str]
"""Rank and value: dev (-1), letters (0, the text), numbers (1, the number), post (2)."""
Segment: TypeAlias = tuple[Component, ...]
Version: TypeAlias = tuple[int, tuple[Segment, ...], tuple[Segment, ...]]
"""Epoch, segments, segments of the local part."""
Predicate: TypeAlias = Callable[[Version], bool]

_VERSION = re.compile(r"(?:(\d+)!)?([0-9a-z]+(?:[._-][0-9a-z]+)*)(?:\+([0-9a-z]+(?:[._-][0-9a-z]+)*))?")
_PARTS = re.compile(r"\d+|[a-z]+")
_CONSTRAINT = re.compile(r"\s*(>=|<=|==|!=|~=|=|<|>)?\s*(\d[0-9a-zA-Z._!+]*?)(\.\*|\*)?\s*")
_ZERO: Segment = ((1, 0),)
_PAD: Component = (1, 0)
_NUMBER_LIMIT = 18


@lru_cache(maxsize=20_000)
def parse(text: str) -> Version | None:
    """A version to compare with others; None if it is of a form that is left to rattler."""
    match = _VERSION.fullmatch(text.lower())
    if match is None or ("-" in text and "_" in text):
        return None
    epoch, main, local = match.groups()
    if len(epoch or "") > _NUMBER_LIMIT or any(len(run) > _NUMBER_LIMIT for run in re.findall(r"\d+", text)):
        return None
    return int(epoch or 0), _segments(main), _segments(local) if local else ()


def _segments(text: str) -> tuple[Segment, ...]:
    return tuple(_segment(part) for part in re.split(r"[._-]", text))


def _segment(text: str) -> Segment:
    parts = tuple(_component(part) for part in _PARTS.findall(text))
    # A segment that begins with letters has a number zero before them.
    return parts if text[0].isdigit() else ((1, 0), *parts)


def _component(part: str) -> Component:
    if part.isdigit():
        return 1, int(part)
    if part == "dev":
        return -1, 0
    return (2, 0) if part == "post" else (0, part)


def compare(left: Version, right: Version) -> int:
    """-1, 0 or 1: which of two versions is older."""
    if left[0] != right[0]:
        return -1 if left[0] < right[0] else 1
    return _compare(left[1], right[1]) or _compare(left[2], right[2])


def _compare(left: tuple[Segment, ...], right: tuple[Segment, ...]) -> int:
    for at in range(max(len(left), len(right))):
        mine = left[at] if at < len(left) else _ZERO
        other = right[at] if at < len(right) else _ZERO
        if mine == other:
            continue
        for index in range(max(len(mine), len(other))):
            one = mine[index] if index < len(mine) else _PAD
            two = other[index] if index < len(other) else _PAD
            if one != two:
                # Values of one rank have one type.
                return -1 if one < two else 1
    return 0


def starts_with(version: Version, prefix: Version) -> bool:
    """Whether `prefix.*` matches the version."""
    if version[0] != prefix[0]:
        return False
    if prefix[2]:
        return _compare(version[1], prefix[1]) == 0 and _is_prefix(version[2], prefix[2])
    return _is_prefix(version[1], prefix[1])


def _is_prefix(segments: tuple[Segment, ...], prefix: tuple[Segment, ...]) -> bool:
    padded = segments + (_ZERO,) * (len(prefix) - len(segments))
    if padded[: len(prefix) - 1] != prefix[:-1]:
        return False
    return padded[len(prefix) - 1][: len(prefix[-1])] == prefix[-1]


@lru_cache(maxsize=20_000)
def predicate(spec: str) -> Predicate | None:
    """A test for a version spec (`>=1,<2|3.*`); None if the spec is of a form that is left to rattler."""
    alternatives: list[list[Predicate]] = []
    for alternative in spec.split("|"):
        tests: list[Predicate] = []
        for constraint in alternative.split(","):
            test = _constraint(constraint)
            if test is None:
                return None
            tests.append(test)
        alternatives.append(tests)
    if len(alternatives) == 1:
        return _all(alternatives[0])
    groups = [_all(tests) for tests in alternatives]
    return lambda version: any(test(version) for test in groups)


def _all(tests: list[Predicate]) -> Predicate:
    if len(tests) == 1:
        return tests[0]
    return lambda version: all(test(version) for test in tests)


def _constraint(text: str) -> Predicate | None:
    if text.strip() == "*":
        return lambda version: True
    match = _CONSTRAINT.fullmatch(text)
    if match is None:
        return None
    operator, number, star = match.groups()
    limit = parse(number)
    if limit is None:
        return None
    return _starred(operator, limit) if star or operator == "=" else _plain(operator or "==", limit)


def _starred(operator: str | None, limit: Version) -> Predicate | None:
    if operator in (None, "=", "=="):
        return lambda version: starts_with(version, limit)
    if operator == "!=":
        return lambda version: not starts_with(version, limit)
    if operator == ">=":
        return _plain(">=", limit)
    return None


def _plain(operator: str, limit: Version) -> Predicate | None:
    if operator == "~=":
        epoch, segments, local = limit
        if len(segments) < 2 or local:
            return None
        stem: Version = (epoch, segments[:-1], ())
        return lambda version: compare(version, limit) >= 0 and starts_with(version, stem)
    wanted = {"==": (0,), "!=": (-1, 1), ">=": (0, 1), "<=": (-1, 0), ">": (1,), "<": (-1,)}[operator]
    return lambda version: compare(version, limit) in wanted
