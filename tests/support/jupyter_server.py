"""Turns a folder into a running Jupyter server with this package's extension, on loopback with a token."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupyter_pixi

from .homes import Home

TOKEN = "a-token-for-tests"
BUILT = Path(jupyter_pixi.__file__).parent / "labextension"


@dataclass(frozen=True)
class Running:
    """A server: its URL with a trailing slash, its root folder, its log, and whose home it lives in."""

    url: str
    root: Path
    log: Path
    home: Home

    def get(self, path: str, token: str | None = TOKEN) -> Any:
        """The JSON document at a path. Raises HTTPError."""
        headers = {"Authorization": f"token {token}"} if token else {}
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, document: Any) -> Any:
        """The JSON answer to a JSON document."""
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        data = json.dumps(document).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def status(self, path: str, token: str | None = TOKEN, method: str = "GET") -> int:
        """The HTTP status of a request."""
        headers = {"Authorization": f"token {token}"} if token else {}
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def kernelspecs(self) -> dict[str, Any]:
        """What the server lists, by name."""
        found: dict[str, Any] = self.get("api/kernelspecs")["kernelspecs"]
        return found


@contextmanager
def jupyter_server(
    root: Path,
    home: Home,
    *arguments: str,
    app: Sequence[str] = ("jupyterlab",),
    env: Mapping[str, str] | None = None,
    base_url: str = "/",
    python: str = sys.executable,
    installed: Sequence[str | Path] = (),
) -> Iterator[Running]:
    """A server of `root` until left. `app` is the module to run and its sub-commands, `base_url` what a hub gives.

    `python` is the interpreter of an environment that has Jupyter and this package. With `installed`, the words that
    start a JupyterLab, nothing is laid out for the extensions: they are found as they are installed, or not.
    """
    port = _free_port()
    if not installed:
        _offer_front_end(home)
    settings = home.path / ".jupyter/lab/user-settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    # A question whether to fetch news covers part of the page.
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    name = {"jupyterlab": "LabApp", "notebook": "JupyterNotebookApp"}.get(app[0])
    lab = (f"--{name}.expose_app_in_browser=True",)
    command = [
        *(installed or (python, "-P", "-m", *app)),
        *("--no-browser", "--allow-root"),
        *(f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1"),
        *(f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}"),
        f"--ServerApp.base_url={base_url}",
        *(() if installed else ("--ServerApp.jpserver_extensions={'jupyter_pixi': True}",)),
        *(lab if name else ()),
        *arguments,
    ]
    log = home.path / f"server-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=root, env=home.environ | dict(env or {}), stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
    running = Running(f"http://127.0.0.1:{port}{base_url}", root, log, home)
    try:
        _wait(running, process)
        yield running
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _offer_front_end(home: Home) -> None:
    """Put the checkout's front end where a JupyterLab of that home looks."""
    extensions = home.kernels / "share/jupyter/labextensions"  # on JUPYTER_PATH
    extensions.mkdir(parents=True, exist_ok=True)
    link = extensions / "jupyter-pixi"
    if BUILT.is_dir() and not link.is_symlink():
        link.symlink_to(BUILT)


@contextmanager
def events(running: Running) -> Iterator[queue.Queue[dict[str, Any]]]:
    """What comes over the server's event bus, as a browser hears it."""
    from websocket import create_connection

    address = running.url.replace("http", "ws", 1) + f"api/events/subscribe?token={TOKEN}"
    socket = create_connection(address, timeout=30)
    heard: queue.Queue[dict[str, Any]] = queue.Queue()

    def listen() -> None:
        try:
            while True:
                heard.put(json.loads(socket.recv()))
        except Exception:
            return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        socket.close()
        thread.join(5)


def next_of(heard: queue.Queue[dict[str, Any]], schema: str, seconds: float = 5) -> dict[str, Any]:
    """The next event of a schema. Raises queue.Empty where none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        event = heard.get(timeout=max(0.01, deadline - time.monotonic()))
        if event["schema_id"] == schema:
            return event


def _wait(running: Running, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            running.get("api/status")
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{running.log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
