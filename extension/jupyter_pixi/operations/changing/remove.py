"""Turns "remove these packages" into a changed manifest, a lock without them, and a prefix without them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import PixiError
from ...manifest.edit import ManifestEditor, Where, Written
from ...manifest.model import DEFAULT
from ..context import Context
from ..publishing.publication import workspace_lock
from ..result import Changed
from ..scripts import has_no_lock
from ..workspace import OpenWorkspace, open_workspace, with_manifest
from .change import carry_out
from .place import Placement, place
from .plan import Change


@dataclass(frozen=True)
class RemoveOptions:
    """What `remove` was asked for; field names are its flags. A name may be a whole spec (`conda-forge::x`)."""

    names: tuple[str, ...]
    pypi: bool = False
    feature: str | None = None
    environment: str | None = None
    platforms: tuple[str, ...] = ()
    table: str = "dependencies"
    dry_run: bool = False
    restart: bool = False
    force_loaded: bool = False


async def remove(context: Context, options: RemoveOptions) -> Changed:
    """Take dependencies out of the table that the flags name: all of them or none.

    Raises PixiError when one is not in it (with a hint where it is), or when what remains cannot be solved.
    """
    opened = open_workspace(context)
    placement = place(opened, context, options.feature, options.environment, options.platforms)
    with workspace_lock(opened.root, context, writes=not options.dry_run):
        opened = open_workspace(context)
        _refuse_python(opened, options)
        editor = ManifestEditor(opened.manifest_data, opened.manifest.path)
        written = _take_out(editor, placement, options)
        after = with_manifest(opened, editor.data)
        _refuse_without_python(after)
        change = Change(opened, after, written=tuple(written), lines=_lines(options.names, placement, options.pypi))
        change = _kept_lock(change, context)
        return await carry_out(
            change,
            context,
            dry_run=options.dry_run,
            default_only=True,
            restart=options.restart,
            force_loaded=options.force_loaded,
            may_remove=True,
        )


def _take_out(editor: ManifestEditor, placement: Placement, options: RemoveOptions) -> list[Written]:
    """Take every package out of the places; with several platforms one of them has to have it."""
    written = []
    for name in (name_of(text, pypi=options.pypi) for text in options.names):
        found = []
        for where in placement.wheres:
            try:
                found.append(editor.remove(name, where, pypi=options.pypi, tables=(options.table,)))
            except PixiError as error:
                missing = error
        if not found:
            missing.help = _hint(editor, name, placement.wheres[0])
            raise missing
        written += found
    return written


def name_of(text: str, *, pypi: bool) -> str:
    """The name in what was typed for a package: a name, or a spec as `add` takes it. Raises SpecError."""
    if re.fullmatch(r"[A-Za-z0-9._-]+", text):
        return text
    from ...manifest.specs_text import parse_conda, parse_pypi

    return (parse_pypi(text) if pypi else parse_conda(text))[0]


def _hint(editor: ManifestEditor, name: str, asked: Where) -> str | None:
    """Where the dependency is, when it is not where it was looked for."""
    for where, table in editor.places(name):
        if where == asked and not table.startswith("pypi"):
            continue
        flags = "--pypi " if table.startswith("pypi") else ""
        flags += f"--feature {where.feature} " if where.feature else ""
        flags += f"--environment {where.environment} " if where.environment else ""
        flags += f"--platform {where.platform} " if where.platform else ""
        place_text = f" in feature `{where.feature}`" if where.feature else ""
        place_text += f" in environment `{where.environment}`" if where.environment else ""
        place_text += f" for platform `{where.platform}`" if where.platform else ""
        return f"`{name}` is a {table} entry{place_text}; try `pixi remove {flags}{name}`"
    return None


def _refuse_python(opened: OpenWorkspace, options: RemoveOptions) -> None:
    """As Pixi, whatever the table: no `remove python` while the default environment has PyPI dependencies."""
    default = opened.environments.get(DEFAULT)
    if options.pypi or default is None or not default.has_plain_pypi:
        return
    if "python" in (name_of(text, pypi=False).lower() for text in options.names):
        raise _python_is_needed(DEFAULT)


def _python_is_needed(environment: str) -> PixiError:
    return PixiError(
        f"python cannot be removed: environment '{environment}' has PyPI dependencies that need it",
        help="Remove the PyPI dependencies first.",
    )


def _refuse_without_python(after: OpenWorkspace) -> None:
    """PyPI dependencies need a conda python: removing it first is refused, as Pixi does."""
    for environment in after.environments.values():
        for wanted in environment.on.values():
            asks = any(name == "python" for name, _ in wanted.dependencies)
            if wanted.pypi_dependencies and not asks and _had_python(after, environment.name, wanted.platform.name):
                raise _python_is_needed(environment.name)


def _had_python(after: OpenWorkspace, environment: str, platform: str) -> bool:
    from ...lockfile import packages

    locked = after.lock.environments.get(environment) if after.lock is not None else None
    rows = locked.packages.get(platform, ()) if locked is not None else ()
    return any(p.kind == "conda" and packages.name(p) == "python" for p in rows)


def _kept_lock(change: Change, context: Context) -> Change:
    from dataclasses import replace

    if context.frozen or context.locked or has_no_lock(change.before):
        return replace(change, lock_stays=True)
    return change


def _lines(names: Sequence[str], placement: Placement, pypi: bool) -> tuple[str, ...]:
    lines = [f"Removed {name}" for name in names]
    lines += ["Removed these as pypi-dependencies."] if pypi else []
    lines += [f"Removed {line}" for line in placement.only()]
    return tuple(lines)
