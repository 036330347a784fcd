"""The Pixi tables of a parsed document -> a typed, validated Manifest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from .channels import read_cutoff
from .environments import ordered_features, read_environments
from .feature import Context, read_feature, read_root_feature
from .grammar import is_conda_name, is_pypi_name, normal_pypi_name
from .legacy import migrate
from .model import DEFAULT, EnvironmentSpec, Feature, Manifest, Platform
from .package import read_package
from .pyproject import Project, add_project
from .subdirs import is_subdir
from .targets import matches
from .toml import Document, Table
from .workspace import builds, check_required_version, read_pool, read_preview, read_workspace

_ROOT_KEYS = (
    "workspace",
    "package",
    "target",
    "dependencies",
    "host-dependencies",
    "build-dependencies",
    "constraints",
    "exclude-newer",
    "pypi-dependencies",
    "pypi-exclude-newer",
    "dev",
    "activation",
    "tasks",
    "feature",
    "environments",
    "pypi-options",
    "system-requirements",
)


def read_tables(
    doc: Document, root: Table, kind: str, path: Path, project: Project, *, check_version: bool = True
) -> Manifest:
    """The manifest whose Pixi tables stand under `root`. Raises ManifestError."""
    table = Table(doc, root.keys, {k: v for k, v in root.data.items() if k not in ("tool", "$schema")})
    _check_free_keys(root)
    table.expect(*_ROOT_KEYS)
    workspace_table = _workspace_table(table)
    check_required_version(workspace_table, fulfilled=check_version)
    sources = builds(read_preview(Table(doc, workspace_table.keys, workspace_table.data)))
    doc.warnings.clear()
    context = Context(sources, read_pool(workspace_table, sources=sources))
    package = table.table("package")
    external = project.external
    if package is not None and isinstance(package.data.get("name"), str):
        external = replace(external, name=package.data["name"])
    workspace = read_workspace(workspace_table, path.parent, external, script=kind == "script")
    if table.has("project"):
        doc.warn(workspace_table.keys, "The `project` field is deprecated. Use `workspace` instead.", value=False)
    features = {DEFAULT: read_root_feature(table, context)}
    features |= _named_features(table.table("feature"), context)
    features = _with_groups(features, project, kind)
    environments = read_environments(table.table("environments"), features, context)
    manifest = Manifest(
        path=path,
        kind=kind,
        workspace=workspace,
        features=_with_workspace_settings(features, workspace.channel_priority, workspace.solve_strategy),
        environments=environments,
        exclude_newer=_cutoffs(table.table("exclude-newer"), is_conda_name, str.lower),
        pypi_exclude_newer=_cutoffs(table.table("pypi-exclude-newer"), is_pypi_name, normal_pypi_name),
        uses_system_requirements=any(f.system_requirements for f in features.values()),
    )
    table.close()
    _check_platforms(doc, table, manifest)
    _warn_unused(doc, table, manifest)
    if package is not None:
        manifest = replace(manifest, package=read_package(package, context))
    return replace(manifest, warnings=tuple(doc.warnings))


def registration_order(features: Mapping[str, Feature], environments: Mapping[str, EnvironmentSpec]) -> list[Feature]:
    """Every feature in the order in which platforms are registered: the default one, named ones, inline ones."""
    inline = [e.inline for e in environments.values() if e.inline is not None]
    return [*features.values(), *inline]


def _workspace_table(table: Table) -> Table:
    if table.has("workspace"):
        return table.need("workspace").table()
    if table.has("project"):
        return table.need("project").table()
    raise table.doc.error(
        table.keys,
        "the manifest describes a package, but no workspace: there is no [workspace] table",
        help="Add a [workspace] table, or run this in the workspace that the package belongs to.",
    )


def _check_free_keys(table: Table) -> None:
    """`tool` may be any table and `$schema` any text; neither means anything to Pixi."""
    table.table("tool")
    table.string("$schema")


def _named_features(table: Table | None, context: Context) -> dict[str, Feature]:
    found: dict[str, Feature] = {}
    for name, value in table.values() if table is not None else ():
        assert table is not None
        if name == DEFAULT:
            raise table.key_error(
                name,
                "The feature 'default' is reserved and cannot be redefined",
                help="All tables at the root of the document are implicitly added to the 'default' feature, "
                "use those instead.",
            )
        found[name] = read_feature(name, value.table(), context)
    return found


def _with_groups(features: dict[str, Feature], project: Project, kind: str) -> dict[str, Feature]:
    return add_project(features, project) if kind in ("pyproject", "script") else features


def _with_workspace_settings(
    features: Mapping[str, Feature], priority: str | None, strategy: str | None
) -> dict[str, Feature]:
    default = replace(features[DEFAULT], channel_priority=priority, solve_strategy=strategy)
    return {**features, DEFAULT: default}


def _cutoffs(table: Table | None, is_name: Callable[[str], bool], normal: Callable[[str], str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in table.values() if table is not None else ():
        assert table is not None
        if not is_name(name):
            raise table.key_error(name, f"'{name}' is not a valid package name")
        found[normal(name)] = read_cutoff(value)
    return found


def _check_platforms(doc: Document, table: Table, manifest: Manifest) -> None:
    features = registration_order(manifest.features, manifest.environments)
    try:
        migrate(manifest.workspace.platforms, features)
    except ValueError as error:
        named = next((f for f in features if f"'{f.name}'" in str(error)), None)
        keys = ("environments" if named and named.is_inline else "feature", named.name if named else "")
        raise doc.error((*table.keys, *keys), str(error)) from None


def _warn_unused(doc: Document, table: Table, manifest: Manifest) -> None:
    written = table.data.get("feature")
    used = {f.name for e in manifest.environments.values() for f in ordered_features(e, manifest.features)}
    for name in written if isinstance(written, dict) else ():
        if name not in used:
            doc.warn(
                (*table.keys, "feature", name),
                f"The feature '{name}' is defined but not used in any environment. Dependencies of unused features "
                "are not resolved or checked, and use wildcard (*) version specifiers by default, disregarding any "
                "set `pinning-strategy`",
                value=False,
            )
    for feature in manifest.features.values():
        keys = table.keys if feature.name == DEFAULT else (*table.keys, "feature", feature.name)
        _warn_unmatched(doc, (*keys, "target"), feature, manifest.workspace.platforms)


def _warn_unmatched(
    doc: Document, keys: tuple[str | int, ...], feature: Feature, platforms: tuple[Platform, ...]
) -> None:
    supported = [p for p in platforms if feature.platforms is None or p.name in feature.platforms]
    for target in feature.targets[1:]:
        assert target.selector is not None
        if not any(matches(target.selector, platform) for platform in supported):
            where = "workspace" if feature.platforms is None else f"feature '{feature.name}'"
            doc.warn(
                (*keys, target.selector),
                f"The target selector '{target.selector}' does not match any of the platforms supported by the {where}"
                + (f"; `pixi workspace platform add {target.selector}` adds it" if is_subdir(target.selector) else ""),
                value=False,
            )
