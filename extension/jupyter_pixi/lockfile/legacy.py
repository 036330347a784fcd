"""Packages as lock files before version 7 state them -> the fields of version 7.

Versions 4 and 5 write everything out (`kind`, name, version, build, subdir), version 6 lets a conda source package be
told apart by several fields. Versions 1 to 3 are conda-lock's; rattler converts those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..digests import text_digest
from .fields import canonical, conda_fields
from .location import derive, is_archive
from .model import Package

LEGACY_KINDS = ("conda", "pypi")
_DROPPED = frozenset({"arch", "platform", "input", "dev", "category", "manager", "optional"})
_REQUIREMENTS = frozenset({"requires_dist", "requires_python"})
_RENAMED = {"package_build_source": "source", "sources": "source_depends"}


_SECONDS_END = 253_402_300_799
"""Timestamps up to this (the end of the year 9999) count seconds, larger ones milliseconds."""


def milliseconds(timestamp: str) -> str:
    """A timestamp as version 7 writes it: older files may hold whole seconds."""
    if timestamp.isdigit() and int(timestamp) <= _SECONDS_END:
        return f"{timestamp}000"
    return timestamp


def normalise_requirements(document: Any, converted: Any) -> None:
    """Give the PyPI packages of a version 4 or 5 document their requirements as rattler writes them today.

    `converted` is the same lock after `convert`. (Clauses sorted by version, markers in their normal form.)
    """
    modern = {_pypi_key(item, item["pypi"]): item for item in converted["packages"] if "pypi" in item}
    for item in document["packages"]:
        if item.get("kind") == "pypi":
            found = modern.get(_pypi_key(item, item.get("url") or item.get("path") or ""))
            if found is not None:
                item.update({key: found[key] for key in _REQUIREMENTS & item.keys() & found.keys()})


def _pypi_key(item: Mapping[str, Any], location: str) -> tuple[str, str]:
    return str(item.get("name")), location.removeprefix("direct+").removeprefix("./")


def modern_fields(kind: str, location: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a version 4 or 5 package in the form of version 7: what the location implies is left out."""
    kept = {key: value for key, value in fields.items() if key not in _DROPPED}
    if kind != "conda" or not is_archive(location):
        return kept
    kept = canonical(kept)
    derived = derive(location)
    full = {"noarch": None, **kept}
    if full.get("subdir") == "noarch" and full["noarch"] is None:
        full["noarch"] = "generic"
    channel = full.get("channel", derived.channel)
    full["channel"] = channel.rstrip("/") if channel else channel
    return conda_fields(location, full)


def source_id(location: str, fields: Mapping[str, Any]) -> Package:
    """A conda source package of version 6 or older, under an identity in the form of version 7.

    The eight hex digits tell packages of one location apart; they are not those that Pixi computes, which come from
    data a version 6 lock does not hold.
    """
    kept = {_RENAMED.get(key, key): value for key, value in fields.items() if key not in _DROPPED}
    name = str(kept.pop("name", "") or location.rstrip("/").rpartition("/")[2] or "package")
    if kept.get("noarch") in ("false", "False"):
        del kept["noarch"]
    if kept.get("build") == "":
        del kept["build"]
    told = json.dumps({key: kept[key] for key in sorted(kept)}, default=str)
    digest = text_digest(told)[:8]
    return Package("conda_source", f"{name}[{digest}] @ {location}", kept)


def convert(text: str) -> str:
    """A lock file of version 1 to 5 as text of the current version, by rattler.

    Raises whatever rattler raises for text it cannot read.
    """
    import tempfile

    from rattler import LockFile

    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder) / "old.lock", Path(folder) / "new.lock"
        old.write_text(text, encoding="utf-8")
        LockFile.from_path(old).to_path(new)
        return new.read_text(encoding="utf-8")
