"""Bytes that a command writes -> text in the cell, of a flood the head and the tail."""

from __future__ import annotations

import codecs
from collections import deque
from typing import Any, Callable

OUTPUT_HEAD = 1_000_000  # characters of a stream that go straight to the cell
OUTPUT_TAIL = 60_000  # and those kept of what follows, shown at its end


class Output:
    """Passes a stream's text on as it comes; of a flood it keeps the head and, shown at the end, the tail."""

    def __init__(self, write: Callable[[str], Any], head: int = OUTPUT_HEAD, tail: int = OUTPUT_TAIL) -> None:
        self._write, self._head, self._limit = write, head, tail
        self._tail = deque()  # type: deque[str]
        self._kept = self._dropped = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, data: bytes, *, final: bool = False) -> None:
        """Takes bytes in; a character split between two reads is put together."""
        text = self._decoder.decode(data, final)
        if self._head > 0 and text:
            self._write(text[: self._head])
            text, self._head = text[self._head :], self._head - len(text)
        if text:
            self._tail.append(text)
            self._kept += len(text)
            while self._kept - len(self._tail[0]) >= self._limit:
                dropped = len(self._tail.popleft())
                self._kept -= dropped
                self._dropped += dropped

    def close(self) -> None:
        """Shows the tail, and how much was left out before it."""
        self.feed(b"", final=True)
        if self._dropped:
            self._write(f"\n[… {self._dropped:,} characters left out …]\n")
        self._write("".join(self._tail))
        self._tail.clear()
