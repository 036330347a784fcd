"""The arguments of a kernelspec and the environment of a start -> what is asked for, and what the bridge is told of it.

Part of every kernel's quick start (see `launch`): nothing heavy is imported here.
"""

from __future__ import annotations

import os
import sys

from . import command, handoff

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from . import current

FAILED_VARIABLE = "JUPYTER_PIXI_START_FAILED"
"""Why a kernel that this launcher has started could not begin; it came back to us (`kernel_start`)."""

SERVER_VARIABLE = "JUPYTER_PIXI_SERVER"
"""The process id of the server whose extension watches this kernel."""


class Request:
    """What a kernelspec's argv asks for: candidates for the manifest, environment, kernel, connection file.

    `manifest` is the candidate whose workspace holds the working directory (the innermost), else the first.
    `extra` are arguments that the front end added for the kernel itself. `failed` says why the start before this one
    did not succeed; empty if there was none, or it did.
    """

    def __init__(self, arguments: Sequence[str], failed: str = "") -> None:
        self.arguments = tuple(arguments)
        self.failed = failed
        manifests: list[str] = []
        self.environment = "default"
        self.kernel = command.DEFAULT_KERNEL
        self.connection_file = ""
        self.extra: list[str] = []
        words = iter(arguments)
        for word in words:
            if word == "--manifest":
                manifests.append(os.path.abspath(next(words, "")))
            elif word == "--environment":
                self.environment = next(words, "")
            elif word == "--kernel":
                self.kernel = next(words, "")
            elif word == "-f":
                self.connection_file = next(words, "")
            else:
                self.extra.append(word)
        if not manifests or not self.connection_file:
            raise SystemExit("usage: jupyter_pixi.kernels.launch --manifest FILE --environment NAME -f CONNECTION_FILE")
        self.manifest = choose(manifests, os.getcwd())

    @property
    def root(self) -> str:
        """The workspace's folder."""
        return os.path.dirname(self.manifest)

    def argv(self) -> list[str]:
        """The command that starts this again."""
        return [sys.executable, "-P", "-m", "jupyter_pixi.kernels.launch", *self.arguments]


def choose(manifests: Sequence[str], folder: str) -> str:
    """Which of several workspaces of one name is meant: the innermost that holds `folder`, else the first."""
    folder = os.path.realpath(folder) + os.sep
    holding = [
        path for path in manifests if folder.startswith(os.path.realpath(os.path.dirname(path)).rstrip(os.sep) + os.sep)
    ]
    existing = [path for path in manifests if os.path.exists(path)]
    return max(holding, key=lambda path: len(os.path.realpath(path)), default=(existing or manifests)[0])


def document(request: Request, prefix: current.Prefix, warning: str | None = None) -> dict[str, Any]:
    """What the bridge is told (its keys stand in `bridge/context.py`)."""
    return {
        "python": sys.executable,
        "environ": handoff.without_activation(os.environ),
        "manifest": request.manifest,
        "environment": request.environment,
        "prefix": prefix.path,
        "kernel": request.kernel,
        "connection_file": request.connection_file,
        "launcher": request.argv(),
        "server": os.environ.get(SERVER_VARIABLE) == str(os.getppid()),  # it restarts a kernel that asks for it
        "warning": warning,
    }


def started_by_server(environ: Mapping[str, str]) -> bool:
    """Whether a Jupyter server started this process, which can wait, show progress and restart a kernel.

    Our server extension gives its process id to the kernels it starts. Without it: a server names the session's
    notebook (JPY_SESSION_NAME), which nbclient run from a cell or a terminal merely inherited.
    """
    parent = str(os.getppid())
    if environ.get(SERVER_VARIABLE) == parent:
        return True
    if not environ.get("JPY_SESSION_NAME") or environ.get("JPY_PARENT_PID", parent) != parent:
        return False
    try:
        with open(f"/proc/{parent}/environ", "rb") as file:
            return b"JPY_SESSION_NAME=" not in file.read()
    except OSError:
        return True
