"""Turns rows into aligned text: package tables and lock diffs as Pixi prints them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..lockfile.diff import LockDiff


def table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns two blanks apart; those whose index is in `right` are right-aligned. Lines have no trailing blanks."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    out = []
    for line in lines:
        cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))]
        out.append("  ".join(cells).rstrip())
    return "\n".join(out)


def diff_text(diff: LockDiff) -> str:
    """What changed in a lock, environment by environment: `+ (conda) lib  2.1 h1_1`, `~ … -> …`, `- …`."""
    blocks: dict[str, dict[str, tuple[str, str, str, str]]] = {}
    for row in diff.rows():
        mark = "+" if row.before is None else "-" if row.after is None else "~"
        blocks.setdefault(row.environment, {})[row.name] = (mark, row.type, _side(row.before), _side(row.after))
    out = []
    for environment, rows in blocks.items():
        out.append(f"Environment: {environment}")
        width = max(len(name) for name in rows)
        for name, (mark, kind, before, after) in rows.items():
            change = f"{before}  ->  {after}" if mark == "~" else before or after
            out.append(f"  {mark} ({kind}) {name.ljust(width)}  {change}")
        out.append("")
    return "\n".join(out[:-1])


def _side(text: str | None) -> str:
    return text or ""


def size_text(size: int | None) -> str:
    """A size in bytes for people, in powers of 1024 as Pixi shows it: `979 B`, `1.08 KiB`, `24.9 MiB`."""
    if size is None:
        return ""
    value, unit = float(size), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    if unit == "B":
        return f"{size} B"
    return f"{value:.2f}".rstrip("0").rstrip(".") + f" {unit}"
