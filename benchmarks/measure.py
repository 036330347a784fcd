"""Turns things to time into medians, side by side: the two of a pair take turns, so that a busy machine hits both."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """Ours beside a reference, in seconds (medians)."""

    what: str
    reference_name: str
    ours: float
    reference: float
    aim: str
    kept: bool

    @property
    def ratio(self) -> float:
        """How many times as long ours takes."""
        return self.ours / self.reference

    def row(self) -> str:
        """A row of the table."""
        difference = (self.ours - self.reference) * 1000
        return (
            f"| {self.what} | {self.ours * 1000:.0f} ms | {self.reference_name}: {self.reference * 1000:.0f} ms "
            f"| {self.ratio:.2f} | {difference:+.0f} ms | {self.aim}{'' if self.kept else ' **missed**'} |"
        )


HEADER = "| what | jupyter-pixi | beside it | ratio | difference | aim |\n|---|---|---|---|---|---|"


def alternate(ours: Callable[[], float], reference: Callable[[], float], rounds: int) -> tuple[float, float]:
    """Calls both in turns, after one call each that does not count. Returns the medians of what they return."""
    ours(), reference()
    times = [(ours(), reference()) for _ in range(rounds)]
    return statistics.median(a for a, _ in times), statistics.median(b for _, b in times)


def process(argv: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> float:
    """Runs a process to its end. Returns the seconds it took. Raises CalledProcessError with what it said."""
    begin = time.perf_counter()
    subprocess.run(argv, cwd=cwd, env=dict(environ), check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return time.perf_counter() - begin


def call(action: Callable[[], object]) -> float:
    """Calls something in this process. Returns the seconds it took."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin
