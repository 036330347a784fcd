"""PEP 508 markers and a platform with its locked Python -> whether a requirement applies there.

The usual comparisons are evaluated here; a marker with anything else goes to `packaging`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from . import pep440

_TOKEN = re.compile(r"""\s*(?:(\(|\))|('[^']*'|"[^"]*")|(not\s+in\b|[a-zA-Z_.]+)|(===|==|!=|<=|>=|~=|<|>))""")
_VERSIONS = frozenset({"python_version", "python_full_version", "implementation_version"})
_MACHINES = {
    "linux-32": "i386", "linux-64": "x86_64", "osx-64": "x86_64", "osx-arm64": "arm64", "win-32": "x86",
    "win-64": "AMD64", "win-arm64": "ARM64",
}  # fmt: skip
_SYSTEMS = {
    "linux": ("linux", "Linux", "posix"),
    "osx": ("darwin", "Darwin", "posix"),
    "win": ("win32", "Windows", "nt"),
}
Variables = tuple[tuple[str, str], ...]


class _NotPlain(Exception):
    """The marker holds something that `packaging` has to evaluate."""


def variables(subdir: str, python_version: str) -> Variables | None:
    """The marker variables of a platform with that CPython; None where there are none (wasm, say)."""
    family, _, machine = subdir.partition("-")
    if family not in _SYSTEMS:
        return None
    sys_platform, platform_system, os_name = _SYSTEMS[family]
    short = ".".join(re.findall(r"\d+", python_version)[:2])
    return (
        ("implementation_name", "cpython"),
        ("implementation_version", python_version),
        ("os_name", os_name),
        ("platform_machine", _MACHINES.get(subdir, machine)),
        ("platform_python_implementation", "CPython"),
        ("platform_release", ""),
        ("platform_system", platform_system),
        ("platform_version", ""),
        ("python_full_version", python_version),
        ("python_version", short),
        ("sys_platform", sys_platform),
    )


@lru_cache(maxsize=100_000)
def holds(marker: str, known: Variables | None, extras: tuple[str, ...]) -> bool:
    """Whether the marker is true. Without variables (no Python known) every requirement applies."""
    if known is None:
        return True
    try:
        return _Reader(marker, dict(known), extras).value()
    except _NotPlain:
        return _by_packaging(marker, dict(known), extras)


def _by_packaging(marker: str, known: Mapping[str, str], extras: tuple[str, ...]) -> bool:
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison

    try:
        parsed = Marker(marker)
        return any(parsed.evaluate({**known, "extra": extra}) for extra in extras or ("",))
    except (InvalidMarker, UndefinedComparison):
        return True


class _Reader:
    """Evaluates a marker from left to right; `and` binds closer than `or`."""

    def __init__(self, marker: str, known: Mapping[str, str], extras: tuple[str, ...]) -> None:
        self.known, self.extras = known, extras
        self.tokens: list[str] = []
        at = 0
        text = marker.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise _NotPlain
            self.tokens.append(" ".join(match[0].split()))
            at = match.end()
        self.at = 0

    def value(self) -> bool:
        value = self._either()
        if self.at != len(self.tokens):
            raise _NotPlain
        return value

    def _next(self) -> str:
        if self.at >= len(self.tokens):
            raise _NotPlain
        self.at += 1
        return self.tokens[self.at - 1]

    def _sees(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at] == word:
            self.at += 1
            return True
        return False

    def _either(self) -> bool:
        value = self._both()
        while self._sees("or"):
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._one()
        while self._sees("and"):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        if self._sees("("):
            value = self._either()
            if not self._sees(")"):
                raise _NotPlain
            return value
        left, operator, right = self._next(), self._next(), self._next()
        return self._compare(left, operator, right)

    def _compare(self, left: str, operator: str, right: str) -> bool:
        if left[0] in "'\"":
            if operator not in ("==", "!=") or right[0] in "'\"":
                raise _NotPlain
            left, right = right, left
        if right[0] not in "'\"":
            raise _NotPlain
        literal = right[1:-1]
        if left == "extra":
            return self._extra(operator, literal)
        if left not in self.known:
            raise _NotPlain
        have = self.known[left]
        if left in _VERSIONS:
            if operator not in ("==", "!=", "<", "<=", ">", ">=", "~="):
                raise _NotPlain
            return pep440.admits(f"{operator}{literal}", have)
        if operator in ("==", "!="):
            return (have == literal) is (operator == "==")
        if operator in ("in", "not in"):
            return (have in literal) is (operator == "in")
        raise _NotPlain

    def _extra(self, operator: str, literal: str) -> bool:
        from ..packages import normalize

        if operator not in ("==", "!="):
            raise _NotPlain
        return (normalize(literal) in self.extras) is (operator == "==")
