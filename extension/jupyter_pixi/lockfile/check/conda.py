"""A conda requirement, of the manifest or a locked package -> one form that says whether a locked package fits."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import match
from .. import packages as of
from ..model import Package

if TYPE_CHECKING:
    from ...manifest.model import CondaSpec

_NUMBER = re.compile(r"\s*(>=|<=|==|!=|=|<|>)?\s*(\d+)\s*")


@dataclass(frozen=True)
class Wanted:
    """A demand for a conda package. `plain` is a match spec of name, version and build; `more` are further demands by
    the lock's field names. `source` is where a source package has to come from, None for a binary one."""

    name: str
    plain: str
    extras: tuple[str, ...] = ()
    when: str | None = None
    more: tuple[tuple[str, str], ...] = ()
    source: tuple[str, str] | None = None  # ("path" | "git" | "url", text)

    @staticmethod
    def of_depends(text: str, source: Mapping[str, Any] | None = None) -> Wanted:
        """A dependency of a locked package; `source` is the entry of its `source_depends`."""
        spec = match.parse(text)
        found: tuple[str, str] | None = None
        for kind in ("path", "git", "url"):
            if source and kind in source:
                found = kind, str(source[kind])
        return Wanted(spec.name, spec.text, spec.extras, spec.when, source=found)

    def fits_more(self, package: Package) -> bool:
        """Whether a locked package has what `more` demands."""
        return all(_has(package, *item) for item in self.more)

    def display(self) -> str:
        """The demand as Pixi prints it."""
        text = match.display(self.plain)
        shown = [f'{key}="{value}"' for key, value in self.more]
        if self.when is not None:
            shown.append(f'when="{self.when}"')
        return text + (f"[{', '.join(shown)}]" if shown else "")

    def source_mismatch(self, locked: str, root: Path) -> str | None:
        """How the locked location of a source package differs from the demanded one; None if it does not."""
        kind, wanted = self.source or ("path", "")
        is_git, is_url = locked.startswith("git+"), "://" in locked
        if kind == "path":
            if is_url:
                return "expected a path source"
            same = os.path.normpath(root / locked) == os.path.normpath(root / wanted)
            return None if same else f"the locked path '{locked}' is not the requested '{wanted}'"
        if kind == "git" and not is_git:
            return "expected a git source"
        if kind == "url" and (is_git or not is_url):
            return "expected a url source"
        stem = wanted.removeprefix("git+").rstrip("/").removesuffix(".git")
        return None if stem in locked else f"the locked url '{locked}' is not the requested '{wanted}'"


def of_manifest(name: str, spec: CondaSpec) -> Wanted:
    """A dependency or constraint of the manifest. Channel, subdir and file name are not compared, as with Pixi."""
    source: tuple[str, str] | None = None
    more: list[tuple[str, str]] = []
    if spec.is_source:
        location = spec.git or spec.url or spec.path or ""
        source = "git" if spec.git else "url" if spec.url else "path", location
    elif spec.url is not None:
        more.append(("url", spec.url))
    demands = {
        "build_number": spec.build_number,
        "md5": spec.md5,
        "sha256": spec.sha256,
        "license": spec.license,
        "license_family": spec.license_family,
        "track_features": " ".join(spec.track_features) or None,
        "flags": " ".join(spec.flags) or None,
    }
    more += [(key, value) for key, value in demands.items() if value is not None]
    return Wanted(name.lower(), _plain(name, spec), spec.extras, spec.when, tuple(more), source)


def _plain(name: str, spec: CondaSpec) -> str:
    version = re.sub(r"\s+", "", spec.version) if spec.version else None
    if spec.build is not None:
        return f"{name} {version or '*'} {spec.build}"
    return f"{name} {version}" if version else name


def _has(package: Package, key: str, value: str) -> bool:
    if key == "url":
        return package.location.partition("#")[0] == value.partition("#")[0]
    if key == "build_number":
        return _number(of.build_number(package), value)
    if key in ("track_features", "flags"):
        return set(value.split()) <= set(package.fields.get(key) or ())
    have = package.fields.get(key)
    if key in ("md5", "sha256"):
        return have is not None and str(have).lower() == value.lower()
    return have is not None and _glob(value, str(have))


def _glob(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def _number(have: int, wanted: str) -> bool:
    found = _NUMBER.fullmatch(wanted)
    if found is None:
        return False
    limit = int(found[2])
    return {
        ">=": have >= limit, "<=": have <= limit, "!=": have != limit, "<": have < limit, ">": have > limit
    }.get(found[1], have == limit)  # fmt: skip
