"""Turns three versions of a TOML text into one that has both changes, key by key, where merging lines cannot tell.

Used where both sides wrote at the same place of the file (a new dependency, and a new table right behind it).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from ...manifest.document import Document
from ...manifest.layout import Path

Values = dict[Path, Any]


def merge_keys(base: str, mine: str, theirs: str) -> str | None:
    """`mine` with the keys changed that differ between `base` and `theirs`.

    None where a key was changed on both sides, or where a text is not TOML (or a change not one of keys alone).
    """
    try:
        old, now, new = (dict(_leaves(tomllib.loads(text))) for text in (base, mine, theirs))
    except tomllib.TOMLDecodeError:
        return None
    document = Document(mine)
    try:
        for path in [*new, *(p for p in old if p not in new)]:
            if _same(old, new, path) or _same(now, new, path):
                continue
            if not _same(now, old, path):
                return None
            if path in new:
                document.set(path, new[path])
            else:
                document.remove(path)
        done = dict(_leaves(tomllib.loads(document.text)))
    except Exception:  # a form of table that the editor does not take apart
        return None
    changed = {p for p in {*old, *new} if not _same(old, new, p)}
    fits = all(_same(done, new, p) if p in changed else _same(done, now, p) for p in {*done, *now, *new})
    return document.text if fits else None


_ABSENT = object()


def _same(one: Values, two: Values, path: Path) -> bool:
    return bool(one.get(path, _ABSENT) == two.get(path, _ABSENT))


def _leaves(table: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value that is not a table, under its path. An empty table says nothing."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
