"""A wish to start over -> the launcher in place of this process, on the same connection file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Optional

from .context import HANDOVER

if TYPE_CHECKING:
    from .context import Context


class Restarter:
    """Replaces the kernel's process by a new start of its launcher, on the same connection file.

    The process id, the ports and the client stay; the variables go. For kernels without a server's front end:
    there the operation's event asks, and the front end restarts.
    """

    DELAY = 0.3  # seconds for the cell's reply and the aborted queue to leave the process

    def __init__(self, shell: Any, context: Context) -> None:
        self._shell, self._context = shell, context

    @property
    def possible(self) -> bool:
        """Whether this is an ipykernel that its launcher can start again."""
        return bool(self._context.launcher) and hasattr(self._io_loop, "call_later")

    @property
    def _io_loop(self) -> Any:
        return getattr(getattr(self._shell, "kernel", None), "io_loop", None)

    def schedule(self, environment: Optional[str]) -> None:
        """Starts over once the present cell has been answered."""

        def after_cell(*_: Any) -> None:
            self._shell.events.unregister("post_run_cell", after_cell)
            loop = self._io_loop
            loop.add_callback(loop.call_later, self.DELAY, self.start_over, environment)

        self._shell.events.register("post_run_cell", after_cell)

    def start_over(self, environment: Optional[str]) -> None:
        """Becomes the launcher. Does not return."""
        argv = self.argv(environment)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for fd, stream in ((1, sys.stdout), (2, sys.stderr)):
            # ipykernel has put pipes to threads of its own in these places
            original = getattr(stream, "_original_stdstream_copy", None)
            if original is not None:
                os.dup2(original, fd)
        environ = {name: value for name, value in self._context.environ.items() if name != HANDOVER}
        os.execve(argv[0], argv, environ)  # noqa: S606 - no shell is what we want

    def argv(self, environment: Optional[str]) -> list[str]:
        """The launcher's command line, for another environment if one is given."""
        argv = list(self._context.launcher)
        if environment is not None and "--environment" in argv[:-1]:
            argv[argv.index("--environment") + 1] = environment
        return argv
