"""The fields of locked packages: their order in the file, their shapes, and which of them are left out.

(rattler_lock, parse/models/v7.) The order is that of the file; a field equal to what the location implies is elided.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .location import derive, implied_build_number, implied_noarch

CONDA = (
    "name", "version", "build", "build_number", "subdir", "noarch", "variants", "sha256", "md5", "legacy_bz2_md5",
    "depends", "constrains", "extra_depends", "channel", "features", "flags", "track_features", "file_name",
    "license", "license_family", "purls", "run_exports", "size", "legacy_bz2_size", "timestamp",
    "python_site_packages_path",
)  # fmt: skip
CONDA_SOURCE = (
    "version", "build", "build_number", "subdir", "noarch", "variants", "depends", "constrains", "extra_depends",
    "features", "flags", "track_features", "license", "license_family", "purls", "run_exports", "size", "source",
    "source_depends", "python_site_packages_path", "build_packages", "host_packages",
)  # fmt: skip
PYPI = (
    "name", "version", "md5", "sha256", "index", "requires_dist", "requires_python", "build_packages",
    "host_packages",
)  # fmt: skip
ORDER: Mapping[str, tuple[str, ...]] = {"conda": CONDA, "conda_source": CONDA_SOURCE, "pypi": PYPI}

NUMBERS = frozenset({"build_number", "size", "legacy_bz2_size", "timestamp"})
LISTS = frozenset({"depends", "constrains", "flags", "track_features", "purls", "requires_dist"})
PACKAGES = frozenset({"build_packages", "host_packages"})
MAPPINGS = frozenset(
    {"variants", "extra_depends", "run_exports", "source", "source_depends", "sources", "package_build_source", "input"}
)
WRITTEN_EMPTY = frozenset({"purls", "run_exports"})
"""Fields whose emptiness says something ("known to have none"); other empty ones are left out."""

_HASHES = frozenset({"sha256", "md5", "legacy_bz2_md5"})
_IMPLIED = frozenset({"name", "version", "build", "build_number", "subdir", "noarch", "channel", "file_name"})


def canonical(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with hashes in lower case and sorted package URLs."""
    for key in _HASHES & fields.keys():
        if fields[key] is not None:
            fields[key] = fields[key].lower()
    if len(fields.get("purls") or ()) > 1:
        fields["purls"] = sorted(set(fields["purls"]), key=lambda purl: purl.partition("?"))
    return fields


def without_implied(location: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a binary package as they stand in a file, in the form in which they are written.

    What somebody wrote out although the location implies it goes.
    """
    fields = canonical(fields)
    if not _IMPLIED.isdisjoint(fields):
        derived = derive(location)
        if fields.get("channel"):
            fields["channel"] = fields["channel"].rstrip("/")
        build = fields.get("build") or derived.build
        noarch = implied_noarch(derived.subdir or fields.get("subdir"), derived.build or build)
        implied = {
            **derived._asdict(),
            "noarch": noarch or "false",
            "build_number": str(implied_build_number(build or "")),
        }
        for key in _IMPLIED & fields.keys():
            if fields[key] == implied[key]:
                del fields[key]
    return fields


def conda_fields(location: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields to keep of a binary package, in the file's order.

    `values` holds complete facts (`name`, `version`, `build`, `build_number`, `subdir`, `noarch` or None for a package
    of one platform, `channel` without trailing slash, `file_name`, and the others); texts and lists of texts.
    """
    derived = derive(location)
    build = str(values.get("build") or derived.build or "")
    subdir = values.get("subdir") or derived.subdir
    implied: dict[str, Any] = {
        "name": derived.name,
        "version": derived.version,
        "build": derived.build,
        "build_number": str(implied_build_number(build)),
        "subdir": derived.subdir,
        "channel": derived.channel,
        "file_name": derived.file_name,
        "noarch": implied_noarch(derived.subdir or subdir, derived.build or build),
    }
    kept: dict[str, Any] = {}
    for key in CONDA:
        value = values.get(key)
        if key in implied and key in values:
            if value == implied[key]:
                continue
            if value is None and key == "noarch":
                value = "false"
            elif value is None and key != "channel":
                continue
        elif value is None or (not value and key not in WRITTEN_EMPTY):
            continue
        kept[key] = value
    return kept
