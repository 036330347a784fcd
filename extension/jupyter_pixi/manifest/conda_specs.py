"""A table of conda dependencies -> package names and the requirement of each.

Forms and rules of Pixi's reference (docs/reference/pixi_manifest.md, "dependencies") and of its `pixi_spec` reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from .grammar import (
    bare_versions,
    hash_problem,
    is_conda_name,
    url_problem,
    version_spec_problem,
)
from .model import CondaSpec
from .toml import Table, Value

NEEDS_BUILD = "conda source dependencies are not allowed without enabling the 'pixi-build' preview flag"
_WHEN_TEXT = re.compile(r"([0-9A-Za-z_.-]+)\s*(.*)", re.DOTALL)
_MATCH_KEYS = (
    "version",
    "build",
    "build-number",
    "extras",
    "flags",
    "subdir",
    "license",
    "license-family",
    "when",
    "track-features",
)


def read_dependencies(
    table: Table, *, pool: Mapping[str, CondaSpec] | None = None, sources: bool = True
) -> dict[str, CondaSpec]:
    """The requirements of a dependency table, by lower-case name in the order written.

    `pool` is `workspace.dependencies`, for `{ workspace = true }`. Raises ManifestError for a wrong name or
    requirement, for a name that is there twice, and for a source package where `sources` (preview pixi-build) is off.
    """
    found: dict[str, CondaSpec] = {}
    for name, value in named_values(table):
        spec = read_spec(value, pool=pool)
        if spec.is_source and not sources:
            raise value.error(NEEDS_BUILD, help='Add `preview = ["pixi-build"]` to the workspace table.')
        found[name] = spec
    return found


def read_constraints(table: Table, *, pool: Mapping[str, CondaSpec] | None = None) -> dict[str, CondaSpec]:
    """The requirements of a `constraints` table: the same forms, but never a source package."""
    found: dict[str, CondaSpec] = {}
    for name, value in named_values(table):
        spec = read_spec(value, pool=pool)
        if spec.git is not None:
            raise value.error("`git` can only refer to a source distributions but a binary distribution was expected")
        if spec.is_source:
            kind = "url" if spec.url is not None else "path"
            raise value.error(f"the {kind} does not refer to a valid conda package archive")
        found[name] = spec
    return found


def read_dev(table: Table) -> dict[str, CondaSpec]:
    """The source packages of a `dev` table: name -> where the source is."""
    found: dict[str, CondaSpec] = {}
    for name, value in named_values(table):
        inner = value.table()
        spec = _location(inner)
        inner.close()
        _check_location(inner, spec)
        if spec.url is None and spec.git is None and spec.path is None:
            raise inner.error("must specify one of `path`, `url`, or `git`")
        found[name] = spec
    return found


def named_values(table: Table) -> list[tuple[str, Value]]:
    """Lower-case package names with their values. Raises ManifestError for a wrong or repeated name."""
    found: dict[str, Value] = {}
    for key, value in table.values():
        if not is_conda_name(key):
            raise table.key_error(
                key,
                f"'{key}' is not a valid package name. Package names can only contain 0-9, a-z, A-Z, -, _, or .",
            )
        name = key.lower()
        if name in found:
            raise table.key_error(key, f"duplicate key: `{key}`")
        found[name] = value
    return list(found.items())


def read_spec(value: Value, *, pool: Mapping[str, CondaSpec] | None = None) -> CondaSpec:
    """One requirement: a version text or a table."""
    if isinstance(value.raw, str):
        return CondaSpec(version=read_version(value))
    if not isinstance(value.raw, dict):
        raise value.wanted("a string or a table")
    table = value.table()
    if pool is not None and table.has("workspace"):
        return _inherited(table, pool)
    spec = _from_table(table)
    _check(table, spec)
    return spec


def read_version(value: Value) -> str:
    """A version specification as text. Raises ManifestError with a hint when it is something else."""
    text = value.string()
    problem = version_spec_problem(text)
    if problem is not None:
        raise value.error(_misplaced(text) or f"'{text}' is not a valid version specification: {problem}")
    for version in bare_versions(text):
        value.doc.warn(
            value.keys,
            f"Encountered ambiguous version specifier `{version}`, could be `{version}.*` but assuming you meant "
            f"`=={version}`. In the future this will result in an error.",
        )
    return text


def misplaced_location(text: str) -> str | None:
    """The hint for a path, git or other URL that stands where a version should."""
    for kind, found in (
        ("path", text.startswith(("/", ".", "\\", "~/"))),
        ("git", "git" in text),
        ("url", "://" in text),
    ):
        if found:
            return (
                f"it seems you're trying to add a {kind} dependency, please specify as a table with a `{kind}` key: "
                f"'{{ {kind} = \"{text}\" }}'"
            )
    return None


def _misplaced(text: str) -> str | None:
    hint = misplaced_location(text)
    if hint:
        return hint
    version, _, build = text.replace("=", " ", 1).partition(" ") if "=" in text[1:] else text.partition(" ")
    if build and version_spec_problem(version) is None and re.fullmatch(r"[\w.*+]+", build.strip()):
        return (
            "expected a version specifier but looks like a matchspec, did you mean "
            f'{{ version = "{version}", build = "{build.strip()}" }}?'
        )
    for key in ("subdir", "channel", "md5", "sha256"):
        if key in text or (key == "channel" and "::" in text):
            return (
                f"it seems you're trying to add a detailed dependency, please specify as a table with a `{key}` key: "
                f'\'{{ version = "<VERSION_SPEC>", {key} = "<{key.upper()}>" }}\''
            )
    return None


def _inherited(table: Table, pool: Mapping[str, CondaSpec]) -> CondaSpec:
    flag = table.ask("workspace")
    assert flag is not None
    name = str(table.keys[-1]).lower()
    if not flag.boolean():
        raise flag.error("`workspace` cannot be false")
    for key in ("version", "path", "git", "url"):
        if table.has(key):
            raise table.key_error(key, f"`{key}` is mutually exclusive with `workspace`")
    base = pool.get(name)
    if base is None:
        raise table.error(
            f"the workspace does not define `{name}` in `[workspace.dependencies]`",
            help=f"Add `{name}` there, or give it a version of its own here.",
        )
    own = _from_table(table)
    blank = CondaSpec()
    given: dict[str, Any] = {
        f.name: getattr(own, f.name) for f in fields(CondaSpec) if getattr(own, f.name) != getattr(blank, f.name)
    }
    spec = replace(base, **given, workspace=True)
    _check(table, spec)
    return spec


def _from_table(table: Table, *, in_condition: bool = False) -> CondaSpec:
    version = table.get("version", read_version)
    place = _location(table, hashes=False)
    spec = replace(
        place,
        version=version,
        build=table.get("build", _matcher),
        build_number=table.get("build-number", _build_number),
        file_name=table.string("file-name"),
        extras=table.strings("extras") or (),
        flags=table.strings("flags") or (),
        channel=table.string("channel"),
        subdir=table.string("subdir"),
        license=table.string("license"),
        license_family=table.string("license-family"),
        when=table.get("when", read_when),
        track_features=table.strings("track-features") or (),
        md5=_hash(table, "md5", 32),
        sha256=_hash(table, "sha256", 64),
    )
    if not in_condition and table.has("package"):  # an inline package: built by Pixi, only looked at here
        table.table("package")
    table.close()
    return spec


def _location(table: Table, *, hashes: bool = True) -> CondaSpec:
    return CondaSpec(
        url=_url(table, "url"),
        git=_url(table, "git"),
        path=table.string("path"),
        branch=table.string("branch"),
        rev=table.string("rev"),
        tag=table.string("tag"),
        lfs=table.boolean("lfs"),
        subdirectory=table.get("subdirectory", _subdirectory),
        md5=_hash(table, "md5", 32) if hashes else None,
        sha256=_hash(table, "sha256", 64) if hashes else None,
    )


def _check(table: Table, spec: CondaSpec) -> None:
    _check_location(table, spec)
    location = next((k for k in ("url", "path", "git") if getattr(spec, k) is not None), None)
    if location is not None:
        refused = ["channel", "file-name", "license-family"]
        if not spec.is_source:
            refused += _MATCH_KEYS
        for key in refused:
            if table.has(key):
                raise table.error(f"`{key}` cannot be used with `{location}`")
    elif spec.subdirectory is not None:
        raise table.error("`subdirectory` is only valid with `git`, `url` or `path`")
    elif spec == CondaSpec():
        raise table.error(
            "one of `version`, `build`, `build-number`, `file-name`, `channel`, `subdir`, `md5`, `sha256`, `git`, "
            "`url`, or `path` must be specified"
        )


def _check_location(table: Table, spec: CondaSpec) -> None:
    if spec.git is None and any(x is not None for x in (spec.branch, spec.rev, spec.tag, spec.lfs)):
        raise table.error("`branch`, `rev`, `tag`, and `lfs` are only valid when `git` is specified")
    if sum(x is not None for x in (spec.url, spec.path, spec.git)) > 1:
        raise table.error("only one of `url`, `path`, or `git` can be specified")
    if sum(x is not None for x in (spec.branch, spec.rev, spec.tag)) > 1:
        raise table.error("only one of `branch`, `rev`, or `tag` can be specified")
    for location in ("git", "path"):
        for key in ("sha256", "md5"):
            if getattr(spec, location) is not None and getattr(spec, key) is not None:
                raise table.error(f"`{key}` cannot be used with `{location}`")


def read_when(value: Value) -> str:
    """A condition as match spec text: a package with an optional version, or all, any or one expanded package."""
    if isinstance(value.raw, str):
        return _when_text(value)
    if not isinstance(value.raw, dict):
        raise value.error(
            "`when` must be a string or a table with `all`, `any`, or `package`; top-level arrays are not allowed"
        )
    table = value.table()
    kinds = [key for key in ("all", "any", "package") if table.has(key)]
    if len(kinds) != 1 or (kinds != ["package"] and len(table.data) > 1):
        raise value.error("`when` tables must contain exactly one of `all`, `any`, or `package`")
    if kinds == ["package"]:
        return _when_package(table)
    parts = [read_when(item) for item in table.need(kinds[0]).items()]
    if not parts:
        raise value.error(f"`when.{kinds[0]}` must contain at least one condition")
    word = " and " if kinds == ["all"] else " or "
    return parts[0] if len(parts) == 1 else "(" + word.join(parts) + ")"


def _when_text(value: Value) -> str:
    text = value.string().strip()
    match = _WHEN_TEXT.fullmatch(text)
    if match is None:
        raise value.error("`when` strings must name an exact package")
    if "[" in text or "]" in text:
        raise value.error("`when` strings do not support bracket matchspec syntax")
    if match[2] and version_spec_problem(match[2]) is not None:
        raise value.error(
            "`when` strings only support package names with optional version constraints",
            help='Use the expanded form `when = { package = "…", version = "…" }`.',
        )
    return text


def _when_package(table: Table) -> str:
    name = table.need("package")
    if not is_conda_name(name.string()):
        raise name.error(f"'{name.string()}' is not a valid package name")
    for key in ("channel", "url", "git", "path", "branch", "rev", "tag", "subdirectory", "md5", "sha256"):
        if table.has(key):
            raise table.key_error(key, f"`{key}` is not supported inside `when` tables")
    spec = _from_table(table, in_condition=True)
    parts = [
        f'{key}="{text}"'
        for key, text in (
            ("version", spec.version),
            ("build", spec.build),
            ("build_number", spec.build_number),
            ("fn", spec.file_name),
            ("subdir", spec.subdir),
            ("license", spec.license),
            ("license_family", spec.license_family),
        )
        if text is not None
    ]
    for key, words in (
        ("extras", spec.extras),
        ("flags", spec.flags),
        ("track_features", spec.track_features),
    ):
        if words:
            parts.append(f"{key}=[{','.join(words)}]")
    if spec.when is not None:
        parts.append(f'when="{spec.when}"')
    return name.string() + (f"[{', '.join(parts)}]" if parts else "")


def _matcher(value: Value) -> str:
    text = value.string()
    if text.startswith("^") and text.endswith("$"):
        try:
            re.compile(text)
        except (re.error, RecursionError, OverflowError) as error:
            raise value.error(f"'{text}' is not a valid build matcher: {error}") from None
    return text


def _build_number(value: Value) -> str:
    text = value.string()
    if not re.fullmatch(r"(?:==|!=|>=|<=|>|<|=)?\d{1,19}", text):
        raise value.error(f"'{text}' is not a valid build number specification", help='Write it as ">=1" or "3".')
    return text


def _subdirectory(value: Value) -> str:
    text = value.string()
    if text.startswith("/") or ".." in re.split(r"[\\/]", text):
        raise value.error(f"subdirectory '{text}' must be a relative path inside the source")
    return text


def _url(table: Table, key: str) -> str | None:
    value = table.ask(key)
    if value is None:
        return None
    problem = url_problem(value.string())
    if problem:
        raise value.error(f"'{value.string()}' is not a valid URL: {problem}")
    return value.string()


def _hash(table: Table, key: str, digits: int) -> str | None:
    value = table.ask(key)
    if value is None:
        return None
    problem = hash_problem(value.string(), digits)
    if problem:
        raise value.error(f"'{value.string()}' is not a valid {key}: {problem}")
    return value.string()
