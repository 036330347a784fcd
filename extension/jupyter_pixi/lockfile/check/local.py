"""The pyproject.toml of a local directory and its entry in the lock -> what of the package's metadata has changed.

Only what stands in the file is compared; dynamic or unreadable metadata leaves the lock trusted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .. import packages as of
from ..model import Package
from . import markers, pep440, requirements
from .requirements import Requirement

_SHOWN = 3
_LEADING_ZEROS = re.compile(r"(?<![0-9a-zA-Z])0+(?=\d)")
Key = tuple[str, tuple[str, ...], frozenset[str], str | None, str]


@dataclass(frozen=True)
class Metadata:
    """What a pyproject.toml says of its package. `version` is None if it is dynamic or absent."""

    name: str
    requires_dist: tuple[str, ...]
    requires_python: str | None
    version: str | None


def read_metadata(folder: Path) -> Metadata | None:
    """The static metadata of the package in `folder`; None if there is none, or dependencies are dynamic."""
    path = folder / "pyproject.toml"
    try:
        stamp = path.stat()
    except OSError:
        return None
    return _read(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=256)
def _read(path: Path, _changed: int, _size: int) -> Metadata | None:
    import tomllib

    try:
        project: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError):
        return None
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        return None
    dynamic = project.get("dynamic", [])
    if "dependencies" in dynamic or "optional-dependencies" in dynamic:
        return None
    extras = project.get("optional-dependencies", {})
    plain = project.get("dependencies", [])
    if not isinstance(extras, dict) or not isinstance(plain, list):
        return None
    wanted = [str(text) for text in plain]
    for extra, texts in extras.items():
        wanted += [_with_extra(str(text), of.normalize(extra)) for text in texts]
    version = None if "version" in dynamic else project.get("version")
    python = project.get("requires-python")
    return Metadata(of.normalize(project["name"]), tuple(wanted), python, version)


def _with_extra(text: str, extra: str) -> str:
    body, separator, marker = text.partition(";")
    condition = f"extra == '{extra}'"
    return f"{body.strip()} ; ({marker.strip()}) and {condition}" if separator else f"{body.strip()} ; {condition}"


def difference(package: Package, current: Metadata) -> str | None:
    """What is different, in Pixi's words; None if nothing is."""
    return _difference(of.requires_dist(package), of.version(package), of.requires_python(package), current)


@lru_cache(maxsize=256)
def _difference(locked: tuple[str, ...], version: str | None, have: str | None, current: Metadata) -> str | None:
    wanted = [_expanded(current)] if _refers_to_itself(current) else []
    if not any(_same_set(locked, texts) for texts in [*wanted, current.requires_dist]):
        texts = (wanted or [current.requires_dist])[0]
        added, removed = _missing(texts, locked), _missing(locked, texts)
        return f"dependencies changed - added: [{_listed(added)}], removed: [{_listed(removed)}]"
    if version is not None and current.version is not None and not pep440.same(version, current.version):
        return f"version changed from {version} to {current.version}"
    want = current.requires_python
    if _clauses(have) != _clauses(want):
        return f"requires-python changed from {_python(have)} to {_python(want)}"
    return None


def _clauses(specifiers: str | None) -> frozenset[str]:
    return frozenset(_LEADING_ZEROS.sub("", clause.replace(" ", "")) for clause in pep440.split(specifiers or ""))


def _python(specifiers: str | None) -> str:
    return f"'{', '.join(pep440.split(specifiers))}'" if specifiers else "unrestricted"


def _listed(found: list[Requirement]) -> str:
    shown = ", ".join(item.name for item in found[:_SHOWN])
    return f"{shown}, ... and {len(found) - _SHOWN} more" if len(found) > _SHOWN else shown


def _refers_to_itself(current: Metadata) -> bool:
    return any(
        item is not None and item.name == current.name for item in map(requirements.of_text, current.requires_dist)
    )


def _expanded(current: Metadata) -> tuple[str, ...]:
    """The requirements with those on the package's own extras replaced by what these extras ask for."""
    found: dict[str, None] = {}
    parsed = [(text, requirements.of_text(text)) for text in current.requires_dist]
    for text, item in parsed:
        if item is None or item.name != current.name:
            found[text] = None
            continue
        outer = re.findall(r"extra == '([^']*)'", item.marker)
        for inner in _reached(item.extras, current):
            for other, wanted in parsed:
                if wanted is not None and wanted.name != current.name and f"extra == '{inner}'" in wanted.marker:
                    found[other.replace(f"extra == '{inner}'", f"extra == '{outer[-1]}'") if outer else other] = None
    return tuple(found)


def _reached(extras: Iterable[str], current: Metadata) -> set[str]:
    """Extras that these extras bring with them, themselves included."""
    seen: set[str] = set()
    waiting = list(extras)
    while waiting:
        extra = waiting.pop()
        if extra in seen:
            continue
        seen.add(extra)
        for item in map(requirements.of_text, current.requires_dist):
            if item is not None and item.name == current.name and f"extra == '{extra}'" in item.marker:
                waiting += item.extras
    return seen


def _same_set(left: Iterable[str], right: Iterable[str]) -> bool:
    one, two = list(left), list(right)
    return not _missing(one, two) and not _missing(two, one)


def _missing(texts: Iterable[str], among: Iterable[str]) -> list[Requirement]:
    """Requirements of `texts` that `among` does not have in the same sense."""
    others: dict[Key, list[str]] = {}
    for text in among:
        item = requirements.of_text(text)
        if item is not None:
            others.setdefault(_key(item), []).append(item.marker)
    found = []
    for text in texts:
        item = requirements.of_text(text)
        if item is not None and not any(_same_marker(item.marker, other) for other in others.get(_key(item), ())):
            found.append(item)
    return found


def _key(item: Requirement) -> Key:
    where = item.url or item.git or item.path
    return item.name, tuple(sorted(item.extras)), _clauses(item.specifiers), where, ""


_PYTHONS = [f"{minor}.{micro}" for minor in ["2.7", *(f"3.{n}" for n in range(16))] for micro in (0, 7)]
_SUBDIRS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64", "win-arm64")


@lru_cache(maxsize=10_000)
def _same_marker(left: str, right: str) -> bool:
    """Whether two markers mean the same: uv writes them in a normal form of its own, so they are tried out."""
    if left == right:
        return True
    extras = {of.normalize(extra) for extra in re.findall(r"extra\s*==\s*['\"]([^'\"]*)['\"]", left + ";" + right)}
    chosen: list[tuple[str, ...]] = [(), *((extra,) for extra in sorted(extras))]
    for python in _PYTHONS:
        for subdir in _SUBDIRS:
            known = markers.variables(subdir, python)
            for active in chosen:
                if _true(left, known, active) != _true(right, known, active):
                    return False
    return True


def _true(marker: str, known: markers.Variables | None, extras: tuple[str, ...]) -> bool:
    return not marker or markers.holds(marker, known, extras)
