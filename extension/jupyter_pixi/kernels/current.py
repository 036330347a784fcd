"""A prefix and its state file -> whether a kernel may start in it at once, without asking the engine.

The last install left the digests of what it was made from in `conda-meta/jupyter-pixi`. They are compared by
content (times lie after a clone or a checkout), and with Pixi's own marks in the prefix, which tell whether somebody
else worked on it since. Anything that does not fit is no error here: the slow way finds out and repairs it.
"""

from __future__ import annotations

import json
import os
import sys

from ..digests import digest, file_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    Digest: TypeAlias = Callable[[str], str | None]

STATE_FILE = os.path.join("conda-meta", "jupyter-pixi")
_GPU = ("__cuda", "__cuda_arch")
_GPU_SIGNS = ("/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg", "/etc/nv_tegra_release")


class Prefix:
    """An environment on this machine: where it is and what its state file says (empty if there is none).

    `reason` tells why the quick way is closed; it is None if the environment is current.
    """

    __slots__ = ("path", "reason", "state")

    def __init__(self, path: str, state: Mapping[str, Any], reason: str | None) -> None:
        self.path = path
        self.state = state
        self.reason = reason

    @property
    def installed(self) -> bool:
        """Whether a complete installation was recorded, current or not."""
        return bool(self.state)


def prefix_of(root: str, environment: str) -> str:
    """Where the environment is installed. (With detached environments, Pixi keeps a link at this place.)"""
    return os.path.join(root, ".pixi", "envs", environment)


def assess(manifest: str, environment: str, environ: Mapping[str, str], digest_of: Digest = file_digest) -> Prefix:
    """What can be told about an environment from a few small files. Never raises."""
    root = os.path.dirname(manifest)
    prefix = prefix_of(root, environment)
    state = _load(os.path.join(prefix, STATE_FILE))
    if not _well_formed(state):
        return Prefix(prefix, {}, "it is not installed")
    prefix = state["prefix"] if _same(prefix, state["prefix"]) else prefix
    return Prefix(prefix, state, _difference(state, manifest, environment, prefix, environ, digest_of))


def _difference(
    state: Mapping[str, Any],
    manifest: str,
    environment: str,
    prefix: str,
    environ: Mapping[str, str],
    digest_of: Digest,
) -> str | None:
    root = os.path.dirname(manifest)
    if state.get("environment") != environment or not _same(state["prefix"], prefix):
        return "the folder was moved or copied"
    if not _same(state["manifest"].get("path", ""), manifest):
        return "the folder was moved or copied"
    if digest_of(manifest) != state["manifest"]["sha256"]:
        return "the manifest has changed"
    if digest_of(os.path.join(root, "pixi.lock")) != state["lock"]["sha256"]:
        return "the lock file has changed"
    if config_digest(root, environ) != state.get("config_sha256"):
        return "the configuration has changed"
    if _marks(prefix) != (state.get("fingerprint"), state.get("hash")):
        return "the installation was changed by somebody else"
    return _other_machine(state, environ)


def _other_machine(state: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    host = state.get("host") or {}
    if environ.get("PIXI_OVERRIDE_PLATFORM") != host.get("PIXI_OVERRIDE_PLATFORM"):
        return "another platform is asked for"
    overrides = {name: value for name, value in environ.items() if name.startswith("CONDA_OVERRIDE_")}
    if overrides != {name: value for name, value in host.items() if name.startswith("CONDA_OVERRIDE_")}:
        return "other overrides of virtual packages are set"
    if hasattr(os, "uname") and host.get("release") != os.uname().release:
        return "it was installed under another operating system"
    if host.get("glibc") != _glibc():
        return "it was installed under another C library"
    names = [str(text).split(" ")[0] for text in state.get("requirements") or ()]
    if not any(name in _GPU for name in names) or "CONDA_OVERRIDE_CUDA" in overrides:
        return None
    return None if any(os.path.exists(sign) for sign in _GPU_SIGNS) else "it needs a GPU, and no driver was found"


def config_digest(root: str, environ: Mapping[str, str]) -> str:
    """One digest of the configuration files that Pixi reads for this workspace, as `prefix.statefile` makes it."""
    content = b""
    for path in sorted(_config_layers(root, environ), key=lambda path: path.split(os.sep)):  # pathlib's order
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError:
            continue
        content += os.fsencode(path) + b"\0" + len(data).to_bytes(8, "little") + data
    return digest(content)


def _config_layers(root: str, environ: Mapping[str, str]) -> set[str]:
    """Where configuration is looked for (`config.digest_paths`, which is too heavy for a start)."""
    home = environ.get("HOME") or os.path.expanduser("~")
    xdg = environ.get("XDG_CONFIG_HOME")
    bases = {"/etc/pixi", os.path.join(home, ".pixi"), os.path.join(root, ".pixi")}
    bases.add(environ.get("PIXI_HOME") or os.path.join(home, ".pixi"))
    if sys.platform == "darwin":
        bases |= {os.path.join(home, "Library", "Application Support", "pixi")}
        bases |= {os.path.join(xdg, "pixi")} if xdg else set()
    else:
        bases.add(os.path.join(xdg or os.path.join(home, ".config"), "pixi"))
    return {os.path.join(base, "config.toml") for base in bases}


def _marks(prefix: str) -> tuple[str | None, str | None]:
    """Pixi's fingerprint of the conda part and the lock hash of its marker, as they stand in the prefix."""
    try:
        with open(os.path.join(prefix, "conda-meta", ".pixi-environment-fingerprint"), encoding="ascii") as file:
            fingerprint: str | None = file.read(64)
    except (OSError, UnicodeError):
        fingerprint = None
    marker = _load(os.path.join(prefix, "conda-meta", "pixi"))
    return fingerprint, marker.get("environment_lock_file_hash")


def _glibc() -> str | None:
    if sys.platform != "linux":
        return None
    try:
        text = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return None
    return text.split()[-1] if text else None


def _well_formed(state: Mapping[str, Any]) -> bool:
    tables = ("manifest", "lock", "activation", "kernels")
    return (
        state.get("version") == 1
        and all(isinstance(state.get(name), dict) for name in tables)
        and isinstance(state.get("prefix"), str)
        and "sha256" in state["manifest"]
        and "sha256" in state["lock"]
    )


def _load(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _same(one: str, other: str) -> bool:
    return one == other or os.path.realpath(one) == os.path.realpath(other)
