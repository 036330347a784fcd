"""Turns `jupyter pixi demo` into an open JupyterLab on the sample workspace, or with `--check` into a verdict."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TextIO

from ..environments.allowed import allowed
from ..environments.model import Channel
from ..errors import InstallError
from ..events import Phase, Progress, Sink, Warn, from_line
from . import check, lab, sample
from .channel import cache_folder, channel
from .python_package import interpreter
from .recipe import DEMO

CONDA_FORGE = "https://conda.anaconda.org/conda-forge"
PROBE_SECONDS = 5.0


@dataclass(frozen=True)
class DemoOptions:
    """What the user asked for."""

    directory: Path | None = None  # of the workspace; None: `jupyter-pixi-demo` here, or a throw-away one to check in
    check: bool = False
    browser: bool = True
    port: int | None = None
    channel: str | None = None  # "conda-forge", "embedded", or None: whichever can be had


def run_demo(options: DemoOptions, sink: Sink, out: TextIO | None = None) -> int:
    """Makes the sample workspace, installs `cpu`, and opens JupyterLab on it until the user ends it.

    With `options.check`, executes the sample's notebook instead. Progress goes to `sink`, what is to be read to `out`
    (stdout). Returns the exit status. Raises PixiError where something cannot be had. Not to be called in a running
    event loop, and only in the main thread.
    """
    out = out or sys.stdout
    with ExitStack() as started:
        started.callback(signal.signal, signal.SIGTERM, signal.signal(signal.SIGTERM, _as_interrupt))
        folder = _folder(options, started)
        for line in sample.write(folder, _content(options, sink, out)):
            print(line, file=out, flush=True)
        _engine(folder, "install", "--environment", "cpu", sink=sink)
        if options.check:
            kernels = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="jupyter-pixi-kernels-")))
            _engine(folder, "kernels", "install", "--prefix", str(kernels), sink=sink)
            return 0 if check.check(folder, kernels, out) else 1
        return _open(folder, options, out)


def conda_forge_answers(seconds: float = PROBE_SECONDS) -> bool:
    """Whether conda-forge can be reached within so many seconds."""
    request = urllib.request.Request(f"{CONDA_FORGE}/noarch/repodata_shards.msgpack.zst", method="HEAD")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _folder(options: DemoOptions, started: ExitStack) -> Path:
    if options.directory is not None:
        return options.directory.absolute()
    if options.check:
        scratch = started.enter_context(tempfile.TemporaryDirectory(prefix="jupyter-pixi-demo-"))
        return Path(scratch).resolve() / "weather"
    here = Path.cwd()
    return (here if os.access(here, os.W_OK) else cache_folder()) / "jupyter-pixi-demo"


def _content(options: DemoOptions, sink: Sink, out: TextIO) -> sample.Content:
    subdir = interpreter().subdir
    if options.channel == "conda-forge" or (options.channel is None and conda_forge_answers()):
        others = ("linux-64", "osx-arm64", "win-64")
        return sample.Content("conda-forge", subdir, others, gpu="pytorch-gpu")
    _refuse_own_channel()
    if options.channel is None:
        print("conda-forge does not answer: using a channel made of packages from PyPI instead.", file=out, flush=True)
    return sample.Content(channel(DEMO, sink).as_uri(), subdir)


def _refuse_own_channel() -> None:
    """Raises Refused, before anything is fetched, where the administrator does not allow the embedded channel."""
    permitted = allowed(os.environ)
    permitted.refuse_index(None, "the demo")
    permitted.refuse_channels([Channel(cache_folder().as_uri(), str(cache_folder()))], "the demo")


def _engine(folder: Path, *argv: str, sink: Sink) -> None:
    """Runs a command of ours on the sample as a child, its events going to `sink`."""
    reader, writer = os.pipe()
    command = [sys.executable, "-P", "-m", "jupyter_pixi", *argv, "--manifest-path", str(folder / "pixi.toml")]
    with os.fdopen(reader, encoding="utf-8") as lines, tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        process = subprocess.Popen(
            [*command, "--events-fd", str(writer)],
            cwd=folder,
            pass_fds=(writer,),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        os.close(writer)
        try:
            failure = _relay(lines, sink)
            process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
        if process.returncode:
            output.seek(0)
            said = output.read().strip()
            raise InstallError(failure or f"`jupyter pixi {' '.join(argv)}` failed:\n{said}")


def _relay(lines: TextIO, sink: Sink) -> str | None:
    """Hands on what is progress. Returns the text of the failure, if the command reports one."""
    failure = None
    for line in lines:
        event = from_line(line)
        if isinstance(event, Phase | Progress | Warn):
            sink(event)
        elif event is not None and event.kind == "failed":
            failure = str(event.to_dict()["text"])
    return failure


def _open(folder: Path, options: DemoOptions, out: TextIO) -> int:
    log = folder / ".pixi" / "demo-jupyterlab.log"
    try:
        with lab.lab(folder, "weather.ipynb", port=options.port, browser=options.browser, log=log) as running:
            print(f"\nJupyterLab runs on {folder}\n\n    {running.url}\n", file=out)
            print("Run the notebook's cells; the second one adds polars. Ctrl-C ends it all.", file=out, flush=True)
            status = running.process.wait()
    except KeyboardInterrupt:
        print("\nStopped.", file=out, flush=True)
        return 0
    if status:
        print(f"JupyterLab ended with status {status}; its log is {log}", file=out, flush=True)
    return 1 if status else 0


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
