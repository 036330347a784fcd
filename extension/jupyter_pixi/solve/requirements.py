"""PyPI requirements of a manifest to the files and options that `uv pip compile` reads.

The options are Pixi's `pypi-options` in uv's words (docs/reference/pixi_manifest.md, "The pypi-options table").
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ..environments.cutoffs import Cutoffs
from ..lockfile import packages as locked
from ..lockfile.model import Package
from ..lockfile.packages import normalize as pypi_name
from ..manifest.model import PypiOptions, PypiSpec

Row = tuple[str, PypiSpec]


@dataclass(frozen=True)
class Inputs:
    """What a run of uv is given: files by name, the one to compile, and options that the files ask for."""

    files: Mapping[str, str]
    main: str
    options: tuple[str, ...] = ()


def requirement(name: str, spec: PypiSpec, root: Path) -> str:
    """One requirement as PEP 508 text; paths become absolute, counted from `root`."""
    extras = f"[{','.join(spec.extras)}]" if spec.extras else ""
    marker = f" ; {spec.env_markers}" if spec.env_markers else ""
    if spec.git is not None:
        where = f" @ {_git_url(spec)}"
    elif spec.path is not None:
        where = f" @ {absolute(spec.path, root).as_uri()}"
    elif spec.url is not None:
        where = f" @ {spec.url}" + (f"#subdirectory={spec.subdirectory}" if spec.subdirectory else "")
    else:
        where = "" if spec.version in (None, "*") else f" {spec.version}"
    return f"{name}{extras}{where}{marker}"


def absolute(path: str, root: Path) -> Path:
    """A path of the manifest as an absolute one, links unresolved."""
    import os

    return Path(os.path.normpath(root / Path(path).expanduser()))


def _git_url(spec: PypiSpec) -> str:
    url = (spec.git or "").removeprefix("git+")
    if "://" not in url and ":" in url:  # git@host:path
        url = "ssh://" + url.replace(":", "/", 1)
    reference = spec.rev or spec.tag or spec.branch
    fragments = [f"subdirectory={spec.subdirectory}"] if spec.subdirectory else []
    fragments += ["lfs=true"] if spec.lfs else []
    return f"git+{url}" + (f"@{reference}" if reference else "") + (f"#{'&'.join(fragments)}" if fragments else "")


def inputs(
    rows: Sequence[Row],
    options: PypiOptions,
    root: Path,
    constraints: str,
    preferences: Iterable[Package],
    pinned: Iterable[Package],
) -> Inputs:
    """The files for one resolution.

    `constraints` is the text about conda packages; `preferences` are locked packages to stay with where possible,
    `pinned` those to stay with in any case.
    """
    lines = [requirement(name, spec, root) for name, spec in rows]
    own_index = {pypi_name(name): spec.index for name, spec in rows if spec.index}
    main = "pyproject.toml" if own_index else "requirements.in"
    kept = constraints + "".join(_pin(p) for p in pinned if p.kind == "pypi" and locked.version(p))
    files = {
        main: _pyproject(lines, own_index) if own_index else "".join(f"{line}\n" for line in lines),
        "conda.txt": kept,
        "pylock.toml": preference_file(preferences),
    }
    extra: tuple[str, ...] = ("-c", "conda.txt") if kept else ()  # of an empty file uv would warn
    overrides = [requirement(name, spec, root) for name, spec in options.dependency_overrides.items()]
    if overrides:
        files["overrides.txt"] = "".join(f"{line}\n" for line in overrides)
        extra += ("--overrides", "overrides.txt")
    return Inputs({name: text for name, text in files.items() if text or name == main}, main, extra)


def _pin(package: Package) -> str:
    return f"{locked.name(package)}=={locked.version(package)}\n"


def _pyproject(lines: Sequence[str], own_index: Mapping[str, str]) -> str:
    """The form that can tell uv which index a requirement has to come from."""
    urls = list(dict.fromkeys(own_index.values()))
    text = '[project]\nname = "jupyter-pixi-requirements"\nversion = "0"\n'
    text += f"dependencies = {json.dumps(list(lines))}\n\n[tool.uv.sources]\n"
    text += "".join(f'{json.dumps(n)} = {{ index = "i{urls.index(u)}" }}\n' for n, u in own_index.items())
    for number, url in enumerate(urls):
        text += f'\n[[tool.uv.index]]\nname = "i{number}"\nurl = {json.dumps(url)}\nexplicit = true\n'
    return text


def preference_file(packages: Iterable[Package]) -> str:
    """An output file as uv would have left it, so that it stays with these versions and commits; "" if none."""
    text = ""
    for package in packages:
        name, version = locked.name(package), locked.version(package)
        if locked.is_git(package):
            text += f"\n[[packages]]\nname = {json.dumps(name)}\nvcs = {_vcs(package.location)}\n"
        elif version is not None and not locked.is_directory(package):
            text += f"\n[[packages]]\nname = {json.dumps(name)}\nversion = {json.dumps(version)}\n"
    return text and 'lock-version = "1.0"\ncreated-by = "jupyter-pixi"\n' + text


def _vcs(location: str) -> str:
    parts = urlsplit(location.removeprefix("git+"))
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    fields = {"type": "git", "url": f"{parts.scheme}://{parts.netloc}{parts.path}"}
    revision = query.get("rev") or query.get("tag") or query.get("branch")
    if revision:
        fields["requested-revision"] = revision
    fields["commit-id"] = parts.fragment
    if "subdirectory" in query:
        fields["subdirectory"] = query["subdirectory"]
    return "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in fields.items()) + " }"


def options_for_uv(options: PypiOptions, strategy: str, root: Path, cutoffs: Cutoffs) -> list[str]:
    """The options of a resolution: where packages come from and which ones count."""
    arguments = index_options(options, root)
    if options.index_strategy:
        arguments += ["--index-strategy", options.index_strategy]
    if options.prerelease_mode:
        arguments += ["--prerelease", options.prerelease_mode]
    if strategy != "highest":
        arguments += ["--resolution", strategy]
    arguments += _builds(options)
    if cutoffs.general is not None:
        arguments += ["--exclude-newer", _utc(cutoffs.general)]
    for name, cutoff in cutoffs.pypi_packages.items():
        arguments += ["--exclude-newer-package", f"{name}={_utc(cutoff)}"]
    return arguments


def index_options(options: PypiOptions, root: Path) -> list[str]:
    """Indexes and find-links; links alone mean that no index is asked, as in Pixi."""
    arguments = ["--default-index", options.index_url] if options.index_url else []
    for url in options.extra_index_urls:
        arguments += ["--extra-index-url", url]
    for kind, text in options.find_links:
        arguments += ["--find-links", str(absolute(text, root)) if kind == "path" else text]
    if options.find_links and not options.index_url and not options.extra_index_urls:
        arguments.append("--no-index")
    return arguments


def _builds(options: PypiOptions) -> list[str]:
    arguments: list[str] = []
    if options.no_build is True:
        arguments.append("--no-build")
    elif options.no_build:
        arguments += [word for name in options.no_build for word in ("--only-binary", name)]
    if options.no_binary is True:
        arguments += ["--no-binary", ":all:"]
    elif options.no_binary:
        arguments += [word for name in options.no_binary for word in ("--no-binary", name)]
    if options.no_build_isolation is True:
        arguments.append("--no-build-isolation")
    elif options.no_build_isolation:
        arguments += [w for name in options.no_build_isolation for w in ("--no-build-isolation-package", name)]
    return arguments


def _utc(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
