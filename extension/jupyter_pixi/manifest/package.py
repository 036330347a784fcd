"""The `[package]` table, which only Pixi's builds use -> plain data, checked as far as reading a workspace needs."""

from __future__ import annotations

from typing import Any

from .conda_specs import named_values, read_spec
from .feature import Context
from .grammar import is_conda_name, version_problem, version_spec_problem
from .toml import Table, Value

_TEXTS = (
    "name",
    "version",
    "description",
    "license",
    "license-file",
    "readme",
    "homepage",
    "repository",
    "documentation",
)
_DEPENDENCIES = ("host-dependencies", "build-dependencies", "run-dependencies", "run-constraints")


def read_package(table: Table, context: Context) -> dict[str, Any]:
    """The table as plain data. Raises ManifestError."""
    for key in _TEXTS:
        value = table.ask(key)
        if value is not None and not _is_inherited(value):
            value.string()
    name, version, authors = table.ask("name"), table.ask("version"), table.ask("authors")
    if name is not None and isinstance(name.raw, str) and not is_conda_name(name.raw):
        raise name.error(f"'{name.raw}' is not a valid package name")
    if version is not None and isinstance(version.raw, str):
        problem = version_problem(version.raw)
        if problem:
            raise version.error(f"'{version.raw}' is not a valid version: {problem}")
    if authors is not None and not _is_inherited(authors):
        authors.strings()
    _build(table.need("build").table())
    _requirements(table, context)
    targets = table.table("target")
    for _, value in targets.values() if targets is not None else ():
        inner = value.table()
        _requirements(inner, context)
        inner.close()
    table.close()
    if not context.sources:
        raise table.error(
            "[package] section is only allowed when the `pixi-build` feature is enabled",
            help='Add `preview = ["pixi-build"]` to the workspace table.',
        )
    return dict(table.data)


def _is_inherited(value: Value) -> bool:
    return isinstance(value.raw, dict) and value.raw == {"workspace": True}


def _build(table: Table) -> None:
    backend = table.need("backend").table()
    name = backend.need("name")
    if not is_conda_name(name.string()):
        raise name.error(f"'{name.string()}' is not a valid package name")
    version = backend.ask("version")
    if version is not None:
        problem = version_spec_problem(version.string())
        if problem:
            raise version.error(f"'{version.string()}' is not a valid version specification: {problem}")


def _requirements(table: Table, context: Context) -> None:
    for key in _DEPENDENCIES:
        inner = table.table(key)
        for _, value in named_values(inner) if inner is not None else ():
            if isinstance(value.raw, dict) and any(k.startswith("pin-") for k in value.raw):
                continue
            read_spec(value, pool=context.pool)
    for key in ("extra-dependencies", "run-exports"):
        table.table(key)
