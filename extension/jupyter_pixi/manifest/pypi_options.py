"""A `pypi-options` table -> PypiOptions, and how the options of several features become one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .grammar import is_pypi_name, normal_pypi_name, url_problem
from .model import PypiOptions
from .pypi_specs import read_pypi_spec
from .toml import Table, Value

INDEX_STRATEGIES = ("first-index", "unsafe-first-match", "unsafe-best-match")
PRERELEASE_MODES = ("disallow", "allow", "if-necessary", "explicit", "if-necessary-or-explicit")
_SINGLE = (
    ("index_url", "multiple primary pypi indexes are not supported"),
    ("index_strategy", "multiple index strategies are not supported"),
    ("prerelease_mode", "multiple prerelease modes are not supported"),
    ("skip_wheel_filename_check", "multiple values of skip-wheel-filename-check are not supported"),
)


def read_pypi_options(value: Value) -> PypiOptions:
    """The options of one table. Raises ManifestError."""
    table = value.table()
    options = PypiOptions(
        index_url=table.get("index-url", _url),
        extra_index_urls=tuple(_url(item) for item in table.get("extra-index-urls", Value.items) or ()),
        find_links=tuple(_find_links(item) for item in table.get("find-links", Value.items) or ()),
        no_build_isolation=table.get("no-build-isolation", _names),
        index_strategy=table.get("index-strategy", lambda v: one_of(v, INDEX_STRATEGIES)),
        prerelease_mode=table.get("prerelease-mode", lambda v: one_of(v, PRERELEASE_MODES)),
        no_build=table.get("no-build", _names),
        no_binary=table.get("no-binary", _names),
        dependency_overrides={
            normal_pypi_name(name): read_pypi_spec(spec) for name, spec in _entries(table.table("dependency-overrides"))
        },
        skip_wheel_filename_check=table.boolean("skip-wheel-filename-check"),
    )
    table.close()
    return options


def one_of(value: Value, words: tuple[str, ...]) -> str:
    """The value, which is one of a few words."""
    if value.string() not in words:
        expected = ", ".join(f"'{word}'" for word in words)
        raise value.error(f"Expected one of {expected}, found '{value.string()}'")
    return value.string()


def union(options: Iterable[PypiOptions]) -> PypiOptions:
    """The options of features in their order. Raises ValueError when two of them contradict each other."""
    merged = PypiOptions()
    for other in options:
        merged = _combine(merged, other, strict=True)
    return merged


def overlay(base: PypiOptions, top: PypiOptions) -> PypiOptions:
    """The options of features laid over those of the workspace: single values of `top` win, lists are joined."""
    return _combine(top, base, strict=False)


def _combine(first: PypiOptions, second: PypiOptions, *, strict: bool) -> PypiOptions:
    single: dict[str, Any] = {}
    for name, sentence in _SINGLE:
        a, b = getattr(first, name), getattr(second, name)
        if strict and a is not None and b is not None and a != b:
            raise ValueError(f"{sentence}, found both {a} and {b} across multiple pypi options")
        single[name] = b if a is None else a
    early, late = (first, second) if strict else (second, first)
    return PypiOptions(
        extra_index_urls=tuple(dict.fromkeys(early.extra_index_urls + late.extra_index_urls)),
        find_links=tuple(dict.fromkeys(early.find_links + late.find_links)),
        no_build_isolation=_all_or_names(early.no_build_isolation, late.no_build_isolation),
        no_build=_all_or_names(early.no_build, late.no_build),
        no_binary=_all_or_names(early.no_binary, late.no_binary),
        dependency_overrides={**second.dependency_overrides, **first.dependency_overrides},
        **single,
    )


def _all_or_names(
    first: bool | tuple[str, ...] | None, second: bool | tuple[str, ...] | None
) -> bool | tuple[str, ...] | None:
    if first is True or second is True:
        return True
    names = tuple(dict.fromkeys((first or ()) + (second or ())))
    if names:
        return names
    return first if first is not None else second


def _names(value: Value) -> bool | tuple[str, ...]:
    if isinstance(value.raw, bool):
        return value.raw
    if not isinstance(value.raw, list):
        raise value.wanted("a boolean or an array of package names")
    for item in value.items():
        if not is_pypi_name(item.string()):
            raise item.error(f"'{item.string()}' is not a valid package name")
    return tuple(normal_pypi_name(name) for name in value.strings())


def _find_links(value: Value) -> tuple[str, str]:
    table = value.table()
    path, url = table.string("path"), table.get("url", _url)
    table.close()
    if (path is None) == (url is None):
        raise value.error("expected exactly one of 'path' and 'url'")
    return ("path", path) if path is not None else ("url", url or "")


def _url(value: Value) -> str:
    problem = url_problem(value.string())
    if problem:
        raise value.error(f"'{value.string()}' is not a valid URL: {problem}")
    return value.string()


def _entries(table: Table | None) -> list[tuple[str, Value]]:
    if table is None:
        return []
    for name, _ in table.values():
        if not is_pypi_name(name):
            raise table.key_error(name, f"'{name}' is not a valid package name")
    return list(table.values())
