"""The Python packaging tables of pyproject.toml -> what they add to a Pixi manifest.

`requires-python` becomes a conda `python`, `dependencies` PyPI dependencies of the default feature, and each optional
dependency and dependency group a feature (Pixi's docs/python/pyproject_toml.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .conda_specs import misplaced_location
from .grammar import normal_pypi_name, pep440_problem, version_problem
from .model import DEFAULT, CondaSpec, Feature, PypiSpec
from .pypi_specs import read_requirement
from .toml import Document, Table, Value
from .workspace import External

Requirements = Sequence[tuple[str, PypiSpec]]

_PROJECT_KEYS = (
    "name",
    "version",
    "description",
    "readme",
    "requires-python",
    "license",
    "license-files",
    "authors",
    "maintainers",
    "keywords",
    "classifiers",
    "urls",
    "entry-points",
    "scripts",
    "gui-scripts",
    "dependencies",
    "optional-dependencies",
    "dynamic",
    "import-names",
    "import-namespaces",
)


@dataclass(frozen=True)
class Project:
    """What the packaging tables say: names for the workspace, requirements, and groups of requirements."""

    external: External = field(default_factory=External)
    requires_python: str | None = None
    dependencies: Requirements = ()
    groups: Mapping[str, Requirements] = field(default_factory=dict)
    editable: Mapping[str, bool] = field(default_factory=dict)


def read_project(doc: Document) -> Project:
    """The packaging tables of a pyproject.toml. Raises ManifestError."""
    root = doc.root()
    table = root.table("project")
    name, version, description, authors = _poetry(root)
    requires_python = None
    dependencies: Requirements = ()
    extras: dict[str, Requirements] = {}
    if table is not None:
        table.expect(*_PROJECT_KEYS)
        name = table.need("name").string()
        version = table.string("version") or version
        description = table.string("description") or description
        authors = table.get("authors", _authors) or authors
        requires_python = table.get("requires-python", _requires_python)
        dependencies = tuple(read_requirement(v) for v in table.get("dependencies", Value.items) or ())
        extras = _extras(table.table("optional-dependencies"))
        table.close()
    groups = _groups(root.table("dependency-groups"))
    if version is not None and version_problem(version):
        version = None
    return Project(
        External(name, version, description, authors),
        requires_python,
        dependencies,
        _without_self(name, {**extras, **groups}, extras),
        _editable(root),
    )


def add_project(features: Mapping[str, Feature], project: Project) -> dict[str, Feature]:
    """The features with what the packaging tables add; groups become features where there is none of that name."""
    found = dict(features)
    default = found[DEFAULT]
    plain = default.targets[0]
    if "python" not in plain.dependencies:
        spec = CondaSpec(version=_conda_python(project.requires_python))
        plain = replace(plain, dependencies={**plain.dependencies, "python": spec})
        found[DEFAULT] = replace(default, targets=(plain, *default.targets[1:]))
    found[DEFAULT] = _with_requirements(found[DEFAULT], project.dependencies)
    for name, requirements in project.groups.items():
        found[name] = _with_requirements(found.get(name) or Feature(name), requirements)
    return found


def _with_requirements(feature: Feature, requirements: Requirements) -> Feature:
    plain = feature.targets[0]
    merged = dict(plain.pypi_dependencies)
    for name, spec in requirements:
        known = merged.get(name, ())
        if spec not in known:
            merged[name] = (*known, spec)
    return replace(feature, targets=(replace(plain, pypi_dependencies=merged), *feature.targets[1:]))


def _conda_python(specifiers: str | None) -> str:
    if not specifiers or not specifiers.strip():
        return "*"
    parts = [re.sub(r"\s+", "", part) for part in specifiers.split(",")]
    return ",".join(parts).removeprefix("==")


def _poetry(root: Table) -> tuple[str | None, str | None, str | None, tuple[str, ...] | None]:
    tool = root.table("tool")
    table = tool.table("poetry") if tool is not None else None
    if table is None:
        return None, None, None, None
    return (
        None,
        table.string("version"),
        table.string("description"),
        table.strings("authors"),
    )


def _authors(value: Value) -> tuple[str, ...]:
    found = []
    for item in value.items():
        table = item.table()
        name, email = table.string("name"), table.string("email")
        table.close()
        if name is None and email is None:
            raise table.error("missing field 'name' in table")
        found.append(f"{name} <{email}>" if name and email else name or f"<{email}>")
    return tuple(found)


def _requires_python(value: Value) -> str:
    problem = pep440_problem(value.string())
    if problem:
        text = value.string()
        raise value.error(misplaced_location(text) or f"Failed to parse version '{text}': {problem}")
    return value.string()


def _extras(table: Table | None) -> dict[str, Requirements]:
    if table is None:
        return {}
    return {name: [read_requirement(v) for v in value.items()] for name, value in table.values()}


def _groups(table: Table | None) -> dict[str, Requirements]:
    if table is None:
        return {}
    keys = {normal_pypi_name(name): name for name in table.data}
    known: dict[str, Requirements] = {}
    return {name: _group(table, keys, name, (), known) for name in table.data}


def _group(
    table: Table, keys: Mapping[str, str], name: str, within: tuple[str, ...], known: dict[str, Requirements]
) -> Requirements:
    """The requirements of a group and of those that it includes (PEP 735), each once."""
    value = table.need(name)
    if name in within:
        raise value.error(f"the dependency group '{name}' includes itself")
    if name in known:
        return known[name]
    found: dict[tuple[str, PypiSpec], None] = {}
    for item in value.items():
        if isinstance(item.raw, str):
            found[read_requirement(item)] = None
            continue
        inner = item.table()
        included = inner.need("include-group")
        inner.close()
        key = keys.get(normal_pypi_name(included.string()))
        if key is None:
            raise included.error(f"the dependency group '{included.string()}' is not defined")
        found |= dict.fromkeys(_group(table, keys, key, (*within, name), known))
    known[name] = tuple(found)
    return known[name]


def _without_self(
    project: str | None, groups: Mapping[str, Requirements], extras: Mapping[str, Requirements]
) -> dict[str, Requirements]:
    """Groups in which a requirement on the project itself (`proj[extra]`) is replaced by what those extras hold."""
    own = normal_pypi_name(project) if project else None
    by_name = {normal_pypi_name(name): rows for name, rows in extras.items()}

    def expand(rows: Requirements, seen: set[str]) -> list[tuple[str, PypiSpec]]:
        found: list[tuple[str, PypiSpec]] = []
        for name, spec in rows:
            if name != own:
                found.append((name, spec))
                continue
            for extra in map(normal_pypi_name, spec.extras):
                if extra not in seen:
                    seen.add(extra)
                    found += expand(by_name.get(extra, ()), seen)
        return found

    return {name: expand(rows, {normal_pypi_name(name)}) for name, rows in groups.items()}


def _editable(root: Table) -> dict[str, bool]:
    """What `[tool.uv.sources]` says of names being editable; anything it does not say so plainly is left alone."""
    tool = root.data.get("tool")
    uv = tool.get("uv") if isinstance(tool, dict) else None
    sources = uv.get("sources") if isinstance(uv, dict) else None
    found = {}
    for name, source in sources.items() if isinstance(sources, dict) else ():
        if isinstance(source, dict) and isinstance(source.get("editable"), bool):
            found[normal_pypi_name(name)] = source["editable"]
    return found
