"""The text of a lock file as serde_yaml writes it -> plain data, fast: a reader of that fixed subset of YAML.

Block style only, scalars plain or single-quoted on one line, everything a string (no YAML 1.1 coercion). Whatever
falls outside raises `NotInSubset`: `yaml_general` reads that. The lines that make up almost all of a lock file
(packages with their fields, environments naming packages) have loops of their own.
"""

from __future__ import annotations

from typing import Any

_EMPTY: dict[str, type] = {"[]": list, "{}": dict}
_NULLS = frozenset({"~", "null", "Null", "NULL"})
_SPECIAL = frozenset("[]{}&*!|>%@`,#\"' \t")
_MAX_DEPTH = 12
_SELECTORS = frozenset({"conda", "conda_source", "pypi"})


class NotInSubset(Exception):
    """The text is not what serde_yaml writes; it may well be YAML."""


class Bare(str):
    """A scalar that stood without quotes although a string would need them: a number or a boolean of `variants`."""

    __slots__ = ()


def parse(text: str) -> dict[str, Any]:
    """Read a whole lock file.

    Returns the root mapping: strings, lists, dicts, None for a written null; an item `- conda: X` of a list (and so
    `pypi`) without further keys is the tuple `("conda", X)`. Raises `NotInSubset`.
    """
    if "\t" in text or "\r" in text or " #" in text or text.startswith(("#", "---", "\ufeff")):
        raise NotInSubset
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    root: dict[str, Any] = {}
    at = 0
    try:
        while at < len(lines):
            line = lines[at]
            at += 1
            key, value = _key(line)
            if key in root:
                raise NotInSubset
            if value is not None:
                root[key] = scalar(value)
            elif key == "packages" and at < len(lines) and lines[at].startswith("- "):
                root[key], at = _packages(lines, at)
            else:
                root[key], at = _nested(lines, at, 0, 0)
    except IndexError:
        raise NotInSubset from None
    return root


def scalar(text: str) -> Any:
    """One scalar (or an empty flow collection) as it stands behind a key or a dash. Raises `NotInSubset`."""
    first = text[:1]
    if first == "'":
        return _quoted(text)
    if first in _SPECIAL or not first:
        if text in _EMPTY:
            return _EMPTY[text]()
        raise NotInSubset
    if ": " in text or text[-1] in ": " or (first in "-?:" and text[1:2] in ("", " ")):
        raise NotInSubset
    return None if text in _NULLS else text


def _quoted(text: str) -> str:
    inner = text[1:-1]
    if len(text) < 2 or text[-1] != "'" or "'" in inner.replace("''", ""):
        raise NotInSubset
    return inner.replace("''", "'")


def _key(line: str) -> tuple[str, str | None]:
    """Split `key: value` (or `key:`, whose value is None)."""
    key, separator, value = line.partition(": ")
    if separator:
        return scalar_key(key), value
    if not line.endswith(":"):
        raise NotInSubset
    return scalar_key(line[:-1]), None


def scalar_key(text: str) -> str:
    """A mapping's key. Raises `NotInSubset`."""
    key = scalar(text)
    if not isinstance(key, str):
        raise NotInSubset
    return key


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _nested(lines: list[str], at: int, indent: int, depth: int) -> tuple[Any, int]:
    """What stands below a `key:` whose own indent is `indent`: a mapping further in, or a list as far in or further."""
    inner = _indent(lines[at])
    is_list = lines[at].startswith("- ", inner)
    if inner < indent or (inner == indent and not is_list) or depth > _MAX_DEPTH:
        raise NotInSubset
    if is_list:
        return _list(lines, at, inner, depth + 1)
    return _mapping(lines, at, inner, depth + 1)


def _mapping(
    lines: list[str], at: int, indent: int, depth: int, found: dict[str, Any] | None = None
) -> tuple[dict[str, Any], int]:
    """The mapping whose keys stand at `indent`; `found` holds keys that were read already (`- key: …`)."""
    found = {} if found is None else found
    size = len(lines)
    while at < size:
        line = lines[at]
        here = _indent(line)
        if here < indent or line.startswith("- ", here):
            if here >= indent:
                raise NotInSubset
            break
        if here > indent:
            raise NotInSubset
        at += 1
        key, value = _key(line[indent:])
        if key in found:
            raise NotInSubset
        if value is None:
            found[key], at = _nested(lines, at, indent, depth)
        else:
            found[key] = _marked(value)
    return found, at


def _list(lines: list[str], at: int, indent: int, depth: int) -> tuple[list[Any], int]:
    """The list whose dashes stand at `indent`."""
    dash = " " * indent + "- "
    start = indent + 2
    deeper = " " * start
    items: list[Any] = []
    size = len(lines)
    while at < size and lines[at].startswith(dash):
        rest = lines[at][start:]
        at += 1
        key, separator, value = rest.partition(": ")
        if rest[:1] == "'" or not (separator or rest.endswith(":")):
            items.append(_marked(rest))
        elif separator and key in _SELECTORS and not (at < size and lines[at].startswith(deeper)):
            found = scalar(value)
            items.append((key, found) if isinstance(found, str) else {key: found})
        else:
            item: dict[str, Any] = {}
            if separator:
                item[scalar_key(key)] = _marked(value)
            else:
                item[scalar_key(rest[:-1])], at = _nested(lines, at, start, depth)
            more, at = _mapping(lines, at, start, depth, item)
            items.append(more)
    if at < size and _indent(lines[at]) > indent:
        raise NotInSubset
    return items, at


def _marked(text: str) -> Any:
    """A scalar, as `Bare` where a string of that text would have been quoted."""
    value = scalar(text)
    if isinstance(value, str) and text[0] != "'" and (text[0].isdigit() or text[0] in "+-.tTfFnN"):
        from .quoting import needs_quotes

        if needs_quotes(value):
            return Bare(value)
    return value


def _packages(lines: list[str], at: int) -> tuple[list[dict[str, Any]], int]:
    """The list of packages, whose dashes stand at the margin: one dict each, its kind as the first key."""
    packages: list[dict[str, Any]] = []
    fields: dict[str, Any] = {}
    size = len(lines)
    while at < size:
        line = lines[at]
        if line.startswith("  "):
            mark = line[2]
            if mark == " ":
                raise NotInSubset
            if mark == "-":
                raise NotInSubset
            key, separator, value = line[2:].partition(": ")
            if key in fields:
                raise NotInSubset
            at += 1
            if separator:
                if value[0] not in _SPECIAL and value[-1] not in ": " and ": " not in value:
                    fields[key] = value if value not in _NULLS else None
                else:
                    fields[key] = scalar(value)
            elif key[-1] != ":":
                raise NotInSubset
            else:
                fields[key[:-1]], at = _package_list(lines, at)
        elif line.startswith("- "):
            fields = {}
            packages.append(fields)
            key, value_or_none = _key(line[2:])
            if value_or_none is None:
                raise NotInSubset
            fields[key] = scalar(value_or_none)
            at += 1
        else:
            break
    return packages, at


def _package_list(lines: list[str], at: int) -> tuple[Any, int]:
    """The value of a package's field that spans lines: nearly always a list of texts."""
    start = at
    items: list[str] = []
    size = len(lines)
    while at < size and lines[at].startswith("  - "):
        text = lines[at][4:]
        if text[0] in _SPECIAL:
            items.append(_quoted(text))
        elif ": " in text or text[-1] in ": " or text in _NULLS:
            return _nested(lines, start, 2, 0)
        else:
            items.append(text)
        at += 1
    if at == start or (at < size and lines[at].startswith("   ")):
        return _nested(lines, start, 2, 0)
    return items, at
