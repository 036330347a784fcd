"""Turns a spec as it is typed on a command line into a spec of the model, and a spec of the model into TOML.

Conda specs are match specs (rattler parses them), PyPI specs are PEP 508. Key order and spelling of what is written
are Pixi's (docs/reference/pixi_manifest.md).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ..errors import PixiError
from .model import CondaSpec, PypiSpec
from .values import TomlValue

_CANONICAL = re.compile(r'([a-z_-]+)=("(?:[^"\\]|\\.)*"|\[[^\]]*\]|[^,\]]+)')
_PYTHON = re.compile(r"python_version\s*(<=|>=|==|!=|<|>)\s*'(\d+)\.(\d+)'")
_LISTS = {"extras", "flags", "track_features"}
_CONDA_KEYS = (
    ("version", "version"),
    ("build", "build"),
    ("build_number", "build-number"),
    ("file_name", "file-name"),
    ("extras", "extras"),
    ("flags", "flags"),
    ("channel", "channel"),
    ("subdir", "subdir"),
    ("url", "url"),
    ("md5", "md5"),
    ("sha256", "sha256"),
    ("license", "license"),
    ("license_family", "license-family"),
    ("when", "when"),
    ("track_features", "track-features"),
    ("git", "git"),
    ("branch", "branch"),
    ("tag", "tag"),
    ("rev", "rev"),
    ("lfs", "lfs"),
    ("path", "path"),
    ("subdirectory", "subdirectory"),
)


class SpecError(PixiError):
    """A spec on the command line cannot be read."""

    code = "spec"


def parse_conda(text: str) -> tuple[str, CondaSpec]:
    """A match spec such as `numpy>=1.2`, `conda-forge::x` or `x[build='h*']`: its name and its spec.

    The version is as rattler prints it (`x=1.26` gives `1.26.*`). Raises SpecError.
    """
    from rattler import MatchSpec

    if not text.strip():
        raise SpecError("An empty text is no package spec.", help="Name a package, for example `polars>=1`.")
    try:
        canonical = MatchSpec(text).to_canonical_string()
    except Exception as error:
        raise SpecError(f"cannot parse '{text}' as a match spec: {error}") from None
    name, _, rest = canonical.partition("[")
    fields: dict[str, Any] = {}
    for key, value in _CANONICAL.findall(rest[:-1]):
        name_of_field = key.replace("-", "_")
        if value.startswith("["):
            fields[name_of_field] = tuple(x.strip() for x in value[1:-1].split(",") if x.strip())
        else:
            fields[name_of_field] = value[1:-1] if value.startswith('"') else value
    known = {field for field, _ in _CONDA_KEYS}
    values: dict[str, Any] = {
        key: (value,) if key in _LISTS and isinstance(value, str) else value
        for key, value in fields.items()
        if key in known
    }
    spec = CondaSpec(**values)
    if spec.channel is not None:  # rattler ends the URL of a channel with a slash, manifests do not
        spec = replace(spec, channel=spec.channel.rstrip("/"))
    return name.lower(), spec


def parse_pypi(text: str) -> tuple[str, PypiSpec]:
    """A PEP 508 requirement: its name as typed and its spec. Raises SpecError."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        first = str(error).splitlines()[0]
        raise SpecError(
            f"cannot parse '{text}' as a PyPI requirement: {first}",
            help='Write it as in `pip install`, for example "requests[socks]>=2".',
        ) from None
    tail = text.partition(requirement.name)[2]
    match = re.match(r"\s*(?:\[[^\]]*\])?\s*\(?([^;@)]*)", tail)
    version = None
    if requirement.url is None and match and match.group(1).strip():
        version = ", ".join(re.sub(r"\s+", "", part) for part in match.group(1).split(",") if part.strip())
    extras = re.match(r"\s*\[([^\]]*)\]", tail)
    names = tuple(x.strip() for x in extras.group(1).split(",") if x.strip()) if extras else ()
    marker = _PYTHON.sub(_full_python, str(requirement.marker).replace('"', "'")) if requirement.marker else None
    spec = PypiSpec(version=version, extras=names, env_markers=marker)
    return requirement.name, spec if requirement.url is None else _located(spec, requirement.url)


def _full_python(match: re.Match[str]) -> str:
    """A marker on `python_version` in the form in which Pixi writes it: on `python_full_version`."""
    operator, major, minor = match.groups()
    this, following = f"{major}.{minor}", f"{major}.{int(minor) + 1}"
    version = {
        "<": f"< '{this}'",
        ">=": f">= '{this}'",
        "<=": f"< '{following}'",
        ">": f">= '{following}'",
        "==": f"== '{this}.*'",
        "!=": f"!= '{this}.*'",
    }[operator]
    return f"python_full_version {version}"


def _located(spec: PypiSpec, url: str) -> PypiSpec:
    """A `name @ URL` requirement: git, a local path, or a plain URL."""
    spec = replace(spec, version=None)
    if url.startswith("git+") or re.match(r"[a-z]+://[^#?]*\.git(?:[@#?]|$)", url):
        location, _, fragment = url.removeprefix("git+").partition("#")
        scheme, _, rest = location.partition("://")
        rest, _, rev = rest.rpartition("@") if "@" in rest.split("/", 1)[-1] else (rest, "", "")
        sub = re.search(r"subdirectory=([^&]+)", fragment)
        return replace(spec, git=f"{scheme}://{rest}", rev=rev or None, subdirectory=sub.group(1) if sub else None)
    if url.startswith("file:") or "://" not in url:
        path = re.sub(r"^file:(?://)?", "", url)
        return replace(spec, path=path)
    return replace(spec, url=url)


def conda_toml(spec: CondaSpec) -> TomlValue:
    """A conda spec as TOML: plain text when only a version is given, else a table in Pixi's key order."""
    table: dict[str, TomlValue] = {}
    for field, key in _CONDA_KEYS:
        value = getattr(spec, field)
        if value is not None and value != ():
            table[key] = list(value) if isinstance(value, tuple) else value
    if not table:
        return "*"
    return table["version"] if set(table) == {"version"} else table


def pypi_toml(spec: PypiSpec) -> TomlValue:
    """A PyPI spec as TOML: plain text for a bare version, else a table in Pixi's key order (see 1.6 of its docs)."""
    table: dict[str, TomlValue] = {}

    def put(key: str, value: Any) -> None:
        if value is not None and value != () and value is not False:
            table[key] = list(value) if isinstance(value, tuple) else value

    if spec.git is not None:
        for key in ("git", "branch", "tag", "rev", "subdirectory", "lfs"):
            put(key, getattr(spec, key))
    elif spec.path is not None:
        put("path", spec.path)
        put("editable", spec.editable)
    elif spec.url is not None:
        put("url", spec.url)
        put("subdirectory", spec.subdirectory)
    else:
        table["version"] = spec.version or "*"
    put("extras", spec.extras)
    put("index", spec.index)
    put("env-markers", spec.env_markers)
    return table["version"] if set(table) == {"version"} else table


def pep508(name: str, spec: PypiSpec) -> str:
    """A PyPI spec as a line of `project.dependencies`, as Pixi writes it (`six>=1.17.0, <2`)."""
    text = name + (f"[{','.join(spec.extras)}]" if spec.extras else "")
    if spec.git is not None:
        ref = spec.rev or spec.tag or spec.branch
        text += f" @ git+{spec.git}" + (f"@{ref}" if ref else "")
        text += f"#subdirectory={spec.subdirectory}" if spec.subdirectory else ""
    elif spec.url is not None or spec.path is not None:
        text += f" @ {spec.url or spec.path}"
    elif spec.version and spec.version != "*":
        text += spec.version
    return text + (f" ; {spec.env_markers}" if spec.env_markers else "")
