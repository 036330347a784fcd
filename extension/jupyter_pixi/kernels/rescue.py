"""The kernel that answers when an environment cannot: it says why, repairs it, and computes nothing by mistake.

It runs in the host interpreter (`python -P -m jupyter_pixi.kernels.rescue -f FILE`) with what `rescue_start` hands
over. `%pixi …`, `%%pixi …` and `!…` work; every other cell raises `EnvironmentNotReady`, so that queues stop and
headless runs fail instead of computing with the wrong packages. `%pixi rescue python` lets Python cells through.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets import Type

from . import bridge, handoff
from .bridge.context import Context
from .rescue_report import Told

_ALLOWED = re.compile(r"%pixi(\s|$)|!")


class EnvironmentNotReady(Exception):
    """A cell was run while the notebook's environment is not there. The text says why and what to do."""

    def _render_traceback_(self) -> list[str]:
        first, *rest = str(self).split("\n")
        return ["\x1b[31mEnvironmentNotReady:\x1b[0m " + first, *rest]


def may_run(cell: str) -> bool:
    """Whether a cell needs no environment: only `%pixi` and `!` lines (and comments), or a `%%pixi` cell."""
    if re.match(r"\s*%%pixi(\s|$)", cell):
        return True
    lines = [line.strip() for line in re.sub(r"\\\n", " ", cell).split("\n")]
    return all(_ALLOWED.match(line) for line in lines if line and not line.startswith("#"))


class RescueShell(ZMQInteractiveShell):
    """An IPython that lets only cells through that need no environment."""

    report = Told({})
    python_allowed = False

    def transform_cell(self, raw_cell: str) -> str:
        """The cell's Python; for a cell that may not run, a line that raises. (IPython calls this for every cell.)"""
        if self.python_allowed or may_run(raw_cell):
            return str(super().transform_cell(raw_cell))  # type: ignore[no-untyped-call]
        return "get_ipython().refuse()\n"

    def refuse(self) -> NoReturn:
        """Raises EnvironmentNotReady with the reason."""
        raise EnvironmentNotReady(self.report.text())

    def allow_python(self) -> None:
        """Lets Python cells through from now on."""
        self.python_allowed = True
        print(
            f"Cells now run in Jupyter's own Python {sys.version.split()[0]} ({sys.executable}), "
            "not in the environment of this notebook. Restart the kernel to go back."
        )


def run_command(
    shell: RescueShell, engine: Callable[..., None], words: Sequence[str], stdin: str | None = None
) -> None:
    """Runs a command of `%pixi` by `engine`; after one that succeeds, says so if the environment is ready."""
    if list(words) == ["rescue", "python"]:
        shell.allow_python()
        return
    engine(words, stdin)
    after = shell.report.after_repair()
    if after:
        print(after)


class RescueKernel(IPythonKernel):
    """An ipykernel with that IPython, which tells front ends what it is."""

    implementation = "jupyter-pixi-rescue"
    shell_class = Type(RescueShell)


class RescueApp(IPKernelApp):
    """An ipykernel without the user's own configuration and startup files, which expect the user's environment."""

    def load_config_file(self, *arguments: Any, **options: Any) -> None:
        """Loads none."""

    def _run_startup_files(self) -> None:
        """Runs none."""


def prepare(shell: RescueShell, document: Mapping[str, Any]) -> None:
    """Gives the shell its report and its magic."""
    shell.report = Told(document)
    shell.banner1 = shell.report.brief() + "\n"
    made = bridge.register(shell, Context.from_document(document))
    made.run = functools.partial(run_command, shell, made.run)  # type: ignore[method-assign]


def main(arguments: Sequence[str]) -> None:
    """Runs the kernel until a client shuts it down."""
    try:
        document = handoff.taken(os.environ)
    except (OSError, ValueError):
        document = None
    app = RescueApp.instance(kernel_class=RescueKernel)
    app.initialize(list(arguments))  # type: ignore[no-untyped-call]
    assert isinstance(app.shell, RescueShell)
    prepare(app.shell, document or {"python": sys.executable})
    app.start()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    from jupyter_pixi.kernels.rescue import main as _main

    _main(sys.argv[1:])
