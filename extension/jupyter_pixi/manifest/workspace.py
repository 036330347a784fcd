"""The `[workspace]` table -> a Workspace, with what `[package]` or `[project]` of pyproject.toml gives in its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import PIXI_VERSION
from .channels import read_channels, read_cutoff
from .conda_specs import read_dependencies
from .feature import CHANNEL_PRIORITIES, SOLVE_STRATEGIES
from .grammar import license_problem, strict_spec_problem, url_problem, version_matches, version_problem
from .model import CondaSpec, PypiOptions, Workspace
from .platforms import read_platforms
from .pypi_options import one_of, read_pypi_options
from .targets import read_selector
from .toml import Table, Value

PIXI_BUILD = "pixi-build"


@dataclass(frozen=True)
class External:
    """What other tables say that the workspace table may leave out."""

    name: str | None = None
    version: str | None = None
    description: str | None = None
    authors: tuple[str, ...] | None = None


def check_required_version(table: Table, *, fulfilled: bool = True) -> None:
    """Raises ManifestError when `requires-pixi` asks for another Pixi than the one whose behaviour this follows.

    With `fulfilled` false it only has to be a version specification.
    """
    value = Table(table.doc, table.keys, table.data).ask("requires-pixi")
    if value is None:
        return
    spec = value.string()
    problem = strict_spec_problem(spec)
    if problem is not None:
        raise value.error(f"invalid version specifier in 'requires-pixi': {problem}")
    if fulfilled and not version_matches(PIXI_VERSION, spec):
        raise value.error(
            f"this project requires pixi '{spec}', but you have pixi {PIXI_VERSION}",
            help=f"jupyter-pixi follows pixi {PIXI_VERSION}: use a newer jupyter-pixi, or relax `requires-pixi`.",
        )


def read_workspace(table: Table, root: Path, external: External, *, script: bool = False) -> Workspace:
    """The workspace of a table. Raises ManifestError. `script`: channels may be missing (PEP 723)."""
    name = table.string("name")
    version = table.get("version", _version)
    description = table.string("description")
    authors = table.strings("authors")
    channels = read_channels(table.need("channels")) if not script else table.get("channels", read_channels)
    workspace = Workspace(
        name=name if name is not None else external.name or root.name,
        channels=channels or (),
        channel_priority=table.get("channel-priority", lambda v: one_of(v, CHANNEL_PRIORITIES)),
        solve_strategy=table.get("solve-strategy", lambda v: one_of(v, SOLVE_STRATEGIES)),
        platforms=table.get("platforms", read_platforms) or (),
        version=version if version is not None else external.version,
        description=description if description is not None else external.description,
        authors=authors if authors is not None else external.authors or (),
        extra=_metadata(table, root),
        conda_pypi_map=table.get("conda-pypi-map", _conda_pypi_map),
        pypi_options=table.get("pypi-options", read_pypi_options) or PypiOptions(),
        s3_options=_s3_options(table),
        preview=read_preview(table),
        requires_pixi=_after_variants(table, root),
        exclude_newer=table.get("exclude-newer", read_cutoff),
    )
    table.ask("dependencies")
    table.close()
    return workspace


def read_pool(table: Table, *, sources: bool) -> dict[str, CondaSpec]:
    """`workspace.dependencies`: what `name = { workspace = true }` refers to."""
    value = Table(table.doc, table.keys, table.data).table("dependencies")
    return read_dependencies(value, sources=sources) if value is not None else {}


def read_preview(table: Table) -> bool | tuple[str, ...]:
    """`preview`: True for all, or the names of preview features."""
    value = table.ask("preview")
    if value is None:
        return ()
    if isinstance(value.raw, bool):
        return value.raw
    if not isinstance(value.raw, list):
        raise value.wanted("bool or list of features e.g `true` or `['pixi-build']`")
    names = value.strings()
    unknown = [name for name in names if name != PIXI_BUILD]
    if unknown:
        value.doc.warn(
            value.keys,
            f"The preview features {', '.join(unknown)} are defined in the manifest but not known or obsolete",
        )
    return names


def builds(preview: bool | tuple[str, ...]) -> bool:
    """Whether the preview feature pixi-build is on: source packages and `[package]` are allowed."""
    return preview is True or (isinstance(preview, tuple) and PIXI_BUILD in preview)


def _after_variants(table: Table, root: Path) -> str | None:
    """Checks the build variants, which nothing here uses, then gives `requires-pixi`."""
    targets = table.table("target")
    for text, value in targets.values() if targets is not None else ():
        assert targets is not None
        read_selector(targets, text)
        inner = value.table()
        _variants(inner)
        inner.close()
    files = table.ask("build-variants-files")
    for item in files.items() if files is not None else ():
        _existing(item, root)
    _variants(table)
    return table.string("requires-pixi")


def _variants(table: Table) -> None:
    variants = table.table("build-variants")
    for _, value in variants.values() if variants is not None else ():
        value.strings()


def _metadata(table: Table, root: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    license_value = table.ask("license")
    if license_value is not None:
        problem = license_problem(license_value.string())
        if problem:
            raise license_value.error(f"'license' is not a valid SPDX expression: {problem}")
        found["license"] = license_value.string()
    for key in ("license-file", "readme"):
        value = table.ask(key)
        if value is not None:
            found[key] = _existing(value, root)
    for key in ("homepage", "repository", "documentation"):
        value = table.ask(key)
        if value is not None:
            problem = url_problem(value.string())
            if problem:
                raise value.error(f"'{value.string()}' is not a valid URL: {problem}")
            found[key] = value.string()
    return found


def _existing(value: Value, root: Path) -> str:
    text = value.string()
    try:
        there = (root / text).exists()
    except (OSError, ValueError):
        there = False
    if not there:
        raise value.error(f"'{text}' does not exist")
    return text


def _version(value: Value) -> str:
    problem = version_problem(value.string())
    if problem:
        raise value.error(f"'{value.string()}' is not a valid version: {problem}")
    return value.string()


def _s3_options(table: Table) -> dict[str, dict[str, Any]]:
    buckets = table.table("s3-options")
    found: dict[str, dict[str, Any]] = {}
    for bucket, value in buckets.values() if buckets is not None else ():
        inner = value.table()
        endpoint = inner.need("endpoint-url")
        problem = url_problem(endpoint.string())
        if problem:
            raise endpoint.error(f"'{endpoint.string()}' is not a valid URL: {problem}")
        found[bucket] = {
            "endpoint-url": endpoint.string(),
            "region": inner.need("region").string(),
            "force-path-style": inner.need("force-path-style").boolean(),
        }
        inner.close()
    return found


def _conda_pypi_map(value: Value) -> bool | dict[str, Any]:
    if value.raw is True:
        raise value.error(
            "`conda-pypi-map = true` is not supported; use `false` to disable the mapping, or a table to configure it"
        )
    if value.raw is False:
        return False
    if not isinstance(value.raw, dict):
        raise value.wanted("a table or `false`")
    if not value.raw:
        value.doc.warn(value.keys, "`conda-pypi-map = {}` is deprecated. Use `conda-pypi-map = false` instead.")
    return {channel: _channel_map(entry) for channel, entry in value.table().values()}


def _channel_map(value: Value) -> Any:
    if isinstance(value.raw, str) or value.raw is False:
        return value.raw
    if value.raw is True:
        raise value.error(
            "`true` is not supported; use `false` to disable the mapping for this channel, or a string or table "
            "to configure it"
        )
    if not isinstance(value.raw, dict):
        raise value.wanted("a string, table or `false`")
    table = value.table()
    found: dict[str, Any] = {}
    location, mapping = table.string("location"), table.table("mapping")
    mode = table.get("mapping-mode", lambda v: one_of(v, ("overlay", "replace")))
    heuristic = table.boolean("same-name-heuristic")
    table.close()
    if not table.data:
        raise table.error("expected at least one of `location`, `mapping`, `mapping-mode` or `same-name-heuristic`")
    if location is not None:
        found["location"] = location
    if mapping is not None:
        found["mapping"] = {name: _mapped(entry) for name, entry in mapping.values()}
    found["mapping-mode"] = mode or "overlay"
    if heuristic is not None:
        found["same-name-heuristic"] = heuristic
    return found


def _mapped(value: Value) -> tuple[str, ...]:
    """The PyPI names of one conda name; none where it is not on PyPI."""
    if isinstance(value.raw, str):
        return (value.raw,)
    if value.raw is False:
        return ()
    if value.raw is True:
        raise value.error("`true` is not supported; use a string or a list of strings, or `false`")
    if not isinstance(value.raw, list):
        raise value.wanted("a string, a list of strings or `false`")
    return value.strings()
