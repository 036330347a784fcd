"""Turns a folder of many workspaces into how long a Jupyter server's event loop stands still while it looks at them.

`python benchmarks/scanning.py [--workspaces N]` prints it. (`measure` is the function to call from elsewhere.)
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TICK = 0.001  # seconds between two beats of the loop
LIMIT = 0.05
"""Seconds for which the loop may stand still at most."""

_TIMEOUT = 300
_MANIFEST = """\
[workspace]
name = "w{number}"
channels = ["https://conda.example.org/channel"]
platforms = ["linux-64", "osx-arm64"]

[dependencies]
python = "*"
ipykernel = "*"

[feature.more.dependencies]
numpy = "*"

[environments]
more = ["more"]
"""
_LOCK_HEAD = """\
version: 7
platforms:
- name: linux-64
  virtual-packages:
  - __unix=0=0
  - __linux=4.18
  - __glibc=2.28
environments:
  default:
    channels:
    - url: https://conda.example.org/channel/
    packages:
      linux-64:
"""


@dataclass(frozen=True)
class Pauses:
    """The longest pauses of a server's loop: while it scanned, while it only waited; and how long the scan took.

    `asked` is the longest one while all workspaces were told by REST. All in seconds.
    """

    scanning: float
    idle: float
    asked: float
    took: float
    found: int

    @property
    def kept(self) -> bool:
        """Whether nothing took longer than the limit."""
        return max(self.scanning, self.asked) <= LIMIT


def make(root: Path, workspaces: int, packages: int = 0) -> None:
    """Make the workspaces, a hundred to a folder; the first of them with a lock of so many packages."""
    for number in range(workspaces):
        folder = root / f"group{number // 100}" / f"w{number}"
        folder.mkdir(parents=True)
        (folder / "pixi.toml").write_text(_MANIFEST.replace("{number}", str(number)))
    if packages:
        (root / "group0" / "w0" / "pixi.lock").write_text(_lock(packages))


def _lock(packages: int) -> str:
    rows = [f"https://conda.example.org/channel/linux-64/package-{n}-1.0-h0_0.conda" for n in range(packages)]
    wanted = "".join(f"      - conda: {row}\n" for row in rows)
    told = "".join(
        f"- conda: {row}\n  sha256: {n:064x}\n  md5: {n:032x}\n  depends:\n  - python >=3\n  size: {n}\n"
        for n, row in enumerate(rows)
    )
    return f"{_LOCK_HEAD}{wanted}packages:\n{told}"


def measure(root: Path, environ: Mapping[str, str]) -> Pauses:
    """Start a server on `root` in a process of its own and watch its loop. Raises CalledProcessError."""
    done = subprocess.run(
        [sys.executable, __file__, "--serve", str(root)],
        env=dict(environ),
        check=True,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        timeout=_TIMEOUT,
    )
    return Pauses(**json.loads(done.stdout))


def serve(root: Path) -> Pauses:
    """The server and the watch, in this process."""
    from jupyter_server.serverapp import ServerApp

    app: Any = ServerApp(
        root_dir=str(root),
        jpserver_extensions={"jupyter_pixi": True},
        open_browser=False,
        allow_root=True,
        ip="127.0.0.1",
        port=0,
        log_level="ERROR",
    )
    app.initialize(argv=[])
    found: list[Pauses] = []

    async def watch() -> None:
        try:
            found.append(await _watch(app))
        finally:
            app.stop()

    app.io_loop.add_callback(watch)
    app.start()
    return found[0]


async def _watch(app: Any) -> Pauses:
    """Beat until everything is found, then while all of it is asked for, then while nothing happens."""
    import asyncio

    from tornado.httpclient import AsyncHTTPClient

    extension = next(one for one in app.extension_manager.extension_apps["jupyter_pixi"])
    begin = time.perf_counter()
    scanning = await _longest(lambda: not extension.snapshot.complete)
    took = time.perf_counter() - begin
    url = f"{app.connection_url}jupyter-pixi/api/workspaces?token={app.identity_provider.token}"
    asking = asyncio.ensure_future(AsyncHTTPClient().fetch(url, request_timeout=60))
    asked = await _longest(lambda: not asking.done())
    count = len(json.loads((await asking).body)["workspaces"])
    await asyncio.sleep(1)
    end = time.perf_counter() + 2
    idle = await _longest(lambda: time.perf_counter() < end)
    return Pauses(scanning, idle, asked, took, count)


async def _longest(going_on: Callable[[], bool]) -> float:
    """The longest pause in which this process was at work: one that other processes' work made does not count."""
    import asyncio

    longest = 0.0
    while going_on():
        before, worked = time.perf_counter(), time.process_time()
        await asyncio.sleep(TICK)
        waited = time.perf_counter() - before - TICK
        longest = max(longest, min(waited, time.process_time() - worked))
    return longest


def main() -> int:
    """Parses the command line, measures, prints; exit status 1 if the aim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspaces", type=int, default=1000)
    parser.add_argument("--packages", type=int, default=30_000, help="in the lock of one of them (10 MB)")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        print(json.dumps(serve(options.serve).__dict__))
        return 0
    with tempfile.TemporaryDirectory(prefix="scanning-") as name:
        folder = Path(name).resolve()
        make(folder / "root", options.workspaces, options.packages)
        private = {key: str(folder / "home" / key.lower()) for key in ("HOME", "JUPYTER_RUNTIME_DIR", "PIXI_HOME")}
        pauses = measure(folder / "root", os.environ | private)
    print(f"{pauses.found} workspaces in {pauses.took:.1f} s; longest pause of the event loop: while scanning "
          f"{pauses.scanning * 1000:.0f} ms, while they were told {pauses.asked * 1000:.0f} ms, idle "
          f"{pauses.idle * 1000:.0f} ms (aim: at most {LIMIT * 1000:.0f} ms)")  # fmt: skip
    return 0 if pauses.kept else 1


if __name__ == "__main__":
    sys.exit(main())
