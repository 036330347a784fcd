"""Networks that break off, archives that are none, clocks that jump, and Pixi at work on the same prefix."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from support.killing import SMALL, wrong
from support.servers import server

CLOCK = "import sys, time; jump = float(sys.argv.pop(1)); real = time.time; time.time = lambda: real() + jump; "
CLOCK += "from jupyter_pixi.cli.main import entry; sys.exit(entry())"
YEARS = 10 * 365 * 86400.0

HOLD = """\
import fcntl, sys, time
file = open(sys.argv[1], "r+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def remote(workspace, test_channel_folder, tmp_path, isolated_home):
    """An installed workspace whose channel is a copy behind a server, `(workspace, server, folder)`."""
    folder = tmp_path / "channel"
    shutil.copytree(test_channel_folder, folder)
    cache = str(tmp_path / "cache")
    isolated_home.environ.update(PIXI_CACHE_DIR=cache, RATTLER_CACHE_DIR=cache)
    with server(folder) as running:
        made = workspace(SMALL, channel=running.url)
        made.do("install")
        yield made, running, folder


def test_a_body_that_breaks_off(remote):
    made, running, _ = remote
    before = made.state()
    running.cut = "native-1.1"
    done = made.run("add", "native")
    assert done.returncode == 1
    assert "native 1.1 could not be downloaded" in done.stderr and "end of file" in done.stderr
    assert "Manifest and lock file are as they were before." in done.stderr
    assert made.state() == before and wrong(made) == []
    assert len([path for path in running.asked if "native-1.1" in path]) > 1, "it was tried again"
    running.cuts = 1
    made.do("add", "native")  # the second try of the same command has it
    assert wrong(made) == []


@pytest.mark.full
def test_repodata_that_breaks_off(remote, tmp_path):
    made, running, _ = remote
    before = made.state()
    shutil.rmtree(tmp_path / "cache/repodata")
    running.cut = "repodata"
    done = made.run("add", "greeter")
    assert done.returncode == 1 and "cannot be reached" in done.stderr and "check the network" in done.stderr
    assert made.state() == before and wrong(made) == []


@pytest.mark.full
def test_an_archive_that_is_none(remote):
    """The digest is right, and yet what the channel has cannot be unpacked."""
    made, _, folder = remote
    archive = next(folder.glob("*/native-1.1-*.conda"))
    archive.write_bytes(b"this is no archive" * 40)
    for path in {*archive.parent.glob("repodata*.zst"), *archive.parent.glob("*shard*")}:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    index = archive.parent / "repodata.json"
    document = json.loads(index.read_text())
    row = document["packages.conda"][archive.name]
    row["sha256"], row["size"] = hashlib.sha256(archive.read_bytes()).hexdigest(), archive.stat().st_size
    row.pop("md5", None)
    index.write_text(json.dumps(document))
    shutil.rmtree(made.home.environ["PIXI_CACHE_DIR"] + "/repodata")
    before = made.state()
    done = made.run("add", "native")
    assert done.returncode == 1
    assert "The archive of native 1.1" in done.stderr and "cannot be unpacked" in done.stderr
    assert "The file may be damaged" in done.stderr
    assert "Manifest and lock file are as they were before." in done.stderr
    assert made.state() == before and wrong(made) == []


def at(made, jump: float, *argv: str) -> str:
    """A command on a machine whose clock is `jump` seconds off."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", CLOCK, str(jump), *argv],
        cwd=made.root,
        env=made.home.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_clocks_that_jump(workspace):
    made = workspace(SMALL)
    at(made, YEARS, "install")
    first = made.state()
    at(made, -YEARS, "add", "native")
    second = made.state()
    at(made, YEARS, "add", "greeter")
    at(made, -2 * YEARS, "undo")
    assert made.state() == second
    assert [row["command"][0] for row in made.json("history")] == ["install", "add", "add", "undo"]
    for stamp in (0.0, time.time() + YEARS):
        for path in (made.manifest, made.lock, *made.prefix().rglob("*")):
            os.utime(path, (stamp, stamp), follow_symlinks=False)
        assert json.loads(at(made, -YEARS, "install", "--json"))["environments"]["default"]["changed"] is False
        made.do("lock", "--check")
    at(made, 3 * YEARS, "undo")
    assert made.state() == first and wrong(made) == []


@pytest.fixture
def pixi_at_work(workspace):
    """An installed workspace in which somebody holds the prefix's lock as Pixi does: `(workspace, holder)`."""
    made = workspace(SMALL)
    made.do("install")
    file = made.prefix() / "conda-meta/.pixi-environment-fingerprint"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout.readline() == "held\n"
    yield made, holder
    holder.kill()
    holder.wait()


def begun(made, *argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "jupyter_pixi", *argv],
        cwd=made.root,
        env=made.home.environ,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for_line(command: subprocess.Popen[str], text: str) -> None:
    for line in command.stderr:
        if text in line:
            return
    pytest.fail(f"it never said {text!r}")


def test_an_install_of_pixi_is_waited_for(pixi_at_work):
    made, holder = pixi_at_work
    command = begun(made, "add", "native")
    wait_for_line(command, "Waiting for another install of 'default'")
    assert command.poll() is None and not list(made.prefix().glob("conda-meta/native-*"))
    holder.communicate("\n")
    told = command.communicate(timeout=60)[1]
    assert command.returncode == 0 and "The other install of 'default' has ended." in told
    assert wrong(made) == [] and list(made.prefix().glob("conda-meta/native-*"))


@pytest.mark.full
def test_the_stop_button_while_pixi_is_at_work(pixi_at_work):
    made, holder = pixi_at_work
    before = made.state()
    command = begun(made, "add", "native")
    wait_for_line(command, "Waiting for another install of 'default'")
    begin = time.monotonic()
    os.killpg(command.pid, signal.SIGINT)
    told = command.communicate(timeout=30)[1]
    assert time.monotonic() - begin < 2 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert command.returncode == 130 and "Interrupted" in told
    assert made.state() == before
    holder.communicate("\n")
    made.do("add", "native")
    assert wrong(made) == []


def test_without_locks_the_install_says_so(workspace, monkeypatch):
    """A file system that cannot lock (NFS without its daemon) is told, and the work is done all the same."""
    made = workspace(SMALL)
    code = "import sys; from jupyter_pixi import system\n"
    code += "def none(fd): raise OSError(37, 'No locks available')\n"
    code += "system._os_lock = none\nfrom jupyter_pixi.cli.main import entry\nsys.exit(entry())"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "install"],
        cwd=made.root,
        env=made.home.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "has no locks: do not install 'default' from two places at once" in done.stderr
    assert wrong(made) == []
