"""Turns a folder into the seconds from JupyterLab's start on it to its first page, with this extension or without."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping
from pathlib import Path

ANSWER_SECONDS = 120
_TOKEN = uuid.uuid4().hex


def seconds_to_page(root: Path, environ: Mapping[str, str], folder: Path, *, extension: bool) -> float:
    """Starts JupyterLab, waits for its page, ends it. Raises TimeoutError, or RuntimeError if it is not as wanted.

    `folder` takes the configuration.
    """
    port = _free_port()
    config = folder / f"config-{extension}"
    config.mkdir(exist_ok=True)
    extensions = {"ServerApp": {"jpserver_extensions": {"jupyter_pixi": extension, "jupyterlab": True}}}
    (config / "jupyter_server_config.json").write_text(json.dumps(extensions))
    argv = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={_TOKEN}"),
        f"--ServerApp.root_dir={root}",
    ]
    url = f"http://127.0.0.1:{port}"
    begin = time.perf_counter()
    process = subprocess.Popen(
        argv,
        cwd=root,
        env=dict(environ) | {"JUPYTER_CONFIG_DIR": str(config)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while _status(f"{url}/lab") != 200:
            if process.poll() is not None or time.perf_counter() - begin > ANSWER_SECONDS:
                raise TimeoutError("JupyterLab does not answer")
            time.sleep(0.005)
        seconds = time.perf_counter() - begin
        if (_status(f"{url}/jupyter-pixi/api/workspaces") == 200) is not extension:
            raise RuntimeError("the extension is not as it was asked for")
        return seconds
    finally:
        process.terminate()
        process.wait()


def _status(url: str) -> int:
    request = urllib.request.Request(url, headers={"Authorization": f"token {_TOKEN}"})  # noqa: S310 - http, see above
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
