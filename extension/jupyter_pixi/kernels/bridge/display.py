"""The states of an operation, as they come -> a cell's display, a line of a terminal, or lines of a log."""

from __future__ import annotations

import shutil
import sys
import time
from typing import IO, TYPE_CHECKING, Any

from .draw import to_html, to_text
from .operation import MIME

if TYPE_CHECKING:
    from .operation import Operation

UPDATES_PER_SECOND = 6


class Display:
    """Shows an operation, at most `UPDATES_PER_SECOND` times a second; the first and the last state always."""

    def __init__(self) -> None:
        self.open = False
        self._shown = 0.0

    def tick(self, operation: Operation, *, final: bool = False) -> None:
        """Shows the present state if something is to be shown and the time has come."""
        if not (self.open or operation.phases or (final and (operation.telling or operation.effects))):
            return
        now = time.monotonic()
        if final or now - self._shown >= 1 / UPDATES_PER_SECOND:
            self._shown = now
            self.show(operation, final)
            self.open = True

    def show(self, operation: Operation, final: bool) -> None:
        """Draws the state."""
        raise NotImplementedError


class CellDisplay(Display):
    """One display in the cell's output, updated in place."""

    def __init__(self) -> None:
        super().__init__()
        self._handle = None  # type: Any

    def show(self, operation: Operation, final: bool) -> None:
        """Publishes or updates the MIME bundle."""
        bundle = {
            MIME: operation.to_json(),
            "text/html": to_html(operation),
            "text/plain": to_text(operation),
        }
        if self._handle is None:
            from IPython.display import display

            self._handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(bundle, raw=True)


class TerminalDisplay(Display):
    """One line of a terminal, rewritten in place, and the final text below it."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream

    def show(self, operation: Operation, final: bool) -> None:
        """Rewrites the line; it is gone when the operation is over."""
        text = to_text(operation)
        if not final:
            text = text.replace("\n", " ")[: shutil.get_terminal_size().columns - 1]
        self._stream.write("\r\x1b[2K" + text + ("\n" if final else ""))
        self._stream.flush()


class LineDisplay(Display):
    """For logs and pipes: one line for each phase, and the final text."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__()
        self._stream = stream
        self._phases = 0

    def tick(self, operation: Operation, *, final: bool = False) -> None:
        """Writes the phases that have begun since the last call."""
        for phase in operation.phases[self._phases :]:
            self._stream.write(phase["title"] + "\n")
        self._phases = len(operation.phases)
        if final and (self._phases or operation.telling):
            self.open = True
            self._stream.write(to_text(operation) + "\n")
        self._stream.flush()


def choose_display(shell: Any) -> Display:
    """The rendering for this IPython: a cell, a terminal, or neither."""
    if hasattr(shell, "kernel") or any(c.__name__ == "ZMQInteractiveShell" for c in type(shell).__mro__):
        return CellDisplay()
    return TerminalDisplay(sys.stderr) if sys.stderr.isatty() else LineDisplay(sys.stderr)
