"""An engine that is held ready: it runs one command as a new engine would, and nothing of it stays behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import jupyter_pixi
import psutil
import pytest
from jupyter_pixi.kernels.bridge import magic
from jupyter_pixi.kernels.bridge import standby as module
from jupyter_pixi.kernels.bridge.child import Child
from jupyter_pixi.kernels.bridge.context import Context
from jupyter_pixi.kernels.bridge.standby import Standby
from support.homes import Home
from support.workspaces import PLAIN, Workspace

SECONDS = 60


def until(condition: Callable[[], object]) -> None:
    """Waits for a condition. Fails after a long while."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def ready(standby: Standby) -> int:
    """Lets an engine wait. Returns its process id."""
    threading.Thread(target=standby.keep, daemon=True).start()
    until(lambda: standby.pid)
    assert standby.pid is not None
    return standby.pid


def result(child: Child) -> tuple[int, str]:
    """Follows an engine to its end. Returns its status and what it wrote."""
    child.send({})
    said = b""
    while child.reading:
        said += b"".join(data for channel, data in child.pump(0.1) if channel != "events")
    return child.close(), said.decode()


@pytest.fixture
def standby(isolated_home: Home) -> Iterator[Standby]:
    """What keeps an engine, as in a kernel."""
    kept = Standby(Context(python=sys.executable, environ=isolated_home.environ))
    yield kept
    kept.close()


def ask(standby: Standby, environ: dict[str, str], *words: str) -> Child:
    """A command to the engine that waits, or to a new one."""
    return Child(standby.start, [*words, "--events-fd", "{events}", "--caller-fd", "{caller}"], environ, None)


def test_it_is_used_once_and_runs_where_and_as_the_command_says(
    standby: Standby, isolated_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = ready(standby)
    (tmp_path / "pixi.toml").write_text("[workspace]\nchannels = []\nplatforms = []\n")
    monkeypatch.chdir(tmp_path)
    child = ask(standby, isolated_home.environ | {"PIXI_COLOR": "always"}, "status", "--json")
    assert child.process.pid == waiting and standby.pid is None
    status, said = result(child)
    assert status == 0 and json.loads(said)["manifest"] == str(tmp_path / "pixi.toml"), said
    assert not psutil.pid_exists(waiting)
    child = ask(standby, isolated_home.environ | {"PIXI_COLOR": "always"}, "nonsense")
    assert child.process.pid != waiting
    cold = result(child)
    ready(standby)
    assert result(ask(standby, isolated_home.environ | {"PIXI_COLOR": "always"}, "nonsense")) == cold
    assert cold[0] == 2


def test_variables_and_the_mask_of_the_moment(standby: Standby, isolated_home: Home, tmp_path: Path) -> None:
    ready(standby)
    mask = os.umask(0o027)
    try:
        target = tmp_path / "new"
        status, said = result(ask(standby, isolated_home.environ | {"PIXI_CACHE_DIR": "/nowhere"}, "init", str(target)))
    finally:
        os.umask(mask)
    assert status == 0, said
    assert target.stat().st_mode & 0o777 == 0o750
    ready(standby)
    status, said = result(ask(standby, {"PIXI_CACHE_DIR": "/nowhere"}, "info", "--json"))
    assert status == 0 and json.loads(said)["cache_dir"] == "/nowhere", said


def test_what_a_change_needs_is_loaded(workspace: Callable[..., Workspace]) -> None:
    made = workspace(PLAIN)
    code = (
        "import sys\n"
        "from jupyter_pixi.cli.main import main\n"
        "from jupyter_pixi.cli.standby import load\n"
        "load()\n"
        "before = set(sys.modules)\n"
        "assert main(['add', 'cowsay']) == 0\n"
        "print(sorted(name for name in set(sys.modules) - before if 'pixi' in name or 'rattler' in name))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=made.root, env=made.home.environ, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_it_ends_with_its_kernel_and_leaves_no_zombie(standby: Standby) -> None:
    waiting = ready(standby)
    os.kill(waiting, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(waiting))
    until(lambda: standby.pid is None)
    waiting = ready(standby)
    standby.close()
    assert not psutil.pid_exists(waiting)
    standby.keep()
    assert standby.pid is None


def test_an_engine_whose_kernel_is_killed_ends(isolated_home: Home) -> None:
    code = (
        "import sys, os, signal, threading, time\n"
        "from jupyter_pixi.kernels.bridge.context import Context\n"
        "from jupyter_pixi.kernels.bridge.standby import Standby\n"
        "standby = Standby(Context(python=sys.executable, environ=dict(os.environ)))\n"
        "threading.Thread(target=standby.keep, daemon=True).start()\n"
        "while standby.pid is None: time.sleep(0.02)\n"
        "print(standby.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=isolated_home.environ, stdout=subprocess.PIPE, check=False)
    waiting = int(done.stdout)
    until(lambda: not psutil.pid_exists(waiting) or psutil.Process(waiting).status() == psutil.STATUS_ZOMBIE)


def test_a_command_gets_a_new_engine_where_the_one_that_waits_does_not_answer(
    standby: Standby, isolated_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    waiting = ready(standby)
    os.kill(waiting, signal.SIGSTOP)
    child = ask(standby, isolated_home.environ, "nonsense")
    assert child.process.pid != waiting and not psutil.pid_exists(waiting)
    assert result(child)[0] == 2


def test_an_updated_package_is_what_runs(isolated_home: Home, tmp_path: Path) -> None:
    package = tmp_path / "site/jupyter_pixi"
    ignore = shutil.ignore_patterns("labextension", "__pycache__")
    shutil.copytree(Path(jupyter_pixi.__file__).parent, package, ignore=ignore)
    side = package / "cli/standby.py"
    side.write_text(side.read_text().replace("    end =", '    (Path(__file__).parent / "waits").touch()\n    end ='))
    environ = isolated_home.environ | {"PYTHONPATH": str(package.parent)}
    standby = Standby(Context(python=sys.executable, environ=environ))
    try:
        waiting = ready(standby)
        until((package / "cli/waits").exists)
        main = package / "cli/main.py"
        main.write_text(main.read_text().replace("entry() -> NoReturn:", "entry() -> NoReturn:\n    print('new')"))
        child = ask(standby, environ, "nonsense")
        assert child.process.pid == waiting, "in the same process"
        status, said = result(child)
        assert status == 2 and said.startswith("new\n")
    finally:
        standby.close()


class Events:
    """IPython's events, as far as a kernel needs them."""

    def __init__(self) -> None:
        self.handlers: dict[str, list[Callable[[], None]]] = {"pre_run_cell": [], "post_run_cell": []}

    def register(self, event: str, function: Callable[[], None]) -> None:
        self.handlers[event].append(function)

    def unregister(self, event: str, function: Callable[[], None]) -> None:
        self.handlers[event].remove(function)

    def trigger(self, event: str) -> None:
        for function in list(self.handlers[event]):
            function()


def test_an_engine_is_wanted_once_no_cell_has_run_for_a_moment(
    isolated_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(magic, "IDLE", 0.2)
    shell = SimpleNamespace(events=Events())
    bridge = magic.Bridge(shell, Context(python=sys.executable, environ=isolated_home.environ))
    kept = threading.Event()
    bridge.__dict__["standby"] = SimpleNamespace(keep=kept.set)
    bridge.prepare_when_idle()
    shell.events.trigger("pre_run_cell")
    assert not kept.wait(1), "a cell runs"
    shell.events.trigger("post_run_cell")
    assert kept.wait(SECONDS)
    assert shell.events.handlers == {"pre_run_cell": [], "post_run_cell": []}


@pytest.mark.parametrize("reason", ["setting", "rescue", "memory"])
def test_none_is_kept(reason: str, isolated_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = isolated_home.environ | ({"JUPYTER_PIXI_STANDBY": "0"} if reason == "setting" else {})
    if reason == "memory":
        monkeypatch.setattr(module, "memory_left", lambda: 100e6)
    standby = Standby(Context(python=sys.executable, environ=environ, rescue=reason == "rescue"))
    standby.keep()
    assert standby.pid is None


def test_memory_is_known() -> None:
    assert 1e6 < module.memory_left() < 1e15
