"""A kernel's second `%pixi` runs in an engine that was ready: with the variables and the folder of that moment."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest
from support.kernels import Kernel
from support.servers import Server
from support.workspaces import PLAIN, Workspace

BRIDGE = "get_ipython().magics_manager.magics['line']['pixi'].bridge"


@pytest.fixture
def kernel(installed: Callable[..., Workspace], notebook: Callable[..., Kernel]) -> Kernel:
    """A kernel that has run nothing yet."""
    return notebook(installed(PLAIN))


def engines(kernel: Kernel) -> list[int]:
    """The engines that this kernel has started and that have not got a command."""
    return [p.pid for p in psutil.Process(kernel.pid).children() if "jupyter_pixi.cli.standby" in p.cmdline()]


def idle(kernel: Kernel) -> list[int]:
    """The engines that a kernel which runs nothing has got ready, as soon as there are any."""
    end = time.monotonic() + 60
    while not (found := engines(kernel)):
        assert time.monotonic() < end
        time.sleep(0.1)
    return found


def waiting(kernel: Kernel) -> int:
    """The process id of the engine that waits, as soon as there is one."""
    code = f"import time\nwhile {BRIDGE}.standby.pid is None: time.sleep(0.05)\nprint({BRIDGE}.standby.pid)"
    return int(kernel.value(code))


def test_an_engine_is_ready_before_the_first_command(kernel: Kernel) -> None:
    found = idle(kernel)
    first = waiting(kernel)
    assert found == [first]
    assert kernel.run("%pixi add cowsay\nimport cowsay").status == "ok"
    second = waiting(kernel)
    assert second != first

    code = "import json, os, sys; print(json.dumps([os.getppid(), os.getcwd(), os.environ.get('PIXI_OFFLINE')]))"
    kernel.run("import os; os.makedirs('inner'); os.chdir('inner'); os.environ['PIXI_OFFLINE'] = 'true'")
    seen = json.loads(kernel.value(f'%pixi run python -c "{code}"'))
    assert seen[1].endswith("/inner") and seen[2] == "true"
    third = waiting(kernel)
    assert third != second
    given = json.loads(kernel.value(f"%%pixi run python -\n{code}"))
    assert given[1:] == seen[1:], "with the cell's text as its input"

    fourth = idle(kernel)[0]
    message = kernel.send("%pixi run python -c \"print('begun', flush=True); import time; time.sleep(60)\"")
    while "begun" not in str(kernel.client.get_iopub_msg(timeout=60)["content"].get("text")):
        pass
    began = time.monotonic()
    kernel.manager.interrupt_kernel()
    stopped = kernel.wait(message)
    assert stopped.error is not None and stopped.error["ename"] == "PixiInterrupted"
    assert time.monotonic() - began < 30, "the task would have slept for a minute"
    assert not psutil.pid_exists(fourth)

    last = idle(kernel)[0]
    os.kill(kernel.pid, signal.SIGKILL)
    end = time.monotonic() + 60
    while psutil.pid_exists(last) and psutil.Process(last).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < end, "it outlives its kernel"
        time.sleep(0.05)


def test_stop_during_a_download(
    installed: Callable[..., Workspace], notebook: Callable[..., Kernel], slow_channel: Server
) -> None:
    workspace = installed(channel=slow_channel.url)
    kernel = notebook(workspace)
    engine = idle(kernel)[0]
    before = workspace.state()
    slow_channel.stall = "native-1.1"
    message = kernel.send("%pixi add native")
    assert slow_channel.stalled.wait(60)
    time.sleep(0.2)  # an interrupt in the middle of ipykernel's own writing is lost
    assert psutil.pid_exists(engine), "it is at work"
    kernel.manager.interrupt_kernel()
    assert kernel.wait(message, 30).status == "error"
    assert workspace.state() == before and not psutil.pid_exists(engine)
    slow_channel.release.set()
    assert kernel.run("%pixi add native").status == "ok"
