"""rattler's records <-> locked conda packages: what a solve found becomes what Pixi writes, and back.

The only module of this package that needs rattler for current lock files.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from . import packages as of
from .fields import LISTS, NUMBERS, conda_fields
from .model import Package
from .yaml_subset import Bare

if TYPE_CHECKING:
    from rattler import RepoDataRecord

_COPIED = (
    "sha256", "md5", "legacy_bz2_md5", "depends", "constrains", "extra_depends", "features", "flags",
    "track_features", "license", "license_family", "run_exports", "size", "legacy_bz2_size", "timestamp",
    "python_site_packages_path",
)  # fmt: skip


def from_record(record: RepoDataRecord, purls: Iterable[str] | None = None, *, named_by_url: bool = False) -> Package:
    """The locked form of a solved record, with exactly the fields Pixi writes.

    `purls` are its PyPI identities: None if not looked up, empty if it is known to have none. A record of a
    `file://` channel is located by its plain path. A package that the user named by its URL belongs to no channel.
    """
    data: dict[str, Any] = json.loads(record.to_json())
    location = location_of(record)
    values: dict[str, Any] = {key: _value(key, data.get(key)) for key in _COPIED}
    channel = None if named_by_url else record.channel
    values |= {
        "name": record.name.source,
        "version": str(record.version),
        "build": str(data.get("build") or ""),
        "build_number": str(data.get("build_number", 0)),
        "subdir": data.get("subdir"),
        "noarch": _noarch(data.get("noarch")),
        "channel": channel.rstrip("/") if channel else None,
        "file_name": record.file_name,
        "purls": None if purls is None else sorted(set(purls), key=lambda purl: purl.partition("?")),
    }
    return Package("conda", location, conda_fields(location, values))


def location_of(record: RepoDataRecord) -> str:
    """Where the lock says that a record is: its URL, or the plain path in a `file://` channel."""
    url = record.url
    return unquote(urlsplit(url).path) if url.startswith("file://") else url


def to_record(package: Package) -> RepoDataRecord:
    """The rattler record of a locked binary package: a preference for solving, or what to install.

    Raises ValueError for a package that is not a built conda package, or whose version or build is not one.
    """
    from rattler import PackageRecord, RepoDataRecord
    from rattler.package import BuildString

    version, build, subdir = of.version(package), of.build(package), of.subdir(package)
    if package.kind != "conda" or version is None or build is None or subdir is None:
        raise ValueError(f"{package.location} is not a built conda package")
    sha256, md5, legacy_md5 = of.sha256(package), of.md5(package), package.fields.get("legacy_bz2_md5")
    legacy_size = package.fields.get("legacy_bz2_size")
    record = PackageRecord(
        of.name(package),
        version,
        BuildString(build),
        of.build_number(package),
        subdir,
        noarch=of.noarch(package),  # type: ignore[arg-type]
        depends=list(of.depends(package)),
        constrains=list(of.constrains(package)),
        sha256=bytes.fromhex(sha256) if sha256 else None,
        md5=bytes.fromhex(md5) if md5 else None,
        size=of.size(package),
        features=package.fields.get("features"),
        legacy_bz2_md5=bytes.fromhex(legacy_md5) if legacy_md5 else None,
        legacy_bz2_size=int(legacy_size) if legacy_size else None,
        license=of.license(package),
        license_family=of.license_family(package),
        python_site_packages_path=of.python_site_packages_path(package),
        extra_depends={extra: list(specs) for extra, specs in of.extra_depends(package).items()} or None,
        flags=list(of.flags(package)) or None,
    )
    tracked = of.track_features(package)
    if tracked:
        record.track_features = list(tracked)
    built = of.timestamp(package)
    if built is not None:
        record.timestamp = datetime.fromtimestamp(built / 1000, UTC)
    location = package.location
    url = location if "://" in location else f"file://{location}"
    return RepoDataRecord(record, of.file_name(package) or "", url, _channel_url(package, url))


def _channel_url(package: Package, url: str) -> str:
    """The channel as rattler wants it: always a URL, if need be the folder above the subdir's."""
    channel = of.channel(package)
    if channel is None:
        return url.rsplit("/", 2)[0] + "/"
    return channel if "://" in channel else f"file://{channel}"


def _value(key: str, value: Any) -> Any:
    """A value of a record's JSON as a lock file's field."""
    if value is None or (key in NUMBERS and not isinstance(value, (int, float))):
        return None
    if key in NUMBERS:
        return str(int(value))
    if key in LISTS:
        items = value.split() if isinstance(value, str) else value
        return [str(item) for item in items]
    if isinstance(value, dict):
        return {inner: _value("", item) for inner, item in value.items() if item}
    if isinstance(value, list):
        return [str(item) for item in value]
    return Bare(json.dumps(value)) if isinstance(value, (bool, int, float)) else str(value)


def _noarch(value: Any) -> str | None:
    if value is True:
        return "generic"
    return value if value in ("python", "generic") else None
