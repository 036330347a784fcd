"""Turns TOML text into where things stand in it: headers, entries and values with their offsets.

The text has been parsed before, so it is known to be TOML 1.1; this only finds the spans that an edit needs, so that
everything else stays as the user wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

Path = tuple[str, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SCALAR = re.compile(r"[^,\]}#\r\n]+")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_SIMPLE = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class Value:
    """A value's span. Inline tables have `entries` (paths relative to it), arrays have `items`."""

    start: int
    end: int
    kind: str  # "table" | "array" | "scalar"
    entries: tuple[Entry, ...] = ()
    items: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Entry:
    """`key = value`. `path` is the key's path below its header (dotted keys have several parts)."""

    path: Path
    start: int  # of the key
    value: Value


@dataclass(frozen=True)
class Section:
    """A header and its entries. The root section has an empty path and no header (start == end)."""

    path: Path
    start: int  # of the header's "["
    end: int  # behind the header's "]"
    is_array: bool
    entries: tuple[Entry, ...]

    @property
    def last(self) -> int:
        """Where the section's text ends: behind its last value, else behind its header."""
        return self.entries[-1].value.end if self.entries else self.end


_Member = TypeVar("_Member")


class _Scanner:
    """A cursor over the text; each method reads one thing and leaves the cursor behind it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()

    def string(self) -> str:
        quote = self.text[self.at]
        long = self.text.startswith(quote * 3, self.at)
        delimiter = quote * 3 if long else quote
        begin = self.at + len(delimiter)
        at = begin
        while not self.text.startswith(delimiter, at):
            at += 2 if quote == '"' and self.text[at] == "\\" else 1
        if long:  # up to two more quotes belong to the text
            while self.text.startswith(quote, at + 3):
                at += 1
        self.at = at + len(delimiter)
        body = self.text[begin:at]
        return _ESCAPE.sub(_unescape, body) if quote == '"' else body

    def key(self) -> Path:
        parts: list[str] = []
        while True:
            self.skip(_SPACE)
            if self.text[self.at] in "\"'":
                parts.append(self.string())
            else:
                match = _BARE.match(self.text, self.at)
                assert match, "the text was parsed before"
                parts.append(match.group())
                self.at = match.end()
            self.skip(_SPACE)
            if self.text[self.at] != ".":
                return tuple(parts)
            self.at += 1

    def entry(self) -> Entry:
        start = self.at
        path = self.key()
        self.at += 1  # "="
        self.skip(_SPACE)
        return Entry(path, start, self.value())

    def value(self) -> Value:
        start = self.at
        first = self.text[start]
        if first in "\"'":
            self.string()
            return Value(start, self.at, "scalar")
        if first == "[":
            items = tuple(self._members("]", self.value))
            return Value(start, self.at, "array", items=items)
        if first == "{":
            entries = tuple(self._members("}", self.entry))
            return Value(start, self.at, "table", entries=entries)
        match = _SCALAR.match(self.text, start)
        assert match, "the text was parsed before"
        self.at = start + len(match.group().rstrip())
        return Value(start, self.at, "scalar")

    def _members(self, closing: str, read: Callable[[], _Member]) -> Iterator[_Member]:
        self.at += 1
        while True:
            self.skip(_BLANK)
            if self.text[self.at] == closing:
                self.at += 1
                return
            yield read()
            self.skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1

    def section(self) -> Section:
        start = self.at
        is_array = self.text.startswith("[[", start)
        self.at += 2 if is_array else 1
        path = self.key()
        self.at += 2 if is_array else 1
        return Section(path, start, self.at, is_array, tuple(self.entries()))

    def entries(self) -> Iterator[Entry]:
        while True:
            self.skip(_BLANK)
            if self.at >= len(self.text) or self.text[self.at] == "[":
                return
            yield self.entry()


def _unescape(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2) or match.group(3)
    if code:
        return chr(int(code, 16))
    return _SIMPLE.get(match.group(4), "")


@lru_cache(maxsize=4)
def scan(text: str) -> tuple[Section, ...]:
    """The sections of a valid TOML text, the root section first (it may be empty).

    An edit looks at the same text many times before it changes it.
    """
    scanner = _Scanner(text)
    root = Section((), 0, 0, False, tuple(scanner.entries()))
    sections = [root]
    while scanner.at < len(text):
        sections.append(scanner.section())
    return tuple(sections)
