"""Turns locked packages into Pixi's two digests: the prefix's fingerprint and the environment's lock hash.

(pixi_core, environment/conda_prefix.rs and lock_file/hash; the byte layout is what Rust's `Hash` feeds for strings
and slices: text and 0xFF, an 8-byte little-endian length before bytes.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..lockfile.model import Package

NOTHING = "2d06800538d394c2"
"""The digest of no input: the fingerprint of an environment without conda packages."""


def xxh3(data: bytes) -> int:
    """The 64-bit XXH3 digest (seed 0) as a number."""
    import xxhash

    return xxhash.xxh3_64_intdigest(data)


def _text(value: str) -> bytes:
    return value.encode() + b"\xff"


def _bytes(digest: str) -> bytes:
    raw = bytes.fromhex(digest)
    return len(raw).to_bytes(8, "little") + raw


def fingerprint(records: Iterable[tuple[str, str | None]]) -> str:
    """The 16 hex digits that stand in `.pixi-environment-fingerprint` for these conda records.

    Takes (normalised name, sha256 as hex or None) of every conda record to be installed, in any order.
    """
    data = b"".join(_text(name) + (_bytes(sha256) if sha256 else b"\0") for name, sha256 in sorted(records, key=_first))
    return f"{xxh3(data):016x}"


def _first(record: tuple[str, str | None]) -> str:
    return record[0]


def lock_file_hash(packages: Sequence[Package], subdir: str, virtual_packages: Iterable[str]) -> str:
    """The `environment_lock_file_hash` of the marker: one environment's packages on one platform, in lock order.

    `virtual_packages` are those that the platform declares, defaults included, as the lock's row writes them.
    """
    parts: list[bytes] = []
    for package in packages:
        parts.append(_text(package.location))
        if package.kind == "conda":
            digest = package.fields.get("sha256") or package.fields.get("md5")
            if digest:
                parts.append(_bytes(digest))
    parts.append(_text(subdir))
    parts.extend(_text(text) for text in sorted(virtual_packages, key=str.encode))
    return f"{xxh3(b''.join(parts)):x}"
