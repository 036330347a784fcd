"""uv's metadata cache and uv's own normaliser to metadata as Pixi writes it.

The cache's layout is not documented (the same in uv 0.11 to 0.13), so every shape is checked and anything odd counts
as "not there". The normaliser is documented: `uv lock` with `[[tool.uv.dependency-metadata]]`.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SolveError
from ..lockfile.packages import normalize as pypi_name
from .metadata_files import Raw, _literal
from .pylock import Resolved
from .uv import Uv


@dataclass(frozen=True)
class Metadata:
    """What the lock records of a package. Texts are normalised as uv (and so Pixi) prints them."""

    version: str | None
    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None


def cached_wheel(cache: Path, name: str, version: str | None, url: str) -> Metadata | None:
    """The metadata of exactly that wheel, found by its URL."""
    pattern = f"{_literal(name)}/{_literal(version)}-*.msgpack" if version else f"{_literal(name)}/*.msgpack"
    folders = ("pypi", "index/*", "url/*")
    for path in (p for f in folders for p in cache.glob(f"wheels-v*/{f}/{pattern}")):
        data = _read(path)
        if data is not None and url.encode() in data:
            found = _unpack(data, name)
            if found is not None:
                return found
    return None


def any_wheel(cache: Path, name: str, version: str) -> Metadata | None:
    """The metadata of any wheel of that version: uv resolves from it where a source archive says nothing itself."""
    pattern = f"{_literal(name)}/{_literal(version)}-*.msgpack"
    return _newest((p for f in ("pypi", "index/*") for p in cache.glob(f"wheels-v*/{f}/{pattern}")), name)


def built(cache: Path, package: Resolved) -> Metadata | None:
    """The metadata that uv got by building a source: an archive of an index, a commit, a directory, a URL."""
    name, version = package.name, package.version
    if package.kind == "registry":
        where = f"{_literal(name)}/{_literal(version or '*')}/*/metadata.msgpack"
        return _newest((p for f in ("pypi", "index/*") for p in cache.glob(f"sdists-v*/{f}/{where}")), name)
    if package.kind == "git":
        return _newest(cache.glob(f"sdists-v*/git/*/{(package.commit or '')[:16]}/metadata.msgpack"), name)
    if package.kind == "directory" and (Path(package.source) / "pyproject.toml").exists():
        from .metadata_files import directory

        if directory(Path(package.source)) is not None:
            return None  # static: uv does not build, so what the cache has may be old
    kinds = ("url",) if package.kind == "url" else ("path", "editable")
    return _newest((p for k in kinds for p in cache.glob(f"sdists-v*/{k}/*/*/metadata.msgpack")), name)


def _newest(paths: Iterable[Path], name: str) -> Metadata | None:
    for path in sorted(paths, key=_age, reverse=True):
        data = _read(path)
        found = _unpack(data, name) if data is not None else None
        if found is not None:
            return found
    return None


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _unpack(data: bytes, name: str) -> Metadata | None:
    """The first object of a cache file, if it is `[name, version, [requires_dist], requires_python, …]` of `name`."""
    import msgpack  # type: ignore[import-untyped]

    try:
        unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)
        unpacker.feed(data)
        value: Any = unpacker.unpack()
    except (ValueError, msgpack.UnpackException):
        return None
    if not isinstance(value, list) or len(value) < 4 or not isinstance(value[0], str):
        return None
    if pypi_name(value[0]) != name or not isinstance(value[1], str) or not isinstance(value[2], list):
        return None
    if not all(isinstance(row, str) for row in value[2]) or not isinstance(value[3], str | None):
        return None
    return Metadata(value[1], tuple(value[2]), value[3])


async def normalised(packages: Sequence[Raw], uv: Uv) -> list[Metadata]:
    """Raw metadata in uv's own spelling, in order. Raises SolveError for requirements that cannot be read."""
    with tempfile.TemporaryDirectory(prefix="jupyter-pixi-") as name:
        folder = Path(name)
        (folder / "config").mkdir()
        (folder / "pyproject.toml").write_text(_pyproject(packages), encoding="utf-8")
        arguments = ["lock", "--python", uv.python, "--no-python-downloads", "-q"]
        arguments += [] if uv.offline else ["--offline"]
        config = str(folder / "config")
        ran = await uv.run(arguments, folder, {"XDG_CONFIG_HOME": config, "XDG_CONFIG_DIRS": config})
        if ran.status != 0:
            raise SolveError(f"the metadata of a PyPI package cannot be read\n{ran.stderr.strip()}")
        written = tomllib.loads((folder / "uv.lock").read_text(encoding="utf-8"))
    rows = {row["name"]: row for row in written.get("manifest", {}).get("dependency-metadata", ())}
    return [_normalised(raw, rows.get(f"p{number}", {})) for number, raw in enumerate(packages)]


def _normalised(raw: Raw, row: dict[str, Any]) -> Metadata:
    python = row.get("requires-python")
    return Metadata(
        raw.version,
        tuple(row.get("requires-dist", ())),
        python.replace(", ", ",") if isinstance(python, str) else None,
    )


def _pyproject(packages: Sequence[Raw]) -> str:
    text = '[project]\nname = "n"\nversion = "0"\nrequires-python = ">=3.8"\n'
    for number, raw in enumerate(packages):
        text += f'\n[[tool.uv.dependency-metadata]]\nname = "p{number}"\nversion = "1"\n'
        text += f"requires-dist = {json.dumps(list(raw.requires_dist), ensure_ascii=False)}\n"
        if raw.requires_python:
            text += f"requires-python = {json.dumps(raw.requires_python)}\n"
    return text
