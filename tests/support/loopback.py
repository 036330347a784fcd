"""A request handler -> an HTTP server on loopback, which is quiet, and gone as soon as its test is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOOK = 0.01
"""Seconds after which the server notices that it is to end; the standard library's half second is lost in each test."""


class Quiet(BaseHTTPRequestHandler):
    """A handler that logs nothing: the terminal belongs to the test run."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


class Files(Quiet, SimpleHTTPRequestHandler):
    """The files of a folder, over connections that stay."""

    protocol_version = "HTTP/1.1"
    folder: Path

    def __init__(self, *args) -> None:
        super().__init__(*args, directory=str(self.folder))


@contextmanager
def loopback(handler: type[BaseHTTPRequestHandler], **shared: object) -> Iterator[str]:
    """Serves until left; gives the URL. What is `shared` are attributes of every handler."""
    own = type(handler.__name__, (handler,), shared)
    with ThreadingHTTPServer(("127.0.0.1", 0), own) as http:
        http.daemon_threads = True
        thread = threading.Thread(target=http.serve_forever, args=(LOOK,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{http.server_port}"
        finally:
            http.shutdown()
            thread.join()
