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
from . import attempts, current
from .activate import ActivationFailed
from .become import start
from .request import FAILED_VARIABLE, Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


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


if __name__ == "__main__":
    # As its own module, so that the slow way meets the same classes.
    from jupyter_pixi.kernels.launch import main as _main

    _main()
