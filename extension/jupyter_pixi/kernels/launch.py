"""Becomes the kernel of a workspace's environment: `python -P -m jupyter_pixi.kernels.launch … -f FILE`.

This is what kernelspecs run. It makes the environment current, computes its activation, and becomes the kernel's own
process (`exec`), so that process id, signals and working directory are what Jupyter expects. It never ends by itself:
Jupyter would start it six times over and show an error without a reason. Whatever goes wrong ends in the rescue
kernel, which tells the reason and can repair it.

An environment that is as its last install left it takes the quick way, of which this module and what it imports at
its top are the whole. It may cost 60 ms: no TOML, YAML, solver, argparse, dataclasses or subprocess here.
"""

from __future__ import annotations

import os
import signal
import sys

from .. import trust
from ..digests import file_digest
from . import attempts, command, current, handoff
from .activate import ActivationFailed, activated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, NoReturn

FAILED_VARIABLE = "JUPYTER_PIXI_START_FAILED"
"""Why a kernel that this launcher has started could not begin; it came back to us (`kernel_start`)."""

SERVER_VARIABLE = "JUPYTER_PIXI_SERVER"
"""The process id of the server whose extension watches this kernel; as in `specs`, which is too heavy for a start."""


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


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Becomes the kernel, or the rescue kernel. Does not return."""
    # A server that ignores SIGINT would hand that on to the kernel; a handler becomes the default at exec.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    request = Request(sys.argv[1:] if arguments is None else arguments, os.environ.pop(FAILED_VARIABLE, ""))
    if not request.failed and attempts.were_in_vain(request.connection_file):
        request.failed = "it ended several times before it could answer (the server's log may tell why)"
    try:
        quick(request)
    except KeyboardInterrupt:
        from .rescue_start import become_rescue, interrupted

        become_rescue(request, interrupted())
    except ActivationFailed as error:
        from .rescue_start import become_rescue, not_activated

        become_rescue(request, not_activated(error))
    except Exception as error:
        from .rescue_start import become_rescue, internal

        become_rescue(request, internal(error))


def quick(request: Request) -> NoReturn:
    """The start of a trusted environment that is current; everything else goes the slow way."""
    digests: dict[str, str | None] = {}

    def digest(path: str) -> str | None:
        if path not in digests:
            digests[path] = file_digest(path)
        return digests[path]

    verdict = trust.check(request.root, os.environ, digest=digest)
    prefix = current.assess(request.manifest, request.environment, os.environ, digest)
    if verdict.trusted and prefix.reason is None and not request.failed:
        start(request, prefix)  # returns only if the kernel itself is not there
    from .slow import slow

    slow(request, prefix, verdict)


def start(request: Request, prefix: current.Prefix, warning: str | None = None) -> None:
    """Becomes the kernel in `prefix`. Returns if the environment has no such kernel.

    Raises ActivationFailed, OSError.
    """
    state = prefix.state
    kernel = command.described(request.kernel, prefix.path, state)
    extra_variables: dict[str, str] = {}
    if kernel is not None:
        argv, extra_variables = command.arguments(kernel, prefix.path, request.connection_file, request.extra)
    elif request.kernel == command.DEFAULT_KERNEL:
        from . import overlay

        place = overlay.known(prefix.path, state, os.environ)
        if place is None:
            return
        kernel = {}
        argv = command.overlaid(overlay.python_of(prefix.path, state), place, request.connection_file, request.extra)
    else:
        return
    variables = activated(state.get("activation") or {}, prefix.path, os.environ)
    variables.update(command.own_variables(kernel, variables))
    variables.update(extra_variables)
    found = command.program(argv[0], prefix.path, variables)
    if found is None:
        return
    if command.CONFIG in argv[-1]:
        variables[handoff.VARIABLE] = handoff.pass_on(document(request, prefix, warning), os.environ)
        attempts.note(request.connection_file)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(found, [found, *argv[1:]], variables)  # noqa: S606


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


__all__ = ["ActivationFailed", "Request", "choose", "document", "main", "quick", "start", "started_by_server"]

if __name__ == "__main__":
    # As its own module, so that the slow way meets the same classes.
    from jupyter_pixi.kernels.launch import main as _main

    _main()
