"""`%%pixi run -e ENV --export NAME` -> the cell run by another environment's Python, and its variables here.

What the other side sends is data that nobody vouches for. Plain values and tables are read as data; a pickle, which
runs what it holds, only when the user has said `--allow-pickle`. What kind of file is read is decided here.
"""

from __future__ import annotations

import json
import keyword
import os
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple, Sequence

from .errors import PixiError
from .sender import described
from .words import cell_commands, leading_options

if TYPE_CHECKING:
    from .magic import Bridge

SENDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sender.py")
PICKLE = "--allow-pickle"
SAFE_PYARROW = (14, 0, 1)
"""Older ones run code that an Arrow file holds (CVE-2023-47248)."""


class Wanted(NamedTuple):
    """The command without our own flags, the variables to bring back, and whether pickles may be loaded."""

    words: list[str]
    names: list[str]
    may_pickle: bool


def is_asked_for(words: Sequence[str]) -> bool:
    """Whether the words of a cell's first line ask for variables."""
    own = words[1 : 1 + leading_options(words[1:])]
    return any(word == PICKLE or word == "--export" or word.startswith("--export=") for word in own)


def taken(words: Sequence[str]) -> Wanted:
    """Our own flags out of the words. Raises PixiError for a name that no variable has."""
    end = 1 + leading_options(words[1:])
    kept, names = [words[0]], []  # type: tuple[list[str], list[str]]
    own = iter(words[1:end])
    for word in own:
        if word == "--export" or word.startswith("--export="):
            text = next(own, "") if word == "--export" else word.partition("=")[2]
            names += [name.strip() for name in text.split(",")]
        elif word != PICKLE:
            kept.append(word)
    for name in names:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise PixiError(f"`{name}` is no name of a variable", help="write `--export NAME`", status=2)
    if not names:
        raise PixiError(f"{PICKLE} belongs to --export NAME", status=2)
    return Wanted([*kept, *words[end:]], list(dict.fromkeys(names)), PICKLE in words[1:end])


def run(bridge: Bridge, words: Sequence[str], cell: str) -> None:
    """Runs the cell and gives this kernel the variables. Raises PixiError if it fails, or if one cannot come."""
    wanted = taken(words)
    ((command, text),) = cell_commands(wanted.words, cell)
    program = command[1 + leading_options(command[1:]) :]
    name = os.path.basename(program[0]) if program else ""
    if not name.startswith("python") or program[1:] not in ([], ["-"]):
        what = f"not `{' '.join(program)}`" if program else "not a script"
        raise PixiError(f"--export brings variables of Python, {what}", help="leave the program out", status=2)
    with TemporaryDirectory(prefix="jupyter-pixi-export-") as folder:
        bridge.run([*command, *(["-"] if len(program) == 1 else [])], f"{text}{_epilogue(folder, wanted)}")
        values, problems = received(folder, wanted)
    bridge.shell.push(values)
    if values:
        print("Here now: " + ", ".join(f"{name} ({described(value)})" for name, value in values.items()))
    if problems:
        raise PixiError("; ".join(problems), help=_help(problems))


def _epilogue(folder: str, wanted: Wanted) -> str:
    """The line behind the cell's text that sends its variables. It leaves no name behind."""
    call = (
        f"(lambda own: exec(compile(open({SENDER!r}, encoding='utf-8').read(), {SENDER!r}, 'exec'), own)"
        f" or own['send'](globals(), {wanted.names!r}, {folder!r}, {wanted.may_pickle!r}))({{'__name__': 'sender'}})"
    )
    return f"\n{call}\n"


def received(folder: str, wanted: Wanted) -> tuple[dict[str, Any], list[str]]:
    """The variables that came, and a sentence for each that did not."""
    values, problems = {}, []  # type: tuple[dict[str, Any], list[str]]
    for number, name in enumerate(wanted.names):
        stem = os.path.join(folder, str(number))
        try:
            with open(stem + ".json", encoding="utf-8") as stream:
                told = json.load(stream)
        except FileNotFoundError:
            problems.append(f"the cell has no variable `{name}` at its end")
            continue
        except (OSError, ValueError, RecursionError) as error:
            problems.append(f"`{name}` cannot be read: {error}")
            continue
        told = told if isinstance(told, dict) else {}
        try:
            values[name] = _value(told, stem, wanted.may_pickle)
        except _CannotTravel as error:
            problems.append(f"`{name}` ({told.get('type')}) cannot be brought here: {error}")
        except Exception as error:  # what reads data may fail in any way
            problems.append(f"`{name}` ({told.get('type')}) cannot be read: {type(error).__name__}: {error}")
    return values, problems


class _CannotTravel(Exception):
    """A variable that cannot come, with the reason."""


def _value(told: Any, stem: str, may_pickle: bool) -> Any:
    how = told.get("how")
    if how == "plain":
        return _plain(told["value"])
    if how == "arrow":
        return _table(stem + ".arrow", str(told.get("type")))
    if how == "npy":
        try:
            return import_module("numpy").load(stem + ".npy", allow_pickle=False)
        except ImportError:
            raise _CannotTravel("there is no numpy here") from None
    if how == "pickle" and may_pickle:
        import pickle

        with open(stem + ".pickle", "rb") as stream:
            return pickle.load(stream)  # noqa: S301 - the user has said so
    why = told.get("why")
    raise _CannotTravel(why if why else f"it is neither plain data nor a table, and pickles need {PICKLE}")


def _plain(data: Any) -> Any:
    """The value that `sender.plain` wrote. Raises KeyError, TypeError or ValueError for anything else."""
    if isinstance(data, list):
        return [_plain(item) for item in data]
    if not isinstance(data, dict):
        return data
    kind = data["kind"]
    if kind == "bytes":
        return bytes.fromhex(data["hex"])
    if kind == "dict":
        return {_plain(key): _plain(item) for key, item in data["items"]}
    return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](_plain(item) for item in data["items"])


def _table(path: str, kind: str) -> Any:
    """A table by the library it came from if that is here, else by one that is. Raises _CannotTravel without any."""
    libraries = sorted(("polars", "pandas", "pyarrow"), key=lambda name: not kind.startswith(name + "."))
    for name in libraries:
        try:
            found = _read(name, path)
        except ImportError:
            continue
        if kind.endswith(".Series"):
            return found.iloc[:, 0] if name == "pandas" else found[found.columns[0]] if name == "polars" else found
        return found
    raise _CannotTravel("there is no pyarrow and no polars here that could read it")


def _read(library: str, path: str) -> Any:
    """A table as a library has it. Raises ImportError if the library, or what it reads Arrow with, is not here."""
    if library == "polars":
        with open(path, "rb") as stream:  # not mapped: the file is gone soon
            return import_module("polars").read_ipc(stream)
    if library == "pandas":
        import_module("pandas")
    pyarrow = import_module("pyarrow")
    if tuple(int(part) for part in pyarrow.__version__.split(".")[:3] if part.isdigit()) < SAFE_PYARROW:
        raise ImportError("this pyarrow runs code of the files that it reads")
    with import_module("pyarrow.ipc").open_file(path) as reader:
        table = reader.read_all()
    return table.to_pandas() if library == "pandas" else table


def _help(problems: Sequence[str]) -> str:
    if any(PICKLE in problem for problem in problems):
        return f"loading a pickle runs what the other environment put into it: say {PICKLE} if you trust that"
    return "the cell was run; its other variables are here"
