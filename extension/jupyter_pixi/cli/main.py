"""Turns a process's arguments into an operation, its events into text, and its end into an exit status."""

from __future__ import annotations

import gc
import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ..errors import Interrupted, PixiError, UsageError
from ..events import Failed

if TYPE_CHECKING:
    from .output import Output


_OBJECTS = 50_000
"""After how many new objects garbage is collected (some 10 MB)."""


def main(argv: Sequence[str] | None = None) -> int:
    """The command `jupyter pixi` (also `pixi jupyter`, and the engine behind `%pixi`). Returns the exit status.

    0 is success, 1 an error, 2 a wrong command line, 130 an interrupt; `run` returns the child's own.
    """
    from .output import Output

    arguments = list(sys.argv[1:] if argv is None else argv)
    output = Output.plain()
    try:
        from .commands import build
        from .parser import parse, plainly

        arguments = plainly(arguments)
        parser = build(arguments)
        if not arguments:
            parser.print_help(sys.stderr)
            return 2
        try:
            namespace = parse(parser, arguments)
        except UsageError:
            output = Output.of(_channels(arguments), arguments)  # a notebook draws this sentence too
            raise
        output = Output.of(namespace, arguments)
        namespace.output = output
        return int(namespace.run(namespace))
    except PixiError as error:
        status = _handed_over(output, error)
        return _failed(output, error) if status is None else status
    except KeyboardInterrupt:
        return _failed(output, Interrupted("Interrupted; nothing was changed."))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        return _failed(output, _from_os(error))
    except Exception as error:
        return _failed(output, _unexpected(error))
    finally:
        output.close()


def _channels(arguments: Sequence[str]) -> Namespace:
    """Where events go, of a command line that could not be understood."""
    flag = "--events-fd"
    at = arguments.index(flag) + 1 if flag in arguments else len(arguments)
    return Namespace(events_fd=int(arguments[at])) if at < len(arguments) and arguments[at].isdigit() else Namespace()


def _handed_over(output: Output, error: PixiError) -> int | None:
    """What Pixi itself made of a command that needs a source package built: 0, or None where it could not."""
    from .handover import can_hand_over, hand_over

    pixi = can_hand_over(output.arguments, error, os.environ)
    if pixi is None:
        return None
    output.warn(f"{error.message} Pixi itself does it: {pixi}")
    status = hand_over(pixi, output.arguments, quiet_output=output.has_pipe)
    if status:
        error.help = f"`{pixi}` was asked, too, and ended with status {status}."
        return None
    output.result({"kind": "handed-over", "message": "Done by Pixi itself. Restart the kernel to see the change."})
    return 0


def _failed(output: object, error: PixiError) -> int:
    from .output import Output

    assert isinstance(output, Output)
    place = error.place
    output.failed(
        Failed(
            code=error.code,
            text=error.message,
            help=error.help,
            file=str(place.file) if place else None,
            line=place.line if place else None,
            column=place.column if place else None,
        ),
        error,
    )
    return error.exit_code


def _from_os(error: OSError) -> PixiError:
    """An error of the system that no operation foresaw, as a sentence."""
    name = f" {error.filename}" if error.filename else ""
    return PixiError(f"The system refused{name}: {error.strerror or error}.", code="system")


def _unexpected(error: Exception) -> PixiError:
    """A defect of this program: said as one, with the traceback where it is asked for or in a file."""
    import traceback

    text = "".join(traceback.format_exception(error))
    if os.environ.get("JUPYTER_PIXI_DEBUG"):
        sys.stderr.write(text)
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(last[0].filename).name}:{last[0].lineno})" if last else ""
    return PixiError(
        f"Something went wrong inside jupyter-pixi{where}: {type(error).__name__}: {error}",
        help="Set JUPYTER_PIXI_DEBUG=1 and run it again for the details, and report it, please.",
        code="internal",
    )


def _in_utf8() -> None:
    """Begin again in UTF-8 where the locale is another: manifests, paths in prefixes and what is printed are UTF-8."""
    if sys.getfilesystemencoding() != "utf-8":
        again = [sys.executable, "-X", "utf8", "-P", "-m", "jupyter_pixi", *sys.argv[1:]]
        os.execv(sys.executable, again)  # noqa: S606 - this very program


def entry() -> NoReturn:
    """The console scripts: end the process at once with the command's status.

    Without the interpreter's own shutdown: py-rattler's threads may still hand over answers then, which crashes it.
    """
    # Almost all that a command makes stays until its end: looking for cycles after every 700 objects finds nothing.
    gc.set_threshold(_OBJECTS)
    try:
        _in_utf8()
        status = main()
    except KeyboardInterrupt:  # before or after all work
        status = 130
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 1
    os._exit(status)
