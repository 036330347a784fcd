"""What uv wrote (pylock.toml, PEP 751) to resolved packages with their location as pixi.lock writes it.

uv lists every wheel that fits the platform; the one with the best tag is taken, else the source archive.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from ..lockfile.packages import normalize as pypi_name
from ..manifest.model import PypiSpec
from .tags import best_wheel

Kind = Literal["registry", "url", "path", "directory", "git"]


@dataclass(frozen=True)
class Resolved:
    """A package as uv resolved it.

    `location` is the lock's text; `source` the URL of the file or repository, or the path of file or directory.
    """

    kind: Kind
    name: str
    version: str | None
    location: str
    source: str
    sha256: str | None = None
    index: str | None = None
    commit: str | None = None
    subdirectory: str | None = None


def parse(
    text: str,
    folder: Path,
    root: Path,
    rows: Sequence[tuple[str, PypiSpec]],
    provided: frozenset[str],
    ranked: Mapping[str, int],
) -> list[Resolved]:
    """The packages of an output file in `folder`, without those that conda provides.

    `rows` are the manifest's requirements (they know how the user wrote a path or a git reference), `ranked` the tags
    that fit the platform.
    """
    specs: dict[str, PypiSpec] = {}
    for name, spec in rows:
        if not spec.is_registry:
            specs.setdefault(pypi_name(name), spec)
    found = []
    for entry in tomllib.loads(text).get("packages", ()):
        if pypi_name(entry["name"]) not in provided:
            found.append(_resolved(entry, folder, root, specs.get(pypi_name(entry["name"])), ranked))
    return found


def _resolved(
    entry: Mapping[str, Any], folder: Path, root: Path, spec: PypiSpec | None, ranked: Mapping[str, int]
) -> Resolved:
    name, version = pypi_name(entry["name"]), entry.get("version")
    if "vcs" in entry:
        vcs = entry["vcs"]
        location = git_location(vcs, spec)
        return Resolved(
            "git", name, version, location, vcs.get("url", ""), commit=vcs["commit-id"],
            subdirectory=vcs.get("subdirectory"),
        )  # fmt: skip
    if "directory" in entry:
        path = _absolute(entry["directory"]["path"], folder)
        return Resolved("directory", name, None, _written(path, spec, root), str(path))
    if "archive" in entry:
        archive = entry["archive"]
        if "url" in archive and not archive["url"].startswith("file:"):
            url = archive["url"]
            return Resolved("url", name, version, f"direct+{url}", url, subdirectory=archive.get("subdirectory"))
        path = _local(archive, folder)
        return Resolved("path", name, version, _written(path, spec, root), str(path))
    return _from_index(entry, name, version, folder, root, ranked)


def _from_index(
    entry: Mapping[str, Any],
    name: str,
    version: str | None,
    folder: Path,
    root: Path,
    ranked: Mapping[str, int],
) -> Resolved:
    wheels = {_file_name(w): w for w in entry.get("wheels", ())}
    best = best_wheel(wheels, ranked)
    file = wheels[best] if best else entry.get("sdist") or next(iter(wheels.values()))
    url = file.get("url", "")
    if not url or url.startswith("file:"):
        path = _local(file, folder)
        return Resolved("registry", name, version, relative(path, root), str(path), index=path.parent.as_uri())
    bare = url.split("#", 1)[0]
    return Resolved("registry", name, version, bare, bare, (file.get("hashes") or {}).get("sha256"), entry.get("index"))


def git_location(vcs: Mapping[str, Any], spec: PypiSpec | None) -> str:
    """`git+url?branch|tag|rev=…&subdirectory=…#commit`; which word stands for the reference the manifest knows."""
    query = []
    reference = vcs.get("requested-revision")
    if spec is not None and spec.git is not None:
        for key, value in (("branch", spec.branch), ("tag", spec.tag), ("rev", spec.rev)):
            if value is not None:
                query.append(f"{key}={value}")
    elif reference:
        query.append(f"rev={reference}")
    if vcs.get("subdirectory"):
        query.append(f"subdirectory={vcs['subdirectory']}")
    return f"git+{vcs['url']}" + (f"?{'&'.join(query)}" if query else "") + f"#{vcs['commit-id']}"


def relative(path: Path, root: Path) -> str:
    """A path as the lock writes one that was not the user's own text: from the root, with `./` or `../`."""
    text = Path(os.path.relpath(path, root)).as_posix()
    return "./" if text == "." else text if text.startswith("../") or text == ".." else f"./{text}"


def written_path(text: str) -> str:
    """A user's path as the lock writes it: `.` is `./`, `sub/./p/` is `./sub/p`, absolute stays absolute."""
    path = Path(text)
    if path.is_absolute() or text.startswith("~"):
        return text.rstrip("/") or "/"
    plain = Path(os.path.normpath(text)).as_posix()
    return "./" if plain == "." else plain if plain.startswith("../") or plain == ".." else f"./{plain}"


def _written(path: Path, spec: PypiSpec | None, root: Path) -> str:
    return written_path(spec.path) if spec is not None and spec.path is not None else relative(path, root)


def _file_name(file: Mapping[str, Any]) -> str:
    text = file.get("name") or file.get("url") or file.get("path") or ""
    return unquote(re.split(r"[/\\]", text.split("#", 1)[0])[-1])


def _local(file: Mapping[str, Any], folder: Path) -> Path:
    url = file.get("url")
    if url:
        return Path(url2pathname(urlsplit(url).path))
    return _absolute(file["path"], folder)


def _absolute(path: str, folder: Path) -> Path:
    """uv writes paths relative to its output file."""
    return Path(os.path.normpath(folder / path))
