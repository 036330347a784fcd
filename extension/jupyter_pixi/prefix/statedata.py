"""Turns a finished install into the data of its state file: digests, platform, activation, kernels, Python."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from . import statefile
from .installed import python
from .kernels import Kernel, kernels
from .request import InstallRequest


def state_data(request: InstallRequest) -> dict[str, Any]:
    """What the state file says; the digests are of the files as they are now. Raises ActivationError."""
    static = request.static()
    interpreter = python(request.prefix)
    want = request.wanted
    return {
        "manifest": {
            "path": str(request.manifest.path),
            "sha256": statefile.sha256_file(request.manifest.path),
        },
        "lock": {"sha256": statefile.sha256_file(request.lock_path)},
        "config_sha256": statefile.config_digest(request.config_layers),
        "environment": request.environment.name,
        "platform": {
            "name": request.platform.name,
            "subdir": request.platform.subdir,
            "virtual_packages": list(want.virtual_packages),
        },
        "requirements": list(want.requirements),
        "host": statefile.host_facts(request.environ),
        "fingerprint": want.fingerprint,
        "hash": request.marker.hash,
        "prefix": str(request.prefix),
        "activation": static.to_dict(),
        "kernels": {kernel.name: _described(kernel) for kernel in kernels(request.prefix)},
        "python": {**asdict(interpreter), "executable": str(interpreter.executable)} if interpreter else None,
        "scripts_digest": statefile.scripts_digest(static.scripts),
    }


def _described(kernel: Kernel) -> dict[str, Any]:
    found = asdict(kernel)
    del found["name"]
    return found
