"""Turns what an operation says into text on stderr, data on stdout, and event lines on the caller's pipe.

stdout carries data only, stderr everything else (as in Pixi); where events go to a pipe, the text for people is
drawn by whoever reads the pipe.
"""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from ..errors import PixiError
from ..events import Event, Failed, Note, Phase, Progress, Result, Started, Warn, to_line
from ..operations.context import Caller, Context, truthy
from .help_text import NOTEBOOK, TERMINAL, called


class Output:
    """Where a command's words go. `sink` takes the events of its operation."""

    def __init__(self, *, quiet: int = 0, color: bool = False, progress: bool = True) -> None:
        self.quiet = quiet
        self.color = color
        self.progress = progress and sys.stderr.isatty()
        self.paints_data = False
        self.arguments: tuple[str, ...] = ()
        self._pipe: TextIO | None = None
        self._line = ""
        self._log: Any = None
        self._warned: set[str] = set()

    @classmethod
    def plain(cls) -> Output:
        """An output before the command line is understood."""
        return cls(color=_wants_color("auto"))

    @classmethod
    def of(cls, arguments: Namespace, argv: Sequence[str]) -> Output:
        """The output that the flags ask for."""
        when = getattr(arguments, "color", None) or os.environ.get("PIXI_COLOR") or "auto"
        self = cls(
            quiet=getattr(arguments, "quiet", 0),
            color=_wants_color(when),
            progress=not (getattr(arguments, "no_progress", False) or truthy(os.environ.get("PIXI_NO_PROGRESS"))),
        )
        self.paints_data = _wants_color(when, sys.stdout)
        self.arguments = _shown(argv)
        fd = getattr(arguments, "events_fd", None)
        if fd is not None:
            self._pipe = os.fdopen(fd, "w", encoding="utf-8", buffering=1)
        return self

    @property
    def has_pipe(self) -> bool:
        """Whether somebody reads the events and draws them."""
        return self._pipe is not None

    # -- events -----------------------------------------------------------------------------------------------

    def sink(self, event: Event) -> None:
        """Take an event of the operation; a warning that was given before is not given again."""
        event = _as_called(event, NOTEBOOK if self.has_pipe else TERMINAL)
        if isinstance(event, Warn):
            if event.text in self._warned:
                return
            self._warned.add(event.text)
        if self._log is not None:  # first: who hears of an operation looks for its file
            self._log.write(_without_secrets(event))
        if self._pipe is not None:
            try:
                self._pipe.write(to_line(event))
            except (BrokenPipeError, ValueError):
                self._pipe = None
                _hush()
        if self._pipe is None:
            self._show(event)

    def start_log(self, log: Any, started: Started) -> None:
        """Keep the operation's events in its file as well (operations/log.py)."""
        self._log = log
        self.sink(started)

    def _show(self, event: Event) -> None:
        if isinstance(event, Warn):
            self.warn(event.text)
        elif isinstance(event, Note):
            self.say(event.text)
        elif isinstance(event, Phase) and self.progress and not self.quiet:
            self._draw(event.title)
        elif isinstance(event, Phase) and event.phase == "wait":
            self.say(f"{event.title} …")  # without a bar, too, one has to know why nothing happens
        elif isinstance(event, Progress) and self.progress and not self.quiet:
            count = f"{event.done}/{event.total}" if event.total else str(event.done)
            self._draw(f"{event.phase} {count} {event.item or ''}")

    def _draw(self, text: str) -> None:
        self._line = text[:100]
        sys.stderr.write(f"\r\x1b[K{self._line}")
        sys.stderr.flush()

    def _clear(self) -> None:
        if self._line:
            sys.stderr.write("\r\x1b[K")
            self._line = ""

    # -- words ------------------------------------------------------------------------------------------------

    def data(self, text: str) -> None:
        """Data for stdout, with its line break."""
        self._clear()
        sys.stdout.write(text + "\n")

    def json(self, value: Any) -> None:
        """One JSON document on stdout, indented as Pixi's are."""
        self.data(json.dumps(value, indent=2, ensure_ascii=False))

    def say(self, text: str) -> None:
        """A line for people on stderr."""
        if not self.quiet and not self.has_pipe:
            self._clear()
            sys.stderr.write(called(text, TERMINAL) + "\n")

    def tree_line(self, line: Any) -> str:
        """A line of `tree`, painted as Pixi does: direct names green, conda versions yellow, PyPI versions blue."""
        if not self.paints_data:
            return str(line)
        name = f"\x1b[1;32m{line.name}\x1b[0m" if line.direct else line.name
        version = f"\x1b[{'34' if line.kind == 'pypi' else '33'}m{line.version}\x1b[0m"
        extras = f"\x1b[36m(extra: {', '.join(line.extras)})\x1b[0m" if line.extras else ""
        return f"{line.lead}{name} {version} {extras}{' (*)' if line.again else ''}"

    def dim(self, text: str) -> str:
        """A name in data that does not count here, such as an environment that cannot run on this machine."""
        return self.painted_data("2", text)

    def painted_data(self, code: str, text: str) -> str:
        """A part of the data in a colour or weight (an SGR code), where stdout is painted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.paints_data and text.strip() else text

    def titled(self, text: str) -> str:
        """Data in sections: their titles (above a rule) and labels in bold."""
        text = re.sub(r"^(.+)\n(?=-{5,}$)", lambda m: self.painted_data("1;36", m[1]) + "\n", text, flags=re.M)
        return re.sub(r"^( *[A-Z][\w -]*)(?=: )", lambda m: self.painted_data("1", m[1]), text, flags=re.M)

    def success(self, text: str) -> None:
        """A line that says what was done, with Pixi's check mark."""
        self.say(self._painted("32", "✔") + f" {text}")

    def warn(self, text: str) -> None:
        """A warning on stderr."""
        if self.quiet < 2 and not self.has_pipe:
            self._clear()
            sys.stderr.write(self._painted("33", " WARN") + f" {called(text, TERMINAL)}\n")

    def result(self, data: dict[str, Any]) -> None:
        """The end of an operation that succeeded."""
        self.sink(Result(data=data))

    def failed(self, event: Failed, error: PixiError) -> None:
        """The end of an operation that failed: an event, and the sentence on stderr unless the reader draws it."""
        self._clear()
        self.sink(event)
        if not self.has_pipe:
            mark = self._painted("31", "×")
            error.help = called(error.help or "", TERMINAL) or None
            lines = error.text().split("\n")
            sys.stderr.write(f"Error:   {mark} {lines[0]}\n" + "".join(f"{line}\n" for line in lines[1:]))

    def close(self) -> None:
        """End the pipe and the operation's file."""
        self._clear()
        for stream in (self._pipe, self._log):
            if stream is not None:
                try:
                    stream.close()
                except OSError:
                    pass
        self._pipe = self._log = None

    def _painted(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color else text


def _hush() -> None:
    """Say nothing any more: whoever read the events has gone (a server that was stopped), and with it what reads
    the standard streams. The work goes on, and its file tells of it."""
    null = os.open(os.devnull, os.O_WRONLY)
    for fd in (1, 2):
        os.dup2(null, fd)
    os.close(null)


def _as_called(event: Event, program: str) -> Event:
    """The event with its commands as they are called where it is read; what failed keeps Pixi's words."""
    if isinstance(event, Warn | Note):
        return replace(event, text=called(event.text, program))
    if isinstance(event, Failed):
        return replace(event, help=called(event.help or "", program) or None)
    return event


def _without_secrets(event: Event) -> Event:
    """The event as it may be written to disk: what activation scripts computed may hold secrets."""
    if isinstance(event, Result) and event.data.get("activation"):
        return Result(data={**event.data, "activation": None}, time=event.time)
    return event


def context_of(arguments: Namespace) -> Context:
    """The context that the flags and the environment of a command give, its events going to the command's output."""
    output: Output = arguments.output
    manifest = getattr(arguments, "manifest_path", None)
    environ = dict(os.environ)
    if getattr(arguments, "offline", None) is False:
        environ["PIXI_OFFLINE"] = "false"
    environ |= dict(getattr(arguments, "variables", None) or ())
    path = Path(manifest) if manifest else None
    caller = _caller(arguments)
    name = getattr(arguments, "workspace", None)
    if name:
        from ..operations.editing.registry import manifest_of

        path = manifest_of(name, environ)
    context = Context(
        environ=environ,
        sink=output.sink,
        manifest_path=path,
        caller=None if _is_elsewhere(caller, path) else caller,
        command=_typed(output.arguments, caller),
        frozen=getattr(arguments, "frozen", False),
        locked=getattr(arguments, "locked", False),
        no_install=getattr(arguments, "no_install", False),
        offline=getattr(arguments, "offline", False),
        script=Path(arguments.script) if getattr(arguments, "script", None) else None,
        settings="\n".join(getattr(arguments, "settings", None) or ()),
    )
    return context.with_variables()


def _is_elsewhere(caller: Caller | None, manifest: Path | None) -> bool:
    """Whether a command from a kernel is for another workspace than the kernel's: then nothing loaded is concerned."""
    if caller is None or manifest is None or not caller.manifest:
        return False
    from ..manifest.discover import manifest_in

    named = manifest_in(manifest) if manifest.is_dir() else manifest
    return named is not None and os.path.realpath(caller.manifest) != os.path.realpath(named)


def _caller(arguments: Namespace) -> Caller | None:
    fd = getattr(arguments, "caller_fd", None)
    if fd is None:
        return None
    with os.fdopen(fd, encoding="utf-8", errors="replace") as stream:
        return Caller.from_json(stream.read())


def _typed(words: tuple[str, ...], caller: Caller | None) -> tuple[str, ...]:
    """The command as the user typed it: a kernel names its manifest by itself."""
    if caller is not None and caller.manifest in words and words[words.index(caller.manifest) - 1] == "--manifest-path":
        at = words.index(caller.manifest)
        return (*words[: at - 1], *words[at + 1 :])
    return words


def _wants_color(when: str, stream: TextIO | None = None) -> bool:
    """Whether a stream (stderr, if none is given) is painted."""
    if when in ("always", "never"):
        return when == "always"
    terminal = (stream or sys.stderr).isatty()
    return not os.environ.get("NO_COLOR") and (terminal or bool(os.environ.get("CLICOLOR_FORCE")))


def _shown(argv: Sequence[str]) -> tuple[str, ...]:
    """The command line without the flags that are between this program's own processes."""
    out: list[str] = []
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in ("--events-fd", "--caller-fd"):
            skip = True
        elif not word.startswith(("--events-fd=", "--caller-fd=")):
            out.append(word)
    return tuple(out)
