"""Bytes of a TOML file -> tables that are read key by key, and errors that say where in the file something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import ManifestError, Place
from .model import ManifestWarning

if TYPE_CHECKING:
    from .positions import Keys, Positions

MAX_BYTES = 4 * 1024 * 1024
"""Larger files are refused: no manifest is, and a wrong file should not keep the reader busy."""

MAX_MESSAGE = 2000
"""A message holds what the user wrote; longer ones are shortened in the middle."""

_CONFLICT = ("<" * 7 + " ", "=" * 7, ">" * 7 + " ")

T = TypeVar("T")


class Document:
    """A parsed TOML file: its data, and the place of everything in it.

    `line_offset` and `column_offset` move the places, for a block that stands inside another file.
    """

    def __init__(
        self,
        path: Path,
        text: str,
        data: Mapping[str, Any],
        *,
        line_offset: int = 0,
        column_offset: int = 0,
    ) -> None:
        self.path = path
        self.text = text
        self.data = data
        self.warnings: list[ManifestWarning] = []
        self._line_offset = line_offset
        self._column_offset = column_offset

    @cached_property
    def _positions(self) -> Positions:
        from .positions import Positions

        return Positions(self.text)

    def place(self, keys: Keys, *, value: bool = True) -> Place:
        """Where the value (or the key) at `keys` stands; the file alone if that cannot be told."""
        found = self._positions.find(keys, value=value)
        if found is None:
            return Place(self.path)
        return Place(self.path, found[0] + self._line_offset, found[1] + self._column_offset)

    def error(self, keys: Keys, message: str, *, value: bool = True, help: str | None = None) -> ManifestError:
        """The error that says `message` of the value (or the key) at `keys`."""
        if len(message) > MAX_MESSAGE:
            message = f"{message[: MAX_MESSAGE // 2]} … {message[-MAX_MESSAGE // 2 :]}"
        return ManifestError(message, help=help, place=self.place(keys, value=value))

    def warn(self, keys: Keys, text: str, *, value: bool = True) -> None:
        """Remember a warning about the value (or the key) at `keys`."""
        self.warnings.append(ManifestWarning(text, self.place(keys, value=value)))

    def root(self) -> Table:
        """The root table."""
        return Table(self, (), self.data)


def decode(data: bytes, path: Path) -> str:
    """The text of a manifest. Raises ManifestError when it is too large or not UTF-8."""
    if len(data) > MAX_BYTES:
        raise ManifestError(f"the file has {len(data)} bytes: that is too large for a manifest", place=Place(path))
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ManifestError(
            f"failed to read from file `{path}`: it did not contain valid UTF-8",
            place=Place(path, line),
            help="Save the file as UTF-8 text.",
        ) from None


def parse(text: str, path: Path, *, line_offset: int = 0, column_offset: int = 0) -> Document:
    """The document that `text` is. Raises ManifestError, with line and column, when it is not TOML 1.1."""
    import tomli

    try:
        data = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        place = Place(path, error.lineno + line_offset, error.colno + column_offset)
        if "".join(text.splitlines()[error.lineno - 1 : error.lineno]).startswith(_CONFLICT):
            raise ManifestError(
                "the file is not valid TOML: it holds conflict markers of git",
                place=place,
                help="Decide what is to stay and remove the markers (`restore` brings git's HEAD).",
            ) from None
        raise ManifestError(f"the file is not valid TOML: {error.msg}", place=place) from None
    except RecursionError:
        raise ManifestError("the file is nested too deeply", place=Place(path)) from None
    except ValueError as error:  # a number with thousands of digits, a date that does not exist
        raise ManifestError(f"the file is not valid TOML: {error}", place=Place(path)) from None
    return Document(path, text, data, line_offset=line_offset, column_offset=column_offset)


def type_name(value: Any) -> str:
    """TOML's word for the type of a value."""
    if isinstance(value, bool):
        return "boolean"
    for cls, name in ((str, "string"), (int, "integer"), (float, "float"), (list, "array"), (dict, "table")):
        if isinstance(value, cls):
            return name
    return "datetime"


class Value:
    """One value of a document together with its place; the entry to everything that may take several types."""

    __slots__ = ("doc", "keys", "raw")

    def __init__(self, doc: Document, keys: Keys, raw: Any) -> None:
        self.doc = doc
        self.keys = keys
        self.raw = raw

    def error(self, message: str, *, help: str | None = None) -> ManifestError:
        """The error that says `message` of this value."""
        return self.doc.error(self.keys, message, help=help)

    def wanted(self, what: str) -> ManifestError:
        """The error for a value of the wrong type."""
        return self.error(f"expected {what}, found {type_name(self.raw)}")

    def string(self) -> str:
        """The value as text. Raises ManifestError for another type, as all of these do."""
        if not isinstance(self.raw, str):
            raise self.wanted("a string")
        return self.raw

    def boolean(self) -> bool:
        """The value as a truth value."""
        if not isinstance(self.raw, bool):
            raise self.wanted("a boolean")
        return self.raw

    def integer(self) -> int:
        """The value as a whole number."""
        if not isinstance(self.raw, int) or isinstance(self.raw, bool):
            raise self.wanted("an integer")
        return self.raw

    def table(self) -> Table:
        """The value as a table."""
        if not isinstance(self.raw, dict):
            raise self.wanted("a table")
        return Table(self.doc, self.keys, self.raw)

    def items(self) -> list[Value]:
        """The elements of the value, which is an array."""
        if not isinstance(self.raw, list):
            raise self.wanted("an array")
        return [Value(self.doc, (*self.keys, index), item) for index, item in enumerate(self.raw)]

    def strings(self) -> tuple[str, ...]:
        """The value as an array of texts."""
        return tuple(item.string() for item in self.items())


class Table:
    """A table that is read key by key; `close` refuses the keys that nobody asked for."""

    def __init__(self, doc: Document, keys: Keys, data: Mapping[str, Any]) -> None:
        self.doc = doc
        self.keys = keys
        self.data = data
        self._asked: list[str] = []

    def expect(self, *keys: str) -> None:
        """Say beforehand which keys there may be, in the order in which an error should name them."""
        self._asked = list(keys)

    def has(self, key: str) -> bool:
        """Whether the key is there, without asking for it."""
        return key in self.data

    def ask(self, key: str) -> Value | None:
        """The value of a key that may be there."""
        if key not in self._asked:
            self._asked.append(key)
        if key not in self.data:
            return None
        return Value(self.doc, (*self.keys, key), self.data[key])

    def get(self, key: str, read: Callable[[Value], T]) -> T | None:
        """The value of a key read by `read`, or None if it is not there."""
        value = self.ask(key)
        return None if value is None else read(value)

    def need(self, key: str) -> Value:
        """The value of a key that has to be there. Raises ManifestError "missing field"."""
        value = self.ask(key)
        if value is None:
            raise self.error(f"missing field '{key}' in table")
        return value

    def string(self, key: str) -> str | None:
        """The text under a key, if it is there."""
        return self.get(key, Value.string)

    def boolean(self, key: str) -> bool | None:
        """The truth value under a key, if it is there."""
        return self.get(key, Value.boolean)

    def strings(self, key: str) -> tuple[str, ...] | None:
        """The array of texts under a key, if it is there."""
        return self.get(key, Value.strings)

    def table(self, key: str) -> Table | None:
        """The table under a key, if it is there."""
        return self.get(key, Value.table)

    def values(self) -> Iterator[tuple[str, Value]]:
        """Every key and value, in the order written."""
        for key, raw in self.data.items():
            yield key, Value(self.doc, (*self.keys, key), raw)

    def string_map(self) -> dict[str, str]:
        """The table as name -> text."""
        return {key: value.string() for key, value in self.values()}

    def error(self, message: str, *, help: str | None = None) -> ManifestError:
        """The error that says `message` of the table as a whole."""
        return self.doc.error(self.keys, message, help=help)

    def key_error(self, key: str, message: str, *, help: str | None = None) -> ManifestError:
        """The error that says `message` of one of its keys."""
        return self.doc.error((*self.keys, key), message, value=False, help=help)

    def close(self) -> None:
        """Raises ManifestError if there is a key that was not asked for."""
        for key in self.data:
            if key not in self._asked:
                expected = ", ".join(f"'{k}'" for k in self._asked)
                raise self.key_error(
                    key,
                    f"Unexpected keys, expected only {expected}: '{key}' was not expected here",
                    help=_suggestion(key, self._asked),
                )


def _suggestion(word: str, known: list[str]) -> str | None:
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f"Did you mean '{close[0]}'?" if close else None
