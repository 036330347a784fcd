"""Turns a folder into an open JupyterLab: starts the server as a child, waits for its address, ends it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import PixiError

START_SECONDS = 60.0
END_SECONDS = 10.0


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab."""

    url: str  # of the notebook, with the token
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def lab(folder: Path, notebook: str, *, port: int | None, browser: bool, log: Path) -> Iterator[Lab]:
    """JupyterLab on loopback, rooted in `folder`, with `notebook` open; ended, with its kernels, when left.

    Takes the folder, the notebook's path in it, the port (None: the first free one from 8888), whether Jupyter opens
    a browser, and the file for the server's log. Raises PixiError if the server does not come up.
    """
    command = [
        *(sys.executable, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1"),
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{notebook}",
        *([f"--ServerApp.port={port}", "--ServerApp.port_retries=0"] if port is not None else []),
        *([] if browser else ["--no-browser"]),
        # A container's only user is often root; the server listens on loopback and asks for its token.
        *(["--allow-root"] if os.name == "posix" and os.geteuid() == 0 else []),
    ]
    with log.open("wb") as output:
        # A session of its own: Ctrl-C reaches this process only, which then ends the server in its own way.
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield Lab(_address(process, notebook, log), process)
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a server and its kernels: asks first, and after ten seconds no longer."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _address(process: subprocess.Popen[bytes], notebook: str, log: Path) -> str:
    """The notebook's URL, once the server answers: its runtime file says port and token."""
    from jupyter_core.paths import jupyter_runtime_dir

    file = Path(jupyter_runtime_dir()) / f"jpserver-{process.pid}.json"
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError, ValueError, KeyError):
            server = json.loads(file.read_text("utf-8"))
            with urllib.request.urlopen(f"{server['url']}api", timeout=5):  # noqa: S310
                return f"{server['url']}lab/tree/{notebook}?token={server['token']}"
        time.sleep(0.1)
    last = log.read_text("utf-8", "replace").strip().splitlines()[-5:]
    raise PixiError(
        "JupyterLab did not start. The end of its log:\n" + "\n".join(f"  {line}" for line in last),
        help=f"The whole log is {log}. Is the port taken? Choose another with --port.",
    )
