"""A table of PyPI dependencies, or PEP 508 requirement texts -> package names and the requirement of each."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .conda_specs import misplaced_location
from .grammar import (
    is_pypi_name,
    marker_problem,
    normal_pypi_name,
    pep440_problem,
    url_problem,
)
from .model import PypiSpec
from .toml import Table, Value

_SIMPLE = re.compile(
    r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([A-Za-z0-9._,\s-]*)\])?\s*([<>=!~][^;@()]*)?\s*"
)


def read_pypi_dependencies(table: Table) -> dict[str, tuple[PypiSpec, ...]]:
    """The requirements of a `pypi-dependencies` table by normalised name; of names that normalise alike the last.

    Raises ManifestError for a wrong name or requirement.
    """
    found: dict[str, tuple[PypiSpec, ...]] = {}
    for key, value in table.values():
        if not is_pypi_name(key):
            raise table.key_error(
                key,
                f"'{key}' is not a valid package name: it begins and ends with a letter or digit and has only "
                "letters, digits, '-', '_' and '.'",
            )
        found[normal_pypi_name(key)] = (read_pypi_spec(value),)
    return found


def read_pypi_spec(value: Value) -> PypiSpec:
    """One requirement: version specifiers as text, or a table."""
    if isinstance(value.raw, str):
        return PypiSpec(version=_version(value))
    if not isinstance(value.raw, dict):
        raise value.wanted("a string or a table")
    table = value.table()
    spec = PypiSpec(
        version=table.get("version", _version),
        extras=table.get("extras", _extras) or (),
        path=table.string("path"),
        editable=table.boolean("editable"),
        git=_url(table, "git", git=True),
        branch=table.string("branch"),
        tag=table.string("tag"),
        rev=table.string("rev"),
        lfs=table.boolean("lfs"),
        url=_url(table, "url"),
        subdirectory=table.string("subdirectory"),
        index=_url(table, "index"),
        env_markers=table.get("env-markers", _marker),
    )
    table.close()
    _check(table, spec)
    return spec


def read_requirement(value: Value) -> tuple[str, PypiSpec]:
    """A PEP 508 requirement text: the normalised name and what is required of it. Raises ManifestError."""
    text = value.string()
    simple = _SIMPLE.fullmatch(text) if len(text) < 500 else None
    if simple is not None:
        version = (simple[3] or "").strip()
        if pep440_problem(version) is None:
            extras = tuple(e.strip() for e in (simple[2] or "").split(",") if e.strip())
            if all(is_pypi_name(extra) for extra in extras):
                return normal_pypi_name(simple[1]), PypiSpec(version=version or None, extras=extras)
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        reason = str(error).splitlines()[0] if str(error) else "it cannot be parsed"
        raise value.error(f"'{text}' is not a valid PEP 508 requirement: {reason}") from None
    spec = PypiSpec(
        version=str(requirement.specifier) or None,
        extras=tuple(sorted(requirement.extras)),
        env_markers=str(requirement.marker) if requirement.marker else None,
    )
    if requirement.url:
        spec = _at_url(requirement.url, spec)
    return normal_pypi_name(requirement.name), spec


def requirements(values: Iterable[Value]) -> list[tuple[str, PypiSpec]]:
    """PEP 508 requirement texts in order."""
    return [read_requirement(value) for value in values]


def _at_url(url: str, spec: PypiSpec) -> PypiSpec:
    """The requirement at a URL: `git+…` and `….git` are repositories, `file:` and paths are paths."""
    from dataclasses import replace
    from urllib.parse import parse_qs, unquote, urlsplit

    parts = urlsplit(url)
    fragment = parse_qs(parts.fragment)
    subdirectory = fragment.get("subdirectory", [None])[0]
    bare = parts._replace(fragment="").geturl()
    if parts.scheme.startswith("git+") or parts.path.endswith(".git"):
        base, at, rev = bare.removeprefix("git+").rpartition("@")
        if at and "/" not in rev.rpartition(":")[2] and "://" in base and "/" in base.partition("://")[2]:
            return replace(spec, git=base, rev=rev, subdirectory=subdirectory)
        return replace(spec, git=bare.removeprefix("git+"), subdirectory=subdirectory)
    if parts.scheme in ("", "file"):
        return replace(spec, path=unquote(parts.path), version=None)
    return replace(spec, url=bare, subdirectory=subdirectory, version=None)


def _check(table: Table, spec: PypiSpec) -> None:
    if spec.git is None and any(x is not None for x in (spec.branch, spec.tag, spec.rev, spec.lfs)):
        raise table.error("`branch`, `rev`, `tag`, and `lfs` are only valid when `git` is specified")
    if sum(x is not None for x in (spec.branch, spec.tag, spec.rev)) > 1:
        raise table.error("Only one of `branch` or `tag` or `rev` can be specified")
    locations = [key for key in ("git", "path", "url") if getattr(spec, key) is not None]
    if locations and spec.version is not None:
        raise table.error(f"`version` cannot be used with {', '.join(f'`{key}`' for key in locations)}")
    if len(locations) > 1 or (locations and spec.index is not None):
        raise table.error("Exactly one of `url`, `path`, `git`, or `version` must be specified")


def _version(value: Value) -> str:
    text = value.string()
    if text.strip() == "*":
        return "*"
    problem = pep440_problem(text)
    if problem is not None:
        raise value.error(misplaced_location(text) or f"Failed to parse version '{text}': {problem}")
    return text


def _extras(value: Value) -> tuple[str, ...]:
    for item in value.items():
        if not is_pypi_name(item.string()):
            raise item.error(f"'{item.string()}' is not a valid extra name")
    return value.strings()


def _marker(value: Value) -> str:
    problem = marker_problem(value.string())
    if problem is not None:
        raise value.error(f"'{value.string()}' is not a valid environment marker: {problem}")
    return value.string()


def _url(table: Table, key: str, *, git: bool = False) -> str | None:
    value = table.ask(key)
    if value is None:
        return None
    text = value.string()
    problem = url_problem(text.removeprefix("git+") if git else text)
    if problem:
        raise value.error(f"'{text}' is not a valid URL: {problem}")
    return text
