"""Turns `history`, `diff`, `undo`, `redo` and `restore` into operations, and tells their results."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .change import told
from .output import Output, context_of
from .running import operation

if TYPE_CHECKING:
    from ..lockfile.diff import Row
    from ..operations.publishing.history import Entry


def history(arguments: Namespace) -> int:
    """`history`: what was changed, when, by which command, and what has been taken back."""
    from ..operations.publishing.history import entries, taken_back
    from ..operations.workspace import locate

    known = entries(locate(context_of(arguments)).parent)
    undone = taken_back(known)
    shown = known[-arguments.limit :] if arguments.limit else known
    rows = [{**entry.to_dict(), "undone": entry.id in undone} for entry in shown]
    output: Output = arguments.output
    if arguments.json:
        output.json(rows)
    elif not output.has_pipe:
        output.data(_listing(shown, undone))
    output.result({"kind": "history", "entries": rows, "message": _listing(shown, undone)})
    return 0


def _listing(shown: Sequence[Entry], undone: set[str]) -> str:
    from .tables import table

    if not shown:
        return "Nothing has been changed here yet."
    rows = [
        (
            entry.id,
            time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.time)),
            " ".join(entry.command) + (" (taken back)" if entry.id in undone else ""),
            _few(entry.changes),
            _kernel(entry.kernel),
        )
        for entry in shown
    ]
    return table(("Change", "Time", "Command", "Packages", "Kernel"), rows)


def _few(changes: Sequence[str], count: int = 4) -> str:
    more = f" and {len(changes) - count} more" if len(changes) > count else ""
    return ", ".join(changes[:count]) + more


def _kernel(name: str | None) -> str:
    return (name or "").removeprefix("kernel-").removesuffix(".json")[:8]


def diff(arguments: Namespace) -> int:
    """`diff [A] [B]`: packages added, removed, up, down and rebuilt, and the lines of the manifest."""
    from ..lockfile.diff import LockDiff
    from ..operations.undoing.compare import compare

    context = context_of(arguments)
    found = compare(context, arguments.first, arguments.second, git=arguments.git)
    only = set(arguments.environment)
    rows = tuple(row for row in found.diff.rows() if not only or row.environment in only)
    document = {**found.to_json(), **LockDiff(rows).to_json()}
    text = "\n\n".join(part for part in (_packages(rows), "\n".join(found.manifest)) if part)
    text = text or f"No difference between {found.before.name} and {found.after.name}."
    output: Output = arguments.output
    if arguments.json:
        output.json(document)
    elif not output.has_pipe:
        output.data(text)
    output.result({"kind": "diff", **document, "rows": [_row(row) for row in rows], "message": text})
    return 0


def _packages(rows: Iterable[Row]) -> str:
    """One table; a package that changed alike on several platforms of an environment is one row."""
    from .tables import table

    merged: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        key = (row.environment, row.name, row.type, row.kind, row.before or "", row.after or "")
        merged.setdefault(key, []).append(row.platform)
    if not merged:
        return ""
    shown = [
        (environment, ", ".join(platforms), name, kind, change, before, after)
        for (environment, name, kind, change, before, after), platforms in merged.items()
    ]
    return table(("Environment", "Platforms", "Package", "Kind", "Change", "Before", "After"), shown)


def _row(row: Row) -> dict[str, Any]:
    data = row.to_json()
    return {**data, "change": data.pop("kind")}


def undo(arguments: Namespace) -> int:
    """`undo`."""
    return _undo(arguments, redo=False)


def redo(arguments: Namespace) -> int:
    """`redo`."""
    return _undo(arguments, redo=True)


def _undo(arguments: Namespace, *, redo: bool) -> int:
    from ..operations.undoing.undo import UndoOptions
    from ..operations.undoing.undo import undo as work

    options = UndoOptions(redo, arguments.dry_run, arguments.restart, arguments.force_loaded)
    return told(arguments, operation(arguments, lambda c: work(c, options), record=not arguments.dry_run))


def restore(arguments: Namespace) -> int:
    """`restore`."""
    from ..operations.undoing.restore import restore as work

    flags = {"dry_run": arguments.dry_run, "restart": arguments.restart, "force": arguments.force_loaded}
    return told(arguments, operation(arguments, lambda c: work(c, **flags), record=not arguments.dry_run))
