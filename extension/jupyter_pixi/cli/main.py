"""Turns a process's arguments into an operation, its events into text, and its end into an exit status."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ..errors import Interrupted, PixiError
from ..events import Failed


def main(argv: Sequence[str] | None = None) -> int:
    """The command `jupyter pixi` (also `pixi jupyter`, and the engine behind `%pixi`). Returns the exit status.

    0 is success, 1 an error, 2 a wrong command line, 130 an interrupt; `run` returns the child's own.
    """
    from .output import Output

    arguments = list(sys.argv[1:] if argv is None else argv)
    output = Output.plain()
    try:
        from .commands import build
        from .parser import parse

        parser = build(arguments)
        if not arguments:
            parser.print_help(sys.stderr)
            return 2
        namespace = parse(parser, arguments)
        output = Output.of(namespace, arguments)
        namespace.output = output
        status: int = namespace.run(namespace)
        return status
    except PixiError as error:
        return _failed(output, error)
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


def entry() -> NoReturn:
    """The console scripts: end the process at once with the command's status.

    Without the interpreter's own shutdown: py-rattler's threads may still hand over answers then, which crashes it.
    """
    status = main()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 1
    os._exit(status)
