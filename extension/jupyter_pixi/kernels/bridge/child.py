"""Arguments, variables and the kernel's document -> an engine process, its output and its events."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import tempfile
from typing import IO, Any, Callable, Iterator, Mapping, NamedTuple, Optional, Sequence


class Ends(NamedTuple):
    """The descriptors that are an engine's: its standard streams, its events, and the caller's document."""

    stdin: int
    stdout: int
    stderr: int
    events: int
    caller: int

    def named_in(self, argv: Sequence[str]) -> list[str]:
        """The words with the descriptors' numbers in the places of `{events}` and `{caller}`."""
        numbers = {"{events}": str(self.events), "{caller}": str(self.caller)}
        return [numbers.get(word, word) for word in argv]


Start = Callable[[Sequence[str], Mapping[str, str], Ends], "subprocess.Popen[bytes]"]
"""What turns arguments, variables and descriptors into an engine in a session of its own. Raises OSError."""


def starter(python: str) -> Start:
    """What starts a new engine with this interpreter."""

    def start(arguments: Sequence[str], environ: Mapping[str, str], ends: Ends) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [python, "-P", "-m", "jupyter_pixi", *ends.named_in(arguments)],
            stdin=ends.stdin,
            stdout=ends.stdout,
            stderr=ends.stderr,
            env=dict(environ),
            pass_fds=(ends.events, ends.caller),
            start_new_session=True,
        )

    return start


class Child:
    """An engine process in a session of its own, its output, its events and the kernel's document for it."""

    def __init__(
        self, start: Start, arguments: Sequence[str], environ: Mapping[str, str], stdin: Optional[str]
    ) -> None:
        """Starts it. `arguments` may hold `{events}` and `{caller}`, which become the descriptors' numbers.

        The child waits for the caller's document: `send` it. Raises OSError if the program is not there.
        """
        self._caller = memoryview(b"")
        self._lines = b""
        self.channels = {}  # type: dict[int, str]
        self._selector = selectors.DefaultSelector()
        theirs = []  # type: list[int]
        try:
            for name in ("stdout", "stderr", "events"):
                ours, end = os.pipe()
                theirs.append(end)
                self.channels[ours] = name
                self._selector.register(ours, selectors.EVENT_READ, name)
            end, self._caller_here = os.pipe()
            theirs.append(end)
            self.channels[self._caller_here] = "caller"
            with _input(stdin) as source:
                self.process = start(arguments, environ, Ends(source.fileno(), *theirs))
        except BaseException:
            for fd in list(self.channels):
                self._close(fd)
            self._selector.close()
            raise
        finally:
            for end in theirs:
                os.close(end)

    def send(self, document: Mapping[str, Any]) -> None:
        """Gives the child the caller's document, as fast as it reads it."""
        self._caller = memoryview(json.dumps(document).encode("utf-8"))
        os.set_blocking(self._caller_here, False)
        self._selector.register(self._caller_here, selectors.EVENT_WRITE, "caller")

    def pump(self, timeout: float) -> Iterator[tuple[str, bytes]]:
        """Waits for at most `timeout` seconds and gives what has come: channel and bytes (empty at its end)."""
        for key, _ in self._selector.select(timeout):
            if key.data == "caller":
                self._send()
                continue
            data = os.read(key.fd, 65536)
            if not data:
                self._close(key.fd)
            yield key.data, data

    def _send(self) -> None:
        try:
            self._caller = self._caller[os.write(self._caller_here, self._caller[:65536]) :]
        except BlockingIOError:
            return
        except OSError:  # the engine does not read it: a command that needs no document
            self._caller = self._caller[:0]
        if not self._caller:
            self._close(self._caller_here)

    def _close(self, fd: int) -> None:
        if self.channels.pop(fd, None):
            if fd in self._selector.get_map():
                self._selector.unregister(fd)
            os.close(fd)

    def events(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The events in the next bytes of the events channel; lines that are none are passed over."""
        *lines, self._lines = (self._lines + data).split(b"\n")
        for line in lines:
            try:
                event = json.loads(line.decode("utf-8"))
            except ValueError:
                continue
            if isinstance(event, dict):
                yield event

    @property
    def reading(self) -> bool:
        """Whether a channel is still open for reading."""
        return any(name != "caller" for name in self.channels.values())

    def signal(self, number: int) -> None:
        """Sends a signal to the child and everything it has started."""
        try:
            os.killpg(self.process.pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def close(self) -> int:
        """Ends the child if it still runs, and gives its exit status (128 + number for a signal)."""
        for number, seconds in ((signal.SIGINT, 5.0), (signal.SIGTERM, 2.0), (signal.SIGKILL, None)):
            if self.process.poll() is not None:
                break
            self.signal(number)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        for fd in list(self.channels):
            self._close(fd)
        self._selector.close()
        status = self.process.wait()
        return status if status >= 0 else 128 - status


def _input(text: Optional[str]) -> IO[bytes]:
    """A file to read `text` from, without a name on disk; nothing to read for None."""
    if text is None:
        return open(os.devnull, "rb")
    stream = tempfile.TemporaryFile()  # noqa: SIM115
    stream.write(text.encode("utf-8"))
    stream.seek(0)
    return stream
