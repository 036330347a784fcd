"""Turns a kernel's argv into the seconds from its start to its first answer."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

ANSWER_SECONDS = 60


def seconds_to_answer(argv: Sequence[str], cwd: Path, environ: Mapping[str, str], folder: Path) -> float:
    """Starts the kernel, asks for its info, ends it. `{connection_file}` in argv is filled in.

    The socket tries again every 2 ms: ZeroMQ's own 100 ms would drown what is measured.
    """
    file, connection = write_connection_file(str(folder / "kernel.json"), key=uuid.uuid4().hex.encode())
    session = Session(key=connection["key"].encode())
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    socket.setsockopt(zmq.RECONNECT_IVL, 2)
    socket.setsockopt(zmq.LINGER, 0)
    socket.connect(f"tcp://127.0.0.1:{connection['shell_port']}")
    session.send(socket, "kernel_info_request", {})
    begin = time.perf_counter()
    process = subprocess.Popen(
        [part.replace("{connection_file}", file) for part in argv],
        cwd=cwd,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        if not socket.poll(ANSWER_SECONDS * 1000):
            raise TimeoutError(f"no answer within {ANSWER_SECONDS} s from {list(argv)}")
        return time.perf_counter() - begin
    finally:
        process.kill()
        process.wait()
        context.destroy()
        Path(file).unlink()


def spec(kernels: Path, name: str) -> tuple[list[str], dict[str, str]]:
    """The argv and the variables of an installed kernelspec."""
    data = json.loads((kernels / "share/jupyter/kernels" / name / "kernel.json").read_text())
    return data["argv"], data.get("env", {})
