"""What a kernel's bridge must know about its host -> an inherited descriptor that it reads once.

The document (its keys are told in `bridge/context.py`) holds the variables of the host from before activation, secrets
among them. So it stands in no variable, which every child of the kernel would inherit, and in no file that has a
name: it is an anonymous file whose descriptor number goes into `JUPYTER_PIXI_BRIDGE`. The bridge takes the variable
away, reads the document and closes the descriptor.
"""

from __future__ import annotations

import json
import os

from .. import folders

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping
    from typing import Any

VARIABLE = "JUPYTER_PIXI_BRIDGE"

_ACTIVATION = frozenset(
    [
        "CONDA_PREFIX",
        "CONDA_DEFAULT_ENV",
        "CONDA_SHLVL",
        "CONDA_PROMPT_MODIFIER",
        "CONDA_EXE",
        "CONDA_PYTHON_EXE",
        "_CE_CONDA",
        "_CE_M",
        "PIXI_PROJECT_ROOT",
        "PIXI_PROJECT_NAME",
        "PIXI_PROJECT_MANIFEST",
        "PIXI_PROJECT_VERSION",
        "PIXI_IN_SHELL",
        "PIXI_EXE",
        "PIXI_PROMPT",
        "PIXI_ENVIRONMENT_NAME",
        "PIXI_ENVIRONMENT_PLATFORMS",
        "PIXI_SHLVL",
        "INIT_CWD",
    ]
)
_ACTIVATION_PREFIXES = ("CONDA_ENV_SHLVL_", "CONDA_PREFIX_", "CONDA_STACKED_")


def without_activation(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables without those by which an activated environment says what it is, and without our own.

    What a user configures stays: CONDA_OVERRIDE_*, PIXI_FROZEN, PIXI_CACHE_DIR and the like.
    """
    return {
        name: value
        for name, value in environ.items()
        if name not in _ACTIVATION and not name.startswith(_ACTIVATION_PREFIXES) and name != VARIABLE
    }


def pass_on(document: Mapping[str, Any], environ: Mapping[str, str]) -> str:
    """Puts the document where a program that this process becomes can read it; returns the variable's value.

    Raises OSError where no such file can be made.
    """
    data = json.dumps(document).encode("utf-8", "surrogateescape")
    descriptor = _anonymous_file(environ)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.set_inheritable(descriptor, True)
    return str(descriptor)


def _anonymous_file(environ: Mapping[str, str]) -> int:
    if hasattr(os, "memfd_create"):
        try:
            return os.memfd_create("jupyter-pixi")
        except OSError:  # a kernel or a sandbox without it
            pass
    path = os.path.join(folders.private(folders.runtime(environ)), f"handoff-{os.getpid()}-{os.urandom(6).hex()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    os.unlink(path)
    return descriptor


def taken(environ: MutableMapping[str, str]) -> dict[str, Any] | None:
    """The document that was handed over to this process, taken out of `environ`; None if there is none.

    Raises OSError or ValueError for a descriptor that holds something else.
    """
    value = environ.pop(VARIABLE, "")
    if not value.isdigit():
        return None
    with os.fdopen(int(value), "rb") as file:
        document = json.loads(file.read().decode("utf-8", "surrogateescape"))
    return document if isinstance(document, dict) else None
