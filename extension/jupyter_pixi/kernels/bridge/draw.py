"""The state of an operation -> plain text, and HTML that survives a sanitizer."""

from __future__ import annotations

import html
import os
from typing import TYPE_CHECKING, Any, Mapping

from .operation import MAX_ROWS, version_of
from .words import shlex_join

if TYPE_CHECKING:
    from .operation import Operation


def rows(operation: Operation) -> list[tuple[str, str, str, str]]:
    """The table of a change: package, old version, new version, source; what the user asked for comes first."""
    changes = [c for c in (operation.result or {}).get("changes") or () if isinstance(c, Mapping)]
    changes.sort(key=lambda change: not change.get("explicit"))
    sources = {"pypi": "PyPI", "conda": "conda"}
    return [
        (
            str(change.get("name")),
            version_of(change.get("before")) or "—",
            version_of(change.get("after")) or "—",
            sources.get(str(change.get("type")), str(change.get("type") or "")),
        )
        for change in changes[:MAX_ROWS]
    ]


def headline(operation: Operation) -> str:
    """One line that says where the operation stands."""
    command = "pixi " + shlex_join(operation.command)
    if operation.state == "running":
        return (operation.phase or {}).get("title") or command
    if operation.state == "done":
        return str((operation.result or {}).get("message") or command + ": done")
    return f"{command} {'was stopped' if operation.state == 'interrupted' else 'failed'}"


def count(phase: Mapping[str, Any]) -> str:
    """How far a phase is: "3/12 · 4.1 of 9.8 MB · polars"."""
    parts = []
    if phase["total"]:
        parts.append(f"{phase['done']}/{phase['total']}")
    if phase["bytes_total"]:
        done, total = (phase["bytes_done"] or 0) / 1e6, phase["bytes_total"] / 1e6
        parts.append(f"{done:.1f} of {total:.1f} MB")
    elif phase["bytes_done"]:
        parts.append(f"{phase['bytes_done'] / 1e6:.1f} MB")
    if phase["item"]:
        parts.append(str(phase["item"]))
    return " · ".join(parts)


def aftermath(operation: Operation) -> list[str]:
    """The lines below the table: what was written where, and what it means for this kernel."""
    change = operation.result or {}
    lines = [str(note) for note in operation.notes]
    for written in change.get("written") or ():
        lines.append(f"{place_of(written)}  {written.get('text') or ''}".rstrip())
    left_out = len(change.get("changes") or ()) - MAX_ROWS
    if left_out > 0:
        lines.append(f"and {left_out} more packages")
    others = len(change.get("others") or ())
    if others:
        lines.append(f"{others} {'change' if others == 1 else 'changes'} for other environments or platforms")
    if change.get("restart"):
        lines.append("Restart the kernel to use the new " + ", ".join(map(str, change["restart"])))
    return lines


def place_of(place: Mapping[str, Any]) -> str:
    """A place in a file as `file:line:column`, from the working directory where that is near."""
    path = str(place.get("file") or "")
    if os.path.isabs(path):
        near = os.path.relpath(path)
        path = near if not near.startswith("..") else path
    return ":".join(str(part) for part in (path, place.get("line"), place.get("column")) if part)


def to_text(operation: Operation) -> str:
    """The operation as plain text: a line while it runs, a table and its consequences at the end."""
    lines = [headline(operation)]
    if operation.state == "running":
        if operation.phase:
            lines[0] = f"{lines[0]}  {count(operation.phase)}".rstrip()
        return lines[0]
    table = [("package", "old", "new", "source"), *rows(operation)]
    if len(table) > 1:
        widths = [max(len(row[column]) for row in table) for column in range(4)]
        for row in table:
            lines.append("  " + "  ".join(cell.ljust(widths[i]) for i, cell in enumerate(row)).rstrip())
    lines += aftermath(operation)
    lines += ["warning: " + warning["text"] for warning in operation.warnings]
    return "\n".join(lines)


def to_html(operation: Operation) -> str:
    """The operation as HTML that survives a sanitizer and fits any theme: no colours, no script, all escaped."""
    phase = operation.phase
    parts = [f"<div><b>{html.escape(headline(operation))}</b>"]
    if operation.state == "running":
        if phase and phase["total"]:
            parts.append(f' <progress value="{_number(phase["done"])}" max="{_number(phase["total"])}"></progress>')
        elif phase and phase["bytes_total"]:
            done, total = _number(phase["bytes_done"]), _number(phase["bytes_total"])
            parts.append(f' <progress value="{done}" max="{total}"></progress>')
        else:
            parts.append(" <progress></progress>")
        if phase:
            parts.append(f" <small>{html.escape(count(phase))}</small>")
    parts.append("</div>")
    table = rows(operation) if operation.state == "done" else []
    if table:
        heads = "".join(f"<th>{name}</th>" for name in ("package", "old", "new", "source"))
        body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in table)
        parts.append(f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>")
    if operation.state != "running":
        lines = aftermath(operation) + ["Warning: " + warning["text"] for warning in operation.warnings]
        parts += [f"<div><small>{html.escape(line)}</small></div>" for line in lines]
    return "".join(parts)


def _number(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0
