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
    from ..operations.looking.listing import Row
    from ..operations.workspace import OpenWorkspace

FIELDS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "arch": ("Arch", lambda r: _field(r, "arch")),
    "build": ("Build", lambda r: r.build or ""),
    "build-number": ("Build-Number", lambda r: _field(r, "build_number")),
    "constrains": ("Constrains", lambda r: _field(r, "constrains")),
    "depends": ("Depends", lambda r: _field(r, "depends")),
    "file-name": ("File-Name", lambda r: _field(r, "file_name")),
    "is-editable": ("Is-Editable", lambda r: ""),
    "is-explicit": ("Explicit", lambda r: "true" if r.is_explicit else "false"),
    "kind": ("Kind", lambda r: r.kind),
    "license": ("License", lambda r: _field(r, "license")),
    "license-family": ("License-Family", lambda r: _field(r, "license_family")),
    "md5": ("MD5", lambda r: _field(r, "md5")),
    "name": ("Name", lambda r: r.name),
    "noarch": ("Noarch", lambda r: _field(r, "noarch")),
    "platform": ("Platform", lambda r: _field(r, "platform")),
    "requested-spec": ("Requested-Spec", lambda r: r.requested or ""),
    "sha256": ("SHA256", lambda r: _field(r, "sha256")),
    "size": ("Size", lambda r: _size(r.size)),
    "source": ("Source", lambda r: r.source),
    "subdir": ("Subdir", lambda r: _field(r, "subdir")),
    "timestamp": ("Timestamp", lambda r: _field(r, "timestamp")),
    "track-features": ("Track-Features", lambda r: _field(r, "track_features")),
    "url": ("Url", lambda r: r.package.location),
    "version": ("Version", lambda r: r.version or ""),
}
"""The columns of `list --fields`: their title, and their text for a package."""


def _field(row: Row, key: str) -> str:
    from ..operations.looking.listing import json_row

    value = json_row(row)[key]
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


_DEFAULT_FIELDS = ("name", "version", "build", "size", "kind", "source")


def _size(size: int | None) -> str:
    from .tables import size_text

    return size_text(size)


def list_packages(arguments: Namespace) -> int:
    """`list [REGEX]`: locks if need be, never installs."""
    from ..operations.looking.listing import is_local, json_row, matching, no_packages
    from .running import operation

    opened, environment, platform, rows = operation(arguments, lambda c: _listed(c, arguments), record=False)
    rows = matching(rows, arguments.regex)
    if arguments.explicit:
        rows = tuple(r for r in rows if r.is_explicit)
    if arguments.local:
        rows = tuple(r for r in rows if is_local(r))
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
        output.data(_table(rows, arguments.fields, output))
    return 0


async def _listed(
    context: Context, arguments: Namespace
) -> tuple[OpenWorkspace, Environment, Platform, tuple[Row, ...]]:
    from ..operations.looking.listing import rows

    opened, environment, platform = await _shown(context, arguments)
    assert opened.lock is not None
    return opened, environment, platform, rows(opened, opened.lock, environment, platform)


async def _shown(context: Context, arguments: Namespace) -> tuple[OpenWorkspace, Environment, Platform]:
    """What a listing is of: the locked workspace, the environment and the platform that the flags name."""
    from ..operations.looking.look import locked_workspace, platform_to_show
    from ..operations.scripts import refuse_options

    if context.script is not None and arguments.environment is not None:
        refuse_options(context.command[0] if context.command else "list", {"--environment": arguments.environment})
    opened = await locked_workspace(context)
    environment = opened.environment(arguments.environment or opened.default_name(context))
    return opened, environment, platform_to_show(opened, environment, arguments.platform, context)


def _table(rows: tuple[Row, ...], fields: list[str] | None, output: Output) -> str:
    """The table; what the manifest asks for itself stands out."""
    from ..errors import UsageError
    from .tables import table

    names = [n.strip() for f in fields for n in f.split(",")] if fields else list(_DEFAULT_FIELDS)
    for name in names:
        if name not in FIELDS:
            raise UsageError(f"invalid value '{name}' for '--fields'", help="Possible are: " + ", ".join(FIELDS) + ".")
    header = [FIELDS[n][0] for n in names]
    right = [i for i, n in enumerate(names) if n == "size"]

    def paint(row: int, column: int, cell: str) -> str:
        if row < 0:
            return output.painted_data("1", cell)
        return output.painted_data("1;32", cell) if names[column] == "name" and rows[row].is_explicit else cell

    return table(header, ([FIELDS[n][1](r) for n in names] for r in rows), right, paint)


def tree(arguments: Namespace) -> int:
    """`tree [REGEX]`, `tree -i REGEX`: locks if need be, never installs."""
    from ..errors import UsageError
    from ..operations.looking.tree import Tree, build, inverted, lines
    from .running import operation

    if arguments.invert and arguments.regex is None:
        raise UsageError("the following required arguments were not provided:\n  <REGEX>")
    output: Output = arguments.output

    async def run(context: Context) -> tuple[str, Tree]:
        opened, environment, platform = await _shown(context, arguments)
        assert opened.lock is not None
        return environment.name, build(opened.lock, environment, platform)

    name, found = operation(arguments, run, record=False)
    if name != "default":
        output.say(f"Environment: {name}")
    drawn = inverted(found, arguments.regex) if arguments.invert else lines(found, arguments.regex)
    output.data("\n".join(output.tree_line(line) for line in drawn))
    return 0


def info(arguments: Namespace) -> int:
    """`info`: this machine and, where there is one, the workspace; a broken manifest is no error."""
    from ..operations.looking.info_text import info_text
    from ..operations.looking.look import info as work

    document = work(context_of(arguments), extended=arguments.extended)
    output: Output = arguments.output
    if arguments.json:
        output.json(document)
    else:
        output.data(output.titled(info_text(document)))
    return 0


def status(arguments: Namespace) -> int:
    """`status`: read-only and offline."""
    from ..operations.installing.status import status as work
    from ..operations.installing.status import status_text

    context = context_of(arguments)
    document = work(context, arguments.environment)
    if context.caller is not None:
        from ..operations.installing.stale import stale_packages

        document["stale"] = [each.to_json() for each in stale_packages(context)]
    output: Output = arguments.output
    if arguments.json:
        output.json(document)
    elif output.has_pipe:
        output.result({"kind": "status", **document, "message": status_text(document)})
    else:
        output.data(status_text(document))
    return 0
