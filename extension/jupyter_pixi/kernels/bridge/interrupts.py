"""Presses of the stop button -> signals to the engine, each firmer than the last."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from .child import Child

GRACE = (30.0, 10.0)  # seconds after an interrupt until SIGTERM, and from there until SIGKILL


class Interrupts:
    """While it is entered, the kernel's stop button reaches `child`: each press is firmer than the last.

    The first asks the engine to roll back (SIGINT), and after `GRACE` or at the next press comes SIGTERM, then
    SIGKILL. When the engine has ended (`ended`) a press comes too late, and the kernel takes the outcome in whole; a
    second one interrupts that. Only the main thread gets signals; elsewhere (a subshell) nothing is done.
    """

    def __init__(self, say: Callable[[str], Any]) -> None:
        self.child: Optional[Child] = None
        self._say = say
        self._pending = 0
        self._next = 0  # index of the next signal
        self._deadline = float("inf")
        self._late: Optional[int] = None
        self._saved = None  # type: Any
        self._main = threading.current_thread() is threading.main_thread()

    @property
    def pressed(self) -> bool:
        """Whether the user has asked to stop."""
        return self._next > 0

    def __enter__(self) -> Interrupts:
        if self._main:
            self._saved = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *_: object) -> None:
        if self._main:
            signal.signal(signal.SIGINT, self._saved)

    def _press(self, number: int, frame: Any) -> None:
        self._pending += 1
        if self._late is not None:
            self._late += 1
            if self._late > 1:
                raise KeyboardInterrupt

    def ended(self) -> None:
        """The engine has ended."""
        self._late = 0

    def tick(self) -> None:
        """Passes on what was pressed since the last call, or what the patience has run out for."""
        if self.child is None or (not self._pending and time.monotonic() < self._deadline):
            return
        self._pending = 0
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
        if self._next < len(numbers):
            self.child.signal(numbers[self._next])
            if self._next == 0:
                self._say("Stopping. Stop again to end it at once.\n")
            wait = GRACE[self._next] if self._next < len(GRACE) else float("inf")
            self._deadline = time.monotonic() + wait
            self._next += 1
