"""Text of a valid TOML document -> the line and column of every key and value.

The parser that reads manifests gives plain data; this is the slow second look that is taken only when an error or a
warning has to point somewhere. It relies on the text being valid TOML 1.1 and does not check it again.
"""

from __future__ import annotations

import re
from bisect import bisect_right

Keys = tuple["str | int", ...]
"""A way into a document: table keys and array indices from the root."""

_BLANK = re.compile(r"[ \t\r\n]+|#[^\n]*")
_INLINE_BLANK = re.compile(r"[ \t]+")
_BARE_KEY = re.compile(r"[^\s.=\]\"'#]+")
_BARE_VALUE = re.compile(r"[^,\]}\n#]*")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
_MULTI_BASIC = re.compile(r'"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}', re.DOTALL)
_MULTI_LITERAL = re.compile(r"'''(?:[^']|'{1,2}(?!'))*'{3,5}", re.DOTALL)


class Positions:
    """Where the keys and values of one document stand."""

    def __init__(self, text: str) -> None:
        self._lines = [0, *(m.end() for m in re.finditer("\n", text))]
        self._keys: dict[Keys, int] = {}
        self._values: dict[Keys, int] = {}
        try:
            _Scan(text, self._keys, self._values).document()
        except (RecursionError, IndexError):  # too deep, or not valid after all: keep what was found
            pass

    def find(self, keys: Keys, *, value: bool) -> tuple[int, int] | None:
        """Line and column, counted from 1, of the key or value at `keys`, or of the nearest thing around it."""
        here = keys
        while here:
            table = self._values if value else self._keys
            offset = table.get(here, self._values.get(here))
            if offset is not None:
                return self.line_column(offset)
            here = here[:-1]
        return None

    def line_column(self, offset: int) -> tuple[int, int]:
        """The line and column, counted from 1, of a character."""
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1


class _Scan:
    def __init__(self, text: str, keys: dict[Keys, int], values: dict[Keys, int]) -> None:
        self.text = text
        self.at = 0
        self.keys = keys
        self.values = values
        self.arrays: dict[Keys, int] = {}  # the index of the present element of each array of tables

    def document(self) -> None:
        table: Keys = ()
        while self._skip(_BLANK) < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _skip(self, blank: re.Pattern[str]) -> int:
        while self.at < len(self.text) and (match := blank.match(self.text, self.at)):
            self.at = match.end()
        return self.at

    def _header(self) -> Keys:
        start = self.at
        repeated = self.text.startswith("[[", start)
        self.at += 2 if repeated else 1
        parts = self._key()
        here: Keys = ()
        for index, (part, offset) in enumerate(parts):
            here = (*here, part)
            self.keys.setdefault(here, offset)
            if repeated and index == len(parts) - 1:
                self.values.setdefault(here, start)
                self.arrays[here] = self.arrays.get(here, -1) + 1
            if here in self.arrays:
                here = (*here, self.arrays[here])
            self.values.setdefault(here, start)
        self.at = self.text.index("]", self.at) + (2 if repeated else 1)
        return here

    def _pair(self, table: Keys) -> None:
        here = table
        parts = self._key()
        for part, offset in parts:
            here = (*here, part)
            self.keys.setdefault(here, offset)
            self.values.setdefault(here, parts[0][1])
        self.at = self.text.index("=", self.at) + 1
        self._skip(_INLINE_BLANK)
        self._value(here)

    def _key(self) -> list[tuple[str, int]]:
        parts = []
        while True:
            self._skip(_INLINE_BLANK)
            start = self.at
            quote = self.text[start]
            pattern = _BASIC if quote == '"' else _LITERAL if quote == "'" else _BARE_KEY
            match = pattern.match(self.text, start)
            if match is None:
                raise IndexError(start)
            self.at = match.end()
            quoted = quote in "\"'"
            parts.append((_unquoted(match[0]) if quoted else match[0], start + quoted))
            self._skip(_INLINE_BLANK)
            if self.at >= len(self.text) or self.text[self.at] != ".":
                return parts
            self.at += 1

    def _value(self, here: Keys) -> None:
        text, start = self.text, self.at
        first = text[start]
        if first == "[":
            self.values[here] = start
            self._array(here)
        elif first == "{":
            self.values[here] = start
            self._table(here)
        elif first in "\"'":
            multi = text.startswith(first * 3, start)
            pattern = (_MULTI_BASIC if multi else _BASIC) if first == '"' else (_MULTI_LITERAL if multi else _LITERAL)
            match = pattern.match(text, start)
            if match is None:
                raise IndexError(start)
            self.values[here] = start + (3 if multi else 1)
            self.at = match.end()
        else:
            match = _BARE_VALUE.match(text, start)
            assert match is not None
            self.values[here] = start
            self.at = max(match.end(), start + 1)

    def _array(self, here: Keys) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            if self.text[self.at] == "]":
                self.at += 1
                return
            self._value((*here, index))
            index += 1
            self._skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1

    def _table(self, here: Keys) -> None:
        self.at += 1
        while True:
            self._skip(_BLANK)
            if self.text[self.at] == "}":
                self.at += 1
                return
            inner = here
            for part, offset in self._key():
                inner = (*inner, part)
                self.keys.setdefault(inner, offset)
            self._skip(_BLANK)
            self.at += 1  # the equals sign
            self._skip(_BLANK)
            self._value(inner)
            self._skip(_BLANK)
            if self.text[self.at] == ",":
                self.at += 1


def _unquoted(quoted: str) -> str:
    """The key that a quoted key stands for."""
    if quoted[0] == "'" or "\\" not in quoted:
        return quoted[1:-1]
    import tomli

    return next(iter(tomli.loads(f"{quoted}=0")))
