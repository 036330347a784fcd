"""Turns `list`, `info` and `status` into what they print."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..operations.context import Context
from .output import Output, context_of

if TYPE_CHECKING:
    from ..environments.model import Environment
    from ..manifest.model import Platform
    from ..operations.listing import Row
    from ..operations.workspace import OpenWorkspace

FIELDS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "name": ("Name", lambda r: r.name),
    "version": ("Version", lambda r: r.version or ""),
    "build": ("Build", lambda r: r.build or ""),
    "size": ("Size", lambda r: _size(r.size)),
    "kind": ("Kind", lambda r: r.kind),
    "source": ("Source", lambda r: r.source),
    "requested-spec": ("Requested", lambda r: r.requested or ""),
    "url": ("Url", lambda r: r.package.location),
    "license": ("License", lambda r: str(r.package.fields.get("license") or "")),
    "md5": ("Md5", lambda r: str(r.package.fields.get("md5") or "")),
    "sha256": ("Sha256", lambda r: str(r.package.fields.get("sha256") or "")),
    "is-explicit": ("Explicit", lambda r: "true" if r.is_explicit else "false"),
}


def _size(size: int | None) -> str:
    from .tables import size_text

    return size_text(size)


def list_packages(arguments: Namespace) -> int:
    """`list [REGEX]`: locks if need be, never installs."""
    from ..operations.listing import json_row, matching, no_packages
    from .running import operation

    opened, environment, platform, rows = operation(arguments, lambda c: _listed(c, arguments), record=False)
    rows = matching(rows, arguments.regex)
    if arguments.explicit:
        rows = tuple(r for r in rows if r.is_explicit)
    if not rows:
        raise no_packages(environment.name, platform.name)
    if arguments.sort_by == "size":
        rows = tuple(sorted(rows, key=lambda r: r.size or 0))
    elif arguments.sort_by == "kind":
        rows = tuple(sorted(rows, key=lambda r: r.kind))
    output: Output = arguments.output
    if arguments.json:
        locked = opened.lock.environments.get(environment.name) if opened.lock else None
        indexes = locked.indexes if locked else None
        output.json([json_row(r, indexes) for r in rows])
    else:
        output.data(_table(rows, arguments.fields))
    return 0


async def _listed(
    context: Context, arguments: Namespace
) -> tuple[OpenWorkspace, Environment, Platform, tuple[Row, ...]]:
    from ..operations.listing import rows
    from ..operations.look import locked_workspace, platform_to_show

    opened = await locked_workspace(context)
    environment = opened.environment(arguments.environment or opened.default_name(context))
    assert opened.lock is not None
    platform = platform_to_show(opened, environment, arguments.platform, context)
    return opened, environment, platform, rows(opened, opened.lock, environment, platform)


def _table(rows: tuple[Row, ...], fields: str | None) -> str:
    from ..errors import UsageError
    from .tables import table

    names = fields.split(",") if fields else ["name", "version", "build", "size", "kind", "source"]
    for name in names:
        if name not in FIELDS:
            raise UsageError(f"invalid value '{name}' for '--fields'", help="Possible are: " + ", ".join(FIELDS) + ".")
    header = [FIELDS[n][0] for n in names]
    right = [i for i, n in enumerate(names) if n == "size"]
    return table(header, ([FIELDS[n][1](r) for n in names] for r in rows), right)


def info(arguments: Namespace) -> int:
    """`info`: this machine and, where there is one, the workspace; a broken manifest is no error."""
    from ..operations.look import info as work
    from ..operations.look import info_text

    document = work(context_of(arguments), extended=arguments.extended)
    output: Output = arguments.output
    if arguments.json:
        output.json(document)
    else:
        output.data(info_text(document))
    return 0


def status(arguments: Namespace) -> int:
    """`status`: read-only and offline."""
    from ..operations.status import status as work
    from ..operations.status import status_text

    document = work(context_of(arguments), arguments.environment)
    output: Output = arguments.output
    if arguments.json:
        output.json(document)
    elif output.has_pipe:
        output.result({"kind": "status", **document, "message": status_text(document)})
    else:
        output.data(status_text(document))
    return 0
