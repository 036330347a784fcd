"""Turns a channel's folder into a server that is slow, or fails, where a test wants it to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from .loopback import Files, loopback


@dataclass
class Server:
    """A loopback server of a folder. Change the fields while it runs."""

    url: str
    stall: str | None = None  # requests whose path contains this wait until `release`
    fail: str | None = None  # requests whose path contains this get 500
    cut: str | None = None  # requests whose path contains this get the first half, and the connection ends
    cuts: int = 1 << 30  # how many of them; the others get the whole
    asked: list[str] = field(default_factory=list)  # the paths requested so far
    stalled: threading.Event = field(default_factory=threading.Event)  # set when a request waits
    release: threading.Event = field(default_factory=threading.Event)


class _Handler(Files):
    control: Server

    def send_response(self, code: int, message: str | None = None) -> None:
        """A 304 names its file's state, without which py-rattler takes it for an error."""
        super().send_response(code, message)
        if code == HTTPStatus.NOT_MODIFIED:
            self.send_header("Last-Modified", self.headers["If-Modified-Since"])

    def do_GET(self) -> None:
        """The file, unless the control says otherwise."""
        self.control.asked.append(self.path)
        if self.control.stall and self.control.stall in self.path:
            self.control.stalled.set()
            self.control.release.wait(60)
        if self.control.fail and self.control.fail in self.path:
            self.send_error(500)
            return
        try:
            if self.control.cut and self.control.cut in self.path and self.control.cuts:
                self.control.cuts -= 1
                self._half()
            else:
                super().do_GET()
        except OSError:
            self.close_connection = True

    def _half(self) -> None:
        """Promises the whole file, sends half of it, and hangs up."""
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.close_connection = True


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """Serves the folder until left."""
    control = Server("")
    with loopback(_Handler, control=control, folder=folder) as control.url:
        try:
            yield control
        finally:
            control.release.set()
