"""Turns a command of the engine into one that is killed, fails or waits at a chosen point.

    python -P faulty.py POINT ACTION ARGV…

POINT is the name of a step (an audit event `jupyter_pixi.step` of the engine), `change:N` for the Nth change of the
file system that Python code makes (opening for writing, renaming, removing …), or `after:SECONDS`. ACTION is `kill`,
`error:ERRNO`, `hold:FILE` (makes FILE.reached and waits until FILE is there), or `count`, which prints at the end how
many changes there were.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

_CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.chmod", "os.symlink", "os.link"}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Fault:
    """What happens when, as an audit hook."""

    def __init__(self, point: str, action: str) -> None:
        self.point = point
        self.action = action
        self.number = int(point.removeprefix("change:")) if point.startswith("change:") else 0
        self.seen = 0
        self.done = False

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        """Called by the interpreter at every audit event."""
        if event == "jupyter_pixi.step":
            if arguments[0] == self.point and not self.done:
                self.act()
        elif event in _CHANGES or (event == "open" and self._writes(arguments)):
            self.seen += 1
            if self.seen == self.number and not self.done:
                self.act()

    @staticmethod
    def _writes(arguments: tuple[object, ...]) -> bool:
        path, _, flags = arguments
        named = isinstance(path, str) and not path.startswith(("/dev", "/proc")) and not path.endswith(".pyc")
        return named and isinstance(flags, int) and bool(flags & _WRITING)

    def act(self) -> None:
        """Do what was asked for."""
        kind, _, value = self.action.partition(":")
        if kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        self.done = True
        if kind == "error":
            raise OSError(int(value), os.strerror(int(value)), self.point)
        if kind == "hold":
            Path(value + ".reached").touch()
            end = time.monotonic() + 60
            while not Path(value).exists() and time.monotonic() < end:
                time.sleep(0.01)


def main() -> int:
    """Run the engine with the fault."""
    point, action, *argv = sys.argv[1:]
    fault = Fault(point, action)
    if point.startswith("after:"):
        timer = threading.Timer(float(point.removeprefix("after:")), fault.act)
        timer.daemon = True
        timer.start()
    from jupyter_pixi.cli.main import main as engine

    sys.addaudithook(fault.hook)
    status = engine(argv)
    if action == "count":
        print(f"changes: {fault.seen}", file=sys.stderr)
    return status


if __name__ == "__main__":
    # As the command itself ends: py-rattler's threads can crash an interpreter that shuts down.
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
