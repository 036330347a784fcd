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
