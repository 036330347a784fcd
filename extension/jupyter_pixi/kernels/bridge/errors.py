"""What went wrong with a command -> the sentence that the cell shows in place of a traceback."""

from __future__ import annotations

import os
from typing import Optional


class PixiError(Exception):
    """A command failed. IPython shows `_render_traceback_` instead of a traceback; queues and runs stop."""

    def __init__(self, text: str, help: Optional[str] = None, place: Optional[str] = None, status: int = 1) -> None:
        super().__init__(text)
        self.text, self.help, self.place, self.status = text, help, place, status

    def _render_traceback_(self) -> list[str]:
        lines = [_painted("31", "error:") + " " + self.text]
        if self.place:
            lines.append("  at " + self.place)
        if self.help:
            lines.append(_painted("32", "help:") + " " + self.help)
        return "\n".join(lines).split("\n")


def _painted(code: str, text: str) -> str:
    return text if os.environ.get("NO_COLOR") else f"\x1b[{code}m{text}\x1b[0m"


class PixiInterrupted(KeyboardInterrupt):
    """The user stopped a command; one sentence instead of a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class KernelRestarts(Exception):
    """This kernel starts again: what follows in the queue would run without the variables it expects."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]
