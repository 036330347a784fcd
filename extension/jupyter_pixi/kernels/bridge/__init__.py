"""An IPython and what its launcher handed over -> an IPython with the magic `%pixi`.

This package is loaded by path into the *user's* kernel (`start.py`), whose environment need not know of it. So it uses
the standard library and the IPython that is there, nothing else; it keeps to what Python 3.8 understands; and it leaves
neither a name in the user's namespace nor an entry on `sys.path`. In `sys.modules` it is `_jupyter_pixi_bridge`.

A kernel's start pays for what is imported here (every time anew where no `.pyc` can be written): where the kernel
stands (`context`), the magic (`magic`), and what must be seen before the first cell (`refresh`). After each cell the
files of new modules are remembered (`imported`), and one that could not import something is looked at (`hints`). The
first `%pixi` loads the rest: the command line (`words`), what the kernel has loaded (`caller`), the engine as a child
process (`child`, `standby`, `output`, `interrupts`), the state of an operation (`operation`) and its renderings
(`draw`, `display`), starting over (`restart`), and the course of a command (`running`).
"""

from __future__ import annotations

import os
import sys
from typing import Any, Optional

from .context import NOTE, Context
from .magic import HELP, Bridge


def register(shell: Any, context: Context) -> Bridge:
    """Gives an IPython the magic `%pixi` for `context`; a later call replaces an earlier one."""
    bridge = Bridge(shell, context)

    def pixi(line: str, cell: Optional[str] = None) -> None:
        bridge.magic(line, cell)

    pixi.__doc__ = HELP
    pixi.bridge = bridge  # type: ignore[attr-defined]
    shell.register_magic_function(pixi, magic_kind="line_cell", magic_name="pixi")
    complete_for(shell, bridge)
    if context.manifest and not context.rescue:
        after_cells(shell, bridge)
    if context.warning:
        warn_once(shell, context.warning)
    if context.connection_file:
        try:
            os.unlink(context.connection_file + NOTE)  # this start was not in vain
        except OSError:
            pass
    return bridge


def complete_for(shell: Any, bridge: Bridge) -> None:
    """Lets an IPython complete the magic's lines, from 8.6 on without offers of its own for Python."""
    try:
        from IPython.core.completer import context_matcher
    except ImportError:
        for key in ("%pixi", "%%pixi"):
            shell.set_hook("complete_command", bridge.complete, str_key=key)
        return

    @context_matcher(identifier="jupyter-pixi", priority=1000)  # type: ignore[untyped-decorator,unused-ignore]
    def matcher(context: Any) -> Any:
        return bridge.match(context)

    others = [m for m in shell.Completer.custom_matchers if getattr(m, "matcher_identifier", "") != "jupyter-pixi"]
    shell.Completer.custom_matchers = [*others, matcher]


def warn_once(shell: Any, text: str) -> None:
    """Shows a text with the first cell that a person runs (front ends also run silent ones of their own)."""

    def before_cell(info: Any = None) -> None:
        if not getattr(info, "silent", False):
            shell.events.unregister("pre_run_cell", before_cell)
            print(text, file=sys.stderr)

    shell.events.register("pre_run_cell", before_cell)


def after_cells(shell: Any, bridge: Bridge) -> None:
    """Looks at what a cell has imported; lets `hints` look at one that failed to, or may have installed something."""
    told = set()  # type: set[str]
    context = bridge.context

    def after_cell(result: Any = None) -> None:
        try:
            bridge.look()
        except Exception:  # noqa: S110 - as below
            pass
        bridge.missing = {}
        error = getattr(result, "error_in_exec", None)
        cell = str(getattr(getattr(result, "info", None), "raw_cell", None) or "")
        if isinstance(error, ImportError) or " install" in cell:
            try:
                from . import hints

                bridge.missing = hints.after_cell(context, cell, error, told)
            except (Exception, KeyboardInterrupt):  # noqa: S110 - a convenience must not spoil the cell
                pass

    previous = getattr(shell, "_jupyter_pixi_after_cell", None)
    if previous is not None:
        shell.events.unregister("post_run_cell", previous)
    shell._jupyter_pixi_after_cell = after_cell
    shell.events.register("post_run_cell", after_cell)


def registered(shell: Any) -> Optional[Bridge]:
    """The bridge of this IPython, if it has one."""
    magic = shell.magics_manager.magics["line"].get("pixi")
    return getattr(magic, "bridge", None)


def load(shell: Any) -> None:
    """`%load_ext jupyter_pixi`: registers the magic, unless the launcher has done so with what only it knows."""
    if registered(shell) is None:
        register(shell, Context.handed_over() or Context.of_this_process()).prepare_when_idle()


def start() -> None:
    """What happens when a kernel runs `start.py` from exec_files. Without a hand-over nothing does."""
    from IPython import get_ipython

    shell = get_ipython()
    context = Context.handed_over()
    if shell is not None and context is not None:
        bridge = register(shell, context)
        if not context.rescue:
            bridge.prepare_when_idle()
