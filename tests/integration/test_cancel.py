"""The stop button in a real kernel ends an operation at once, leaves all as it was, and a repeat finishes the work."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time

import pytest
from jupyter_pixi.demo import package
from rattler.index import index_fs
from support.killing import wrong
from support.workspaces import PLAIN

HOLD = (
    "import fcntl, sys; file = open(sys.argv[1], 'r+'); fcntl.flock(file, fcntl.LOCK_EX); print(1, flush=True); input()"
)


@pytest.fixture
def far(installed, slow_channel, notebook):
    """A kernel of a workspace whose channel is on a slow server, `(workspace, kernel, server)`."""
    workspace = installed(PLAIN, channel=slow_channel.url)
    return workspace, notebook(workspace), slow_channel


def stop(kernel, message: str) -> None:
    """Presses stop, and wants the cell to end within two seconds (more where others use the machine)."""
    time.sleep(0.3)  # an interrupt in the middle of ipykernel's own writing is lost
    begin = time.monotonic()
    kernel.manager.interrupt_kernel()
    outcome = kernel.wait(message, 30)
    assert time.monotonic() - begin < 2 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert outcome.status == "error" and outcome.error["ename"] in ("PixiInterrupted", "KeyboardInterrupt")


@pytest.mark.parametrize("at", [pytest.param("repodata", marks=pytest.mark.full), "native-1.1"])
def test_while_it_solves_or_downloads(far, at):
    workspace, kernel, server = far
    before = workspace.state()
    if at == "repodata":
        shutil.rmtree(workspace.home.environ["PIXI_CACHE_DIR"] + "/repodata")
    server.stall = at
    message = kernel.send("%pixi add native")
    assert server.stalled.wait(60)
    stop(kernel, message)
    assert workspace.state() == before
    server.stall = None
    server.release.set()
    again = kernel.run("%pixi add native")
    assert again.status == "ok", again.text
    assert wrong(workspace) == [] and list(workspace.prefix().glob("conda-meta/native-1.1-*"))


@pytest.mark.full
def test_while_another_program_installs(far):
    workspace, kernel, _ = far
    before = workspace.state()
    file = workspace.prefix() / "conda-meta/.pixi-environment-fingerprint"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline()
        message = kernel.send("%pixi add native")
        while True:
            content = kernel.client.get_iopub_msg(timeout=60)["content"]
            if "Waiting for another install of 'default'" in str(content.get("data")):
                break
        stop(kernel, message)
        assert workspace.state() == before
    finally:
        holder.communicate("\n")
    assert kernel.run("%pixi add native").status == "ok"
    assert wrong(workspace) == []


@pytest.mark.full
def test_while_it_links(installed, notebook, tmp_path):
    files = tuple(package.File(f"share/many/{n % 100}/{n}.txt", f"{n}\n".encode()) for n in range(20_000))
    package.write(package.Package("many", "1.0", "noarch", noarch="generic", files=files), tmp_path)
    asyncio.run(index_fs(tmp_path))
    workspace = installed(PLAIN.replace('["{channel}"]', f'["{{channel}}", "{tmp_path.as_uri()}"]'))
    kernel = notebook(workspace)
    before = workspace.state()
    message = kernel.send("%pixi add many")
    begun = workspace.prefix() / "share/many"
    end = time.monotonic() + 60
    while not begun.is_dir() and time.monotonic() < end:
        time.sleep(0.005)
    assert begun.is_dir()
    begin = time.monotonic()
    kernel.manager.interrupt_kernel()
    outcome = kernel.wait(message, 60)
    assert time.monotonic() - begin < 2 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert outcome.status == "error"
    assert workspace.state() == before
    workspace.do("install")  # what the two seconds were too short for
    assert not begun.exists() and wrong(workspace) == []
    again = kernel.run("%pixi add many")
    assert again.status == "ok", again.text
    assert sum(1 for _ in begun.glob("*/*")) == len(files)
