"""The text of a `%pixi` line or a `%%pixi` cell -> commands that run; what runs them is loaded by the first one."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence

from .refresh import Refresher

if TYPE_CHECKING:
    from .context import Context
    from .imported import Imported
    from .standby import Standby

IDLE = 0.5  # seconds without a cell that runs: a person sits before the kernel, not a program that runs a notebook

HELP = """\
%pixi changes and shows the environment of this notebook: manifest, lock file and installed packages.

  %pixi add polars "numpy>=2"      add packages from conda channels; import them on the next line
  %pixi add --pypi requests        add a package from PyPI
  %pixi remove polars              take it out again
  %pixi list                       what is installed          (also: tree, info, search)
  %pixi status                     this kernel's environment and its state
  %pixi undo                       take the last change back
  %pixi run test                   run a task or a command in the environment
  %%pixi run -e cuda               run the text of the cell in another environment
  %%pixi run -e cuda --export df   the same, and bring its variable `df` back
  %pixi switch cuda                restart this notebook on another environment

The commands and flags are those of the pixi command line: %pixi COMMAND --help tells more."""


class Bridge:
    """`%pixi` and `%%pixi` of one IPython."""

    def __init__(self, shell: Any, context: Context) -> None:
        self.shell, self.context = shell, context
        self.refresher = Refresher()
        self.missing = {}  # type: dict[str, Any]
        """What is known of the package that the last cell lacked; the front end asks for it."""

    @cached_property
    def standby(self) -> Standby:
        """Where commands get their engine from."""
        from .standby import Standby

        return Standby(self.context)

    @cached_property
    def imported(self) -> Imported:
        """What this kernel's modules looked like when they came."""
        from .imported import Imported

        return Imported(str(self.context.prefix))

    def look(self) -> None:
        """Remembers what has been imported since the last look, where the modules are the environment's own."""
        if self.context.owns_interpreter:
            self.imported.look()

    def told(self) -> None:
        """The user knows of everything that is not as this kernel has loaded it."""
        if self.context.owns_interpreter:
            from .caller import replaced_libraries

            self.imported.tell(replaced_libraries(self.context))

    def prepare_when_idle(self) -> None:
        """Lets an engine be ready for the first command as soon as the kernel has been idle for a moment."""
        timers = []  # type: list[threading.Timer]

        def cell_begins(*_: Any) -> None:
            while timers:
                timers.pop().cancel()

        def cell_ends(*_: Any) -> None:
            cell_begins()
            timers.append(threading.Timer(IDLE, idle))
            timers[-1].daemon = True
            timers[-1].start()

        def idle() -> None:
            for event, function in handlers.items():
                self.shell.events.unregister(event, function)
            try:
                from . import running, standby  # noqa: F401 - what a command needs on this side
            except ImportError:  # the host's package is gone: the first command says so
                return
            self.look()
            self.standby.keep()

        handlers = {"pre_run_cell": cell_begins, "post_run_cell": cell_ends}
        for event, function in handlers.items():
            self.shell.events.register(event, function)
        cell_ends()

    def magic(self, line: str, cell: Optional[str] = None) -> None:
        """Change or show the environment of this notebook. `%pixi` alone tells how."""
        try:
            from . import exports, running  # noqa: F401 - all that the commands need
            from .words import cell_commands, split_line
        except KeyboardInterrupt:
            from .errors import PixiInterrupted

            raise PixiInterrupted(f"`%pixi {line}` was stopped before it began") from None
        except ImportError as error:  # the host's package was updated or removed under a running kernel
            from IPython.core.error import UsageError

            raise UsageError(f"%pixi cannot be loaded: {error}. Restart the kernel.") from None
        words = split_line(line)
        if cell is not None and words[:1] in (["run"], ["exec"]) and exports.is_asked_for(words):
            exports.run(self, words, cell)
        elif cell is not None:
            for command, text in cell_commands(words, cell):
                self.run(command, text)
        elif words:
            self.run(words)
        else:
            print(HELP)

    def run(self, words: Sequence[str], stdin: Optional[str] = None) -> None:
        """Runs one command to its end. Raises PixiError if it fails, PixiInterrupted if the user stops it."""
        from .running import run

        run(self, words, stdin)

    def caller(self) -> dict[str, Any]:
        """What this kernel has loaded, as the engine wants it. (The front end asks for it too.)"""
        from .caller import caller_document

        self.look()
        return caller_document(self.context, self.imported)

    def refresh(self, change: Mapping[str, Any], before: Optional[Mapping[str, Any]] = None) -> dict[str, Any]:
        """Lets this interpreter see a change of its prefix; `before` is the caller's document from before it.

        Gives the MIME type's `effects`. (The front end calls it after the changes that it makes.)
        """
        effects = self.refresher.refresh(change, before or {})
        if self.context.owns_interpreter:
            effects["back"] = self.imported.come_back()
            self.told()
        try:
            # IPython keeps the names of importable modules on disk: without them new ones are offered.
            self.shell.db.pop("rootmodules_cache", None)
        except Exception:  # noqa: S110 - a convenience; the database may be missing or broken
            pass
        return effects

    def complete(self, shell: Any, event: Any) -> list[str]:
        """IPython's `complete_command` hook."""
        from .complete import complete

        line = event.text_until_cursor if hasattr(event, "text_until_cursor") else event.line
        return complete(self.context, line)

    def match(self, context: Any) -> dict[str, Any]:
        """IPython's matcher (API version 2): what goes on with the word at the cursor, and that nothing else does."""
        line = context.text_until_cursor
        if not line.lstrip().startswith(("%pixi ", "%%pixi ")):
            return {"completions": []}
        from IPython.core.completer import SimpleCompletion

        from .complete import complete

        begun = "" if line[-1:].isspace() else line.split()[-1]
        found = [SimpleCompletion(text=offer, type="pixi") for offer in complete(self.context, line)]
        return {"completions": found, "suppress": True, "matched_fragment": begun}
