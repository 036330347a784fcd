"""A condition -> what it gave, once it holds: tests wait for what they need, and never for the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait(reached: Callable[[], T], seconds: float = 60) -> T:
    """Asks again and again until the answer is true, and returns it. AssertionError if that takes too long."""
    deadline = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
    return found
