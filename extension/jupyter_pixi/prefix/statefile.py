"""Turns what an install knew into the file that lets the next kernel start at once, and reads it back.

The file stands in the prefix as `conda-meta/jupyter-pixi` (no `.json` behind it: conda tools take every `*.json` there
for a package record and stop at this one). It holds digests of all that it depends on, and never an evaluated
variable. Light: the launcher imports this before anything else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .. import digests, system
from .markers import meta_folder, sweep

STATE_FILE = "jupyter-pixi"
VERSION = 1


def state_path(prefix: Path) -> Path:
    """Where the state file of a prefix stands."""
    return meta_folder(prefix) / STATE_FILE


def sha256_file(path: Path) -> str | None:
    """The SHA-256 of a file's bytes in hex; None where it cannot be read."""
    return digests.file_digest(str(path))


def config_digest(layers: Iterable[Path]) -> str:
    """One digest of the configuration layers that exist: path and bytes of each, sorted by path."""
    parts: list[bytes] = []
    for path in sorted(set(layers)):
        try:
            data = path.read_bytes()
        except OSError:
            continue
        parts.append(os.fsencode(str(path)) + b"\0" + len(data).to_bytes(8, "little") + data)
    return digests.digest(b"".join(parts))


def scripts_digest(scripts: Iterable[str]) -> dict[str, str]:
    """Script -> SHA-256 of its bytes, for those that can be read."""
    found = ((script, sha256_file(Path(script))) for script in scripts)
    return {script: digest for script, digest in found if digest is not None}


def host_facts(environ: Mapping[str, str]) -> dict[str, str]:
    """What decides which platform fits this machine, as far as it can be told without looking for hardware."""
    facts = {
        key: value
        for key, value in environ.items()
        if key.startswith("CONDA_OVERRIDE_") or key == "PIXI_OVERRIDE_PLATFORM"
    }
    facts["release"] = system.kernel_release()
    glibc = system.glibc_version()
    if glibc is not None:
        facts["glibc"] = glibc
    return facts


def read_state(prefix: Path) -> dict[str, Any] | None:
    """The state file's data; None where it is missing, not readable, or of another version."""
    try:
        data = json.loads(state_path(prefix).read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(data, dict) or data.get("version") != VERSION:
        return None
    return data


def write_state(prefix: Path, data: Mapping[str, Any]) -> bool:
    """Write the state file if it says something else. Returns whether it was written. Raises OSError."""
    content = json.dumps({"version": VERSION, **data}, separators=(",", ":"), ensure_ascii=False).encode()
    written = system.replace_if_changed(state_path(prefix), content, durable=False)
    if written:
        sweep(prefix, STATE_FILE)
    return written


def remove_state(prefix: Path) -> None:
    """Forget the state: before packages move, so that no start trusts a half made prefix. Raises OSError."""
    state_path(prefix).unlink(missing_ok=True)


def why_stale(
    data: Mapping[str, Any],
    prefix: Path,
    *,
    manifest: Path,
    lock: Path,
    config_layers: Iterable[Path],
    environ: Mapping[str, str],
) -> str | None:
    """Why a state must not be trusted, as a word; None if it may.

    Compares content digests of manifest, lock and configuration, the prefix's own place, the machine, and the
    fingerprint file (a half made prefix, or one that another tool changed).
    """
    from .markers import read_fingerprint, read_marker

    try:
        if data["prefix"] != str(prefix):
            return "moved"
        if data["manifest"]["sha256"] != sha256_file(manifest):
            return "manifest"
        if data["lock"]["sha256"] != sha256_file(lock):
            return "lock"
        if data["config_sha256"] != config_digest(config_layers):
            return "config"
        if data["host"] != host_facts(environ):
            return "host"
        if data["fingerprint"] != read_fingerprint(prefix):
            return "fingerprint"
        marker = read_marker(prefix)
        if marker is None or marker.hash != data["hash"]:
            return "marker"
    except (KeyError, TypeError):
        return "unreadable"
    return None
