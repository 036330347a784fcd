"""Turns a TOML text and a change (set, remove, append) into the text with just that change.

Comments, order, quoting, blank lines and line endings stay. Where Pixi's own editor has a habit (where a new table
goes, that `[dependencies.x]` becomes a key of `[dependencies]`, that an array under `[environments]` becomes a table)
it is followed, so that both tools write the same file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .layout import Entry, Path, Section, Value, scan
from .members import Members, added, members, without
from .values import TomlValue, key_text, value_text


@dataclass(frozen=True)
class _Found:
    """Where a path is defined as a value: the entry, the inline tables around it, outermost first."""

    entry: Entry
    section: Section
    around: tuple[Value, ...]


class Document:
    """An editable TOML text. Every method leaves `text` valid TOML, or raises KeyError and changes nothing."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"

    # -- looking ----------------------------------------------------------------------------------------------

    @property
    def sections(self) -> tuple[Section, ...]:
        """The present layout."""
        return scan(self.text)

    def _find(self, path: Path) -> _Found | None:
        for section in self.sections:
            if section.is_array or path[: len(section.path)] != section.path:
                continue
            found = _find_entry(section.entries, path[len(section.path) :], section, ())
            if found is not None:
                return found
        return None

    def has(self, path: Path) -> bool:
        """Whether a value or table stands at the path, in whatever style."""
        if self._find(path) is not None:
            return True
        n = len(path)
        for section in self.sections:
            if section.path[:n] == path:
                return True
            rest = path[len(section.path) :]
            if section.path == path[: len(section.path)] and _is_prefix(section.entries, rest):
                return True
        return False

    def value(self, path: Path) -> str | None:
        """The text of the value at the path; None if it is no value (a table under a header has none)."""
        found = self._find(path)
        return None if found is None else self.text[found.entry.value.start : found.entry.value.end]

    def keys(self, path: Path) -> tuple[str, ...]:
        """The keys of the table at the path, in order of appearance, whatever styles they are written in."""
        found = self._find(path)
        if found is not None:
            return tuple(dict.fromkeys(e.path[0] for e in found.entry.value.entries))
        n = len(path)
        keys: list[str] = []
        for section in self.sections:
            if section.path[:n] == path and len(section.path) > n:
                keys.append(section.path[n])
            elif section.path == path[: len(section.path)]:
                depth = n - len(section.path)
                rest = path[len(section.path) :]
                keys += [e.path[depth] for e in section.entries if e.path[:depth] == rest and len(e.path) > depth]
        return tuple(dict.fromkeys(keys))

    def items(self, path: Path) -> tuple[str, ...]:
        """The texts of the items of the array at the path; none if there is no such array."""
        found = self._find(path)
        return () if found is None else tuple(self.text[i.start : i.end] for i in found.entry.value.items)

    def array(self, path: Path) -> Value | None:
        """The array at the path with the spans of its items; None if there is no such array."""
        found = self._find(path)
        return found.entry.value if found is not None and found.entry.value.kind == "array" else None

    def splice(self, start: int, end: int, new: str) -> None:
        """Put `new` in place of the text between two offsets; what results has to be TOML."""
        self._replace(start, end, new)

    def set_item(self, path: Path, index: int, value: TomlValue) -> None:
        """Replace item `index` of the array at the path. KeyError if there is no such array or item."""
        found = self._find(path)
        if found is None or index >= len(found.entry.value.items):
            raise KeyError(path)
        item = found.entry.value.items[index]
        self._replace(item.start, item.end, value_text(value))

    def line_of(self, path: Path) -> int | None:
        """The line (from 1) on which the key or header of the path stands."""
        found = self._find(path)
        if found is not None:
            return self.text.count("\n", 0, found.entry.start) + 1
        for section in self.sections:
            if section.path == path:
                return self.text.count("\n", 0, section.start) + 1
        return None

    def header_of(self, path: Path) -> Path | None:
        """The header below which the value at the path stands as a line of its own; None inside an inline table."""
        found = self._find(path)
        return None if found is None or found.around else found.section.path

    # -- changing ---------------------------------------------------------------------------------------------

    def set(self, path: Path, value: TomlValue) -> None:
        """Give `path` this value, in place where it has one, else as a new key in the style of its table."""
        new = value_text(value)
        found = self._find(path)
        if found is not None:
            self._replace(found.entry.value.start, found.entry.value.end, new)
        elif any(s.path[: len(path)] == path for s in self.sections):
            self._header_to_key(path, new)
        else:
            self._insert(path, new)

    def ensure_table(self, path: Path) -> None:
        """Make sure that a table stands at the path: a header if there is nothing yet."""
        if not self.has(path):
            self._new_section(path, "")

    def open_table(self, path: Path, key: str) -> None:
        """Turn the value at the path into a table below a header of its own: an array becomes its `key`.

        Inside an inline table it stays inline. KeyError if there is no value.
        """
        found = self._find(path)
        if found is None:
            raise KeyError(path)
        value = found.entry.value
        if found.around:
            if value.kind == "array":
                self._replace(value.start, value.end, f"{{ {key} = {self.text[value.start : value.end]} }}")
            return
        if value.kind == "array":
            lines = [f"{key} = {self.text[value.start : self._line_end(value.end)]}"]
        else:
            entries = [(e.path, e.value) for e in value.entries]
            lines = [f"{'.'.join(map(key_text, p))} = {self.text[v.start : v.end]}" for p, v in entries]
        self._new_section(path, self.newline.join(lines))
        self._cut_entry(found)
        self.drop_empty_header(path[:-1])

    def remove(self, path: Path) -> None:
        """Take away the value or table at the path; a table emptied by it stays. KeyError if it is not there."""
        found = self._find(path)
        if found is not None:
            self._cut_entry(found)
            return
        sections = [s for s in self.sections if s.path[: len(path)] == path]
        dotted = self._dotted_below(path)
        if not sections and not dotted:
            raise KeyError(path)
        for section in reversed(sections):
            self._cut_section(section)
        while entries := self._dotted_below(path):
            self._cut_entry(entries[-1])

    def drop_empty_header(self, path: Path) -> None:
        """Take away the header of a table that has no key left below it."""
        section = self._section(path)
        if section is not None and not section.entries and section.path:
            self._cut_section(section)

    def append(self, path: Path, value: TomlValue, *, first: bool = False) -> None:
        """Add an item to the array at the path, at its end or as its first; the array's layout is kept."""
        found = self._find(path)
        if found is None:
            self.set(path, [value])
            return
        self._relay(found.entry.value, added(members(self.text, found.entry.value), value_text(value), first=first))

    def remove_item(self, path: Path, index: int) -> None:
        """Take item `index` out of the array at the path. KeyError if there is no such array or item."""
        found = self._find(path)
        if found is None or index >= len(found.entry.value.items):
            raise KeyError(path)
        self._relay(found.entry.value, without(members(self.text, found.entry.value), index))

    # -- how --------------------------------------------------------------------------------------------------

    def _replace(self, start: int, end: int, new: str) -> None:
        self.text = self.text[:start] + new + self.text[end:]

    def _relay(self, old: Value, new: Members) -> None:
        """Put an array or inline table in place of the old one."""
        self._replace(old.start, old.end, new.text.replace("\n", self.newline))

    def _line_end(self, at: int) -> int:
        """Where the line of an offset ends, before its line break."""
        end = self.text.find("\n", at)
        if end < 0:
            return len(self.text)
        return end - 1 if end and self.text[end - 1] == "\r" else end

    def _insert(self, path: Path, new: str) -> None:
        """A new key: in the innermost thing that exists above it."""
        for depth in range(len(path) - 1, 0, -1):
            parent, rest = path[:depth], path[depth:]
            found = self._find(parent)
            if found is not None:
                self._relay(found.entry.value, added(members(self.text, found.entry.value), _nested(rest, new)))
                return
            section = self._section(parent)
            if section is not None and len(rest) == 1:
                self._insert_line(section.last, f"{key_text(rest[0])} = {new}")
                return
            dotted = self._dotted_below(parent)
            if dotted:
                last = dotted[-1]
                key = ".".join(map(key_text, path[len(last.section.path) :]))
                self._insert_line(last.entry.value.end, f"{key} = {new}", self._indent(last.entry.start))
                return
            if section is not None and depth == len(path) - 1:
                break
        if len(path) == 1:
            root = self.sections[0]
            line = f"{key_text(path[0])} = {new}"
            if root.entries:
                self._insert_line(root.last, line)
            else:
                self.text = f"{line}{self.newline}{self.text}"
            return
        self._new_section(path[:-1], f"{key_text(path[-1])} = {new}")

    def _indent(self, at: int) -> str:
        start = self.text.rfind("\n", 0, at) + 1
        lead = self.text[start:at]
        return lead if not lead.strip() else ""

    def _section(self, path: Path) -> Section | None:
        return next((s for s in self.sections if s.path == path and not s.is_array), None)

    def _dotted_below(self, path: Path) -> list[_Found]:
        """The entries that define `path` by dotted keys (`dependencies.x = …` below `[tool.pixi]`)."""
        found = []
        for section in self.sections:
            n = len(section.path)
            if section.is_array or path[:n] != section.path or len(path) <= n:
                continue
            rest = path[n:]
            found += [
                _Found(e, section, ())
                for e in section.entries
                if len(e.path) > len(rest) and e.path[: len(rest)] == rest
            ]
        return found

    def _insert_line(self, after: int, line: str, indent: str | None = None) -> None:
        """A line of its own behind the line in which `after` stands, indented like it."""
        end = self._line_end(after)
        if indent is None:
            indent = self._indent_of_line(after)
        self._replace(end, end, f"{self.newline}{indent}{line}")
        if not self.text.endswith("\n"):
            self.text += self.newline

    def _indent_of_line(self, at: int) -> str:
        for section in self.sections:
            for entry in section.entries:
                if entry.value.end == at:
                    return self._indent(entry.start)
        return ""

    def _new_section(self, path: Path, body: str) -> None:
        """A new header behind its nearest relatives, where Pixi's editor puts it; comments at the end stay there."""
        header = "[" + ".".join(map(key_text, path)) + "]"
        block = header + (self.newline + body if body else "")
        named = [s for s in self.sections if s.path]
        best = max((_shared(s.path, path) for s in named), default=0)
        relatives = [s for s in named if s.path[:best] == path[:best]]
        above = _last_in_tree(relatives) if relatives else self.sections[0]
        at = self._line_end(above.last) if relatives or above.entries else 0
        rest = self.text[at:]
        gap = self.newline * 2 if at else ""
        if not at:
            rest = self.newline + (self.newline + rest.lstrip("\r\n") if rest.strip("\r\n") else "")
        elif not rest.strip("\r\n"):
            rest = self.newline
        elif above.start == self.sections[-1].start:  # comments at the end of the file
            rest = self.newline * 2 + rest.strip("\r\n") + self.newline
        self.text = f"{self.text[:at]}{gap}{block}{rest}"

    def _header_to_key(self, path: Path, new: str) -> None:
        """`[dependencies.x]` becomes `x = …` in `[dependencies]`, as Pixi's editor does it."""
        sections = [s for s in self.sections if s.path[: len(path)] == path]
        parent = self._section(path[:-1])
        line = f"{key_text(path[-1])} = {new}"
        if parent is not None:
            for section in reversed(sections):
                self._cut_section(section)
            self._insert(path, new)
            return
        for section in reversed(sections[1:]):
            self._cut_section(section)
        first = sections[0]
        header = "[" + ".".join(map(key_text, path[:-1])) + "]"
        self._replace(first.start, first.last, f"{header}{self.newline}{line}")

    def _cut_entry(self, found: _Found) -> None:
        if found.around:
            table = found.around[-1]
            index = next(i for i, e in enumerate(table.entries) if e.start == found.entry.start)
            self._relay(table, without(members(self.text, table), index))
            return
        start = self.text.rfind("\n", 0, found.entry.start) + 1
        above = self.text[:start].rstrip(" \t\r\n")
        if not above.rpartition("\n")[2].lstrip().startswith("#"):  # blank lines go along, comments do not
            start = self._line_end(len(above)) + len(self.newline) if above else 0
        end = self._line_end(found.entry.value.end)
        end += len(self.newline) if self.text.startswith(self.newline, end) else 0
        self._replace(start, end, "")

    def _cut_section(self, section: Section) -> None:
        """Take away a header with its entries and the blank lines above it; comments above it stay."""
        start = section.start
        end = self._line_end(section.last)
        end += len(self.newline) if self.text.startswith(self.newline, end) else 0
        before = self.text[:start]
        stripped = before.rstrip("\r\n \t")
        rest = self.text[end:]
        if not stripped:
            self.text = rest.lstrip("\r\n")
        else:
            self.text = stripped + self.newline + (rest if rest.strip("\r\n") else "")


def _find_entry(entries: Sequence[Entry], path: Path, section: Section, around: tuple[Value, ...]) -> _Found | None:
    for entry in entries:
        if entry.path == path:
            return _Found(entry, section, around)
        n = len(entry.path)
        if entry.path == path[:n] and entry.value.kind == "table":
            found = _find_entry(entry.value.entries, path[n:], section, (*around, entry.value))
            if found is not None:
                return found
    return None


def _is_prefix(entries: Sequence[Entry], path: Path) -> bool:
    """Whether dotted keys of these entries define a table at the path."""
    for entry in entries:
        n = len(entry.path)
        if entry.path[: len(path)] == path:
            return True
        if entry.path == path[:n] and entry.value.kind == "table" and _is_prefix(entry.value.entries, path[n:]):
            return True
    return False


def _last_in_tree(sections: Sequence[Section]) -> Section:
    """The section that comes last when every table is followed by its own tables, in order of first appearance."""
    first: dict[Path, int] = {}
    for place, section in enumerate(sections):
        for depth in range(1, len(section.path) + 1):
            first.setdefault(section.path[:depth], place)
    return max(sections, key=lambda s: [first[s.path[:depth]] for depth in range(1, len(s.path) + 1)])


def _shared(a: Path, b: Path) -> int:
    """How many leading parts two paths share."""
    n = 0
    for x, y in zip(a, b, strict=False):
        if x != y:
            break
        n += 1
    return n


def _nested(path: Path, new: str) -> str:
    """`a = { b = new }` for a path of two parts, and so on."""
    text = f"{key_text(path[-1])} = {new}"
    for part in reversed(path[:-1]):
        text = f"{key_text(part)} = {{ {text} }}"
    return text
