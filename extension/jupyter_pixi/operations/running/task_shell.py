"""Turns a command into a running process: the program itself for plain words, a shell for shell text.

Pixi's task shell is deno's, the same on every system. Where a `deno` is found (the extra `tasks` brings one) it runs
the text; else the system's POSIX shell does (docs/conformance.md says what differs). The child is in our process
group, so what stops us reaches it; it alone decides what an interrupt means, as in Pixi.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from ...errors import PixiError
from .task_text import Script, lone_text, with_variables

NOT_FOUND = 127
_SHELL_ONLY = frozenset({"cd", "exit", "export", "unset", "set", "shopt"})
_BUILT_IN = frozenset({"cat", "cp", "head", "mkdir", "mv", "pwd", "rm", "sleep", "true", "false", "xargs"})
"""Commands of deno's shell that it has without a program of that name."""

_SHELLS_OWN = _SHELL_ONLY | {
    "echo",
    "printf",
    "pwd",
    "test",
    "true",
    "false",
    "kill",
    "read",
    "time",
    "type",
    "umask",
    "wait",
}
"""Commands that a POSIX shell has itself, though there may be programs of these names."""

_DENO_CONFIG = Path(__file__).with_name("deno.json")
"""An empty configuration: one that is found above the working directory would be read, and may be broken."""


def deno(environ: Mapping[str, str]) -> str | None:
    """The `deno` beside this interpreter (the extra `tasks`), or on PATH; None if there is none."""
    if environ.get("JUPYTER_PIXI_TASK_SHELL") == "sh":
        return None
    beside = Path(sys.executable).with_name("deno.exe" if os.name == "nt" else "deno")
    return str(beside) if beside.is_file() else shutil.which("deno", path=environ.get("PATH"))


def shell_argv(text: str, cwd: Path, outside: Mapping[str, str]) -> list[str]:
    """The command that runs shell text in `cwd`. `outside` are the variables before activation. Raises PixiError."""
    found = deno(outside)
    if found is not None:
        kept = "" if "npm_config_user_agent" in outside else "unset npm_config_user_agent; "
        options = ["--quiet", "--config", str(_DENO_CONFIG), "--cwd", str(cwd), "--eval"]
        return [found, "task", *options, kept + text if kept else " " + text]
    shell = "/bin/sh" if os.access("/bin/sh", os.X_OK) else shutil.which("sh", path=os.defpath)
    if shell is None:
        raise PixiError(
            "There is no shell on this system that could run a task.",
            help="Install the one that Pixi uses: `pip install 'jupyter-pixi[tasks]'`.",
            code="no-shell",
        )
    return [shell, "-c", text]


def program(name: str, environ: Mapping[str, str], cwd: Path) -> str | None:
    """The path of a program as a shell finds it: along PATH, or from `cwd` if its name holds a separator."""
    if os.sep in name or (os.altsep and os.altsep in name):
        path = str(cwd / name)
        return path if os.access(path, os.X_OK) and not Path(path).is_dir() else None
    if os.name == "nt":
        return shutil.which(name, path=environ.get("PATH"))
    for folder in environ.get("PATH", "").split(os.pathsep):
        candidate = cwd / folder / name
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate)
    return None


def run_text(
    script: Script, cwd: Path, environ: Mapping[str, str], outside: Mapping[str, str], *, last: bool = False
) -> int:
    """Run shell text to its end; its exit status. With `last` this process becomes the shell, where it can."""
    argv = shell_argv(with_variables(script), cwd, outside)
    if argv[1:] == ["-c", script.text] and _is_one_program(script.text, cwd, environ):
        argv[2] = f"exec {script.text}"
    if last and os.name == "posix":
        _become(argv, argv[0], cwd, environ)
    return run_argv(argv, cwd, environ)


def _is_one_program(text: str, cwd: Path, environ: Mapping[str, str]) -> bool:
    """Whether shell text is one program with plain words. The shell may then become it, so that signals reach it."""
    words = text.split()
    plain = re.fullmatch(r"[\w@%+=:,./ \t-]+", text) is not None and "=" not in words[0]
    return plain and words[0] not in _SHELLS_OWN and program(words[0], environ, cwd) is not None


def run_words(
    words: Sequence[str], cwd: Path, environ: Mapping[str, str], outside: Mapping[str, str], *, last: bool = False
) -> int:
    """Run a command whose words are taken literally; its exit status, 127 (and a sentence) if there is no such one.

    With `last` nothing is left to do afterwards, and this process becomes the command where the system can do that.
    """
    name = words[0]
    if name == "echo":  # deno's has no options, so that it says the same on every system
        _say(" ".join(words[1:]))
        return 0
    found = None if name in _SHELL_ONLY else program(name, environ, cwd)
    if found is None:
        if name in _SHELL_ONLY or name in _BUILT_IN:
            return run_text(Script(lone_text(words), ""), cwd, environ, outside)
        sys.stderr.write(f"{name}: command not found\n")
        return NOT_FOUND
    if last and os.name == "posix":
        _become([found, *words[1:]], words[0], cwd, environ)
    return run_argv([found, *words[1:]], cwd, environ)


def _say(text: str) -> None:
    sys.stdout.flush()
    data = os.fsencode(text + "\n")
    while data:
        data = data[os.write(1, data) :]


def _become(argv: Sequence[str], name: str, cwd: Path, environ: Mapping[str, str]) -> None:
    """Become the program; returns only if the system refuses to run the file by itself (a script without `#!`)."""
    sys.stdout.flush()
    sys.stderr.flush()
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    here = Path.cwd()
    try:
        os.chdir(cwd)
        os.execve(argv[0], [name, *argv[1:]], dict(environ))  # noqa: S606
    except OSError:
        os.chdir(here)
        signal.signal(signal.SIGINT, before)


def run_argv(argv: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> int:
    """Run a program to its end, its streams ours; its exit status (128 + number where a signal ended it)."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        with _waiting() as children:
            child = subprocess.Popen(argv, cwd=cwd, env=dict(environ), restore_signals=True)
            children.append(child)
            status = child.wait()
    except OSError as error:
        if error.errno == 8:  # ENOEXEC: a script without `#!`; shells run it themselves
            return run_argv(["/bin/sh", *argv], cwd, environ)
        raise PixiError(f"'{argv[0]}' cannot be run: {error.strerror or error}", code="cannot-run-program") from None
    return status if status >= 0 else 128 - status


@contextmanager
def _waiting() -> Iterator[list[subprocess.Popen[bytes]]]:
    """While a child runs: an interrupt is the child's own affair (it gets it too), an order to end is passed on."""
    children: list[subprocess.Popen[bytes]] = []

    def leave_it(number: int, frame: FrameType | None) -> None:
        """The child is in our process group, and has got the signal itself."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        for child in children:
            child.send_signal(number)

    handlers = {signal.SIGINT: leave_it, signal.SIGTERM: pass_on}
    if hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = pass_on
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield children
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
