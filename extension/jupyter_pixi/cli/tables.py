"""Turns rows into aligned text: package tables and lock diffs as Pixi prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..lockfile.diff import LockDiff


Paint = Callable[[int, int, str], str]
"""Row, column and cell (filled up with blanks) -> the cell as it is shown; the header is row -1."""


def _plain(row: int, column: int, cell: str) -> str:
    return cell


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = (), paint: Paint = _plain
) -> str:
    """Columns two blanks apart; those whose index is in `right` are right-aligned. Lines have no trailing blanks."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    out = []
    for number, line in enumerate(lines, -1):
        cells = [c.rjust(w) if i in right else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True))]
        cells[-1] = cells[-1].rstrip()
        out.append("  ".join(paint(number, i, cell) for i, cell in enumerate(cells)).rstrip())
    return "\n".join(out)


def diff_text(diff: LockDiff) -> str:
    """What changed in a lock, environment by environment: `+ (conda) lib  2.1 h1_1`, `~ … -> …`, `- …`.

    A change that is not the same on all platforms that changed has its platforms behind it, as `[linux-64]`.
    """
    blocks: dict[str, dict[tuple[str, str], list[str]]] = {}
    platforms: dict[str, dict[str, None]] = {}
    for row in diff.rows():
        change = f"{row.before}  ->  {row.after}" if row.before and row.after else row.before or row.after or ""
        mark = "+" if row.before is None else "-" if row.after is None else "~"
        line = (f"{mark} ({row.type}) {row.name}", change)
        blocks.setdefault(row.environment, {}).setdefault(line, []).append(row.platform)
        platforms.setdefault(row.environment, {})[row.platform] = None
    out = []
    for environment, lines in blocks.items():
        out.append(f"Environment: {environment}")
        width = max(len(what) for what, _ in lines)
        for (what, change), on in sorted(lines.items(), key=lambda item: item[0][0].split(" ", 1)[1]):
            note = "" if len(on) == len(platforms[environment]) else f"  [{', '.join(on)}]"
            out.append(f"  {what.ljust(width)}  {change}{note}")
        out.append("")
    return "\n".join(out[:-1])


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
