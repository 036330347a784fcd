"""A request and a prefix -> this process becomes the kernel of that prefix.

Part of every kernel's quick start (see `launch`): nothing heavy is imported here.
"""

from __future__ import annotations

import os
import sys

from . import attempts, command, handoff
from .activate import activated
from .request import document

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import current
    from .request import Request


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
    attempts.note(request.connection_file)
    if command.CONFIG in argv[-1]:
        variables[handoff.VARIABLE] = handoff.pass_on(document(request, prefix, warning), os.environ)
    else:
        from . import witness

        witness.watch(request.connection_file)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(found, [found, *argv[1:]], variables)  # noqa: S606
