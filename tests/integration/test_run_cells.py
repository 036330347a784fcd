"""`%pixi run`, `%%pixi run` and `%%pixi exec` in a real kernel: other environments, floods, and the stop button."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from queue import Empty

import pytest
from support.kernels import Kernel, Outcome
from support.servers import server
from support.workspaces import Workspace

MANIFEST = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
python = "*"
ipykernel = "*"

[tasks]
flood = "python -c \\"import sys; [sys.stdout.write('x' * 65535 + chr(10)) for _ in range(1600)]; print('the end')\\""
fails = "exit 5"
waits = "python -c \\"import time; print('up', flush=True); time.sleep(90)\\""
after = { cmd = "echo after", depends-on = ["waits"] }

[feature.tools]
dependencies = { python = "*", greeter = "*" }

[environments]
tools = { features = ["tools"], no-default-feature = true }
"""
IGNORES = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); time.sleep(90)"


@pytest.fixture
def place(workspace) -> Workspace:
    made = workspace(MANIFEST)
    made.do("install", "--all")
    made.do("kernels", "install", "--prefix", str(made.home.kernels))
    return made


@pytest.fixture
def kernel(place, start_kernel) -> Kernel:
    return start_kernel("pixi.weather.default", place.root)


def test_a_cell_in_another_environment(place, kernel, test_channel):
    told = kernel.run("%%pixi run -e tools\nimport os, sys\nprint(sys.prefix, os.environ['GREETER_MOOD'], sys.argv)")
    assert told.status == "ok", told.text
    assert told.stdout == f"{place.prefix('tools')} sunny ['-']\n"
    told = kernel.run("%%pixi run -e tools bash\nfor i in 1 2; do echo $i $PIXI_ENVIRONMENT_NAME; done")
    assert told.stdout == "1 tools\n2 tools\n", told.text
    mine = kernel.run("%pixi run python -c 'import sys; print(sys.prefix)'")
    assert mine.stdout == f"{place.prefix()}\n", mine.text
    hostile = kernel.run("%pixi run printf [%s] '$(touch pwned)' '`id`'")
    assert hostile.stdout == "[$(touch pwned)][`id`]"
    assert not (place.root / "pwned").exists()

    failed = kernel.run("%pixi run fails")
    assert failed.status == "error" and "ended with exit status 5" in failed.text
    unknown = kernel.run("%pixi run no-such-thing")
    assert unknown.status == "error" and "no-such-thing: command not found" in unknown.stderr

    thrown = kernel.run(f"%%pixi exec -c {test_channel} -s cowsay=6.0\nimport cowsay, sys\nprint(cowsay.__version__)")
    assert thrown.stdout == "6.0\n", thrown.text
    assert "cowsay" not in place.lock.read_text()


def test_a_flood_is_bounded_in_the_cell_and_in_the_kernel(kernel):
    kernel.value("import resource\nbefore = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss")
    told = kernel.run("%pixi run flood", timeout=120)
    assert told.status == "ok", told.text[-500:]
    assert len(told.stdout) < 2_000_000 and told.stdout.endswith("the end\n")
    assert "characters left out" in told.stdout
    grown = kernel.value("print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)")
    assert int(grown) < 60_000, "kB"


def interrupt(kernel: Kernel, message: str, presses: int) -> Outcome:
    """Presses stop once the command has said that it is up, and again after a moment."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        received = kernel.client.get_iopub_msg(timeout=30)
        if received["msg_type"] == "stream" and "up" in received["content"]["text"]:
            break
    for press in range(presses):
        time.sleep(0.5 if press else 0)
        os.kill(kernel.pid, signal.SIGINT)
    return kernel.wait(message, timeout=30)


POLITE = """\
%%pixi run
import time
try:
    print("up", flush=True)
    time.sleep(90)
except KeyboardInterrupt:
    print("saved")
"""


def test_the_stop_button_reaches_the_command(kernel):
    told = interrupt(kernel, kernel.send(POLITE), 1)
    assert "saved" in told.stdout
    told = interrupt(kernel, kernel.send(f'%pixi run python -c "{IGNORES}"'), 2)
    assert told.status == "error" and "was stopped" in told.text
    assert kernel.value("1 + 1") == "2"


def assert_prefix_becomes(kernel: Kernel, prefix: Path) -> None:
    """Waits until the kernel that answers is the one of a prefix; what is sent while it starts may be lost."""
    found = ""
    end = time.monotonic() + 60
    while found != str(prefix) and time.monotonic() < end:
        with suppress(TimeoutError, Empty):
            found = kernel.run("import sys; print(sys.prefix)", timeout=5).stdout.strip()
    assert found == str(prefix)


def test_a_switch_without_a_server_starts_again_in_place_and_says_what_to_choose(place, kernel):
    pid = kernel.pid
    told = kernel.run("%pixi switch tools", timeout=120)
    assert told.status == "error" and "starts again on the environment `tools`" in told.text
    assert "choose its kernel in the notebook" in told.text
    assert_prefix_becomes(kernel, place.prefix("tools"))
    assert kernel.pid == pid
    again = kernel.run("%pixi switch tools")
    assert again.status == "ok" and "on `tools` already" in again.text
    assert kernel.run("%pixi switch nowhere").status == "error"


def completions(kernel: Kernel, line: str) -> list[str]:
    """What the kernel offers at the end of a line."""
    message = kernel.client.complete(line, len(line))
    while True:
        reply = kernel.client.get_shell_msg(timeout=30)
        if reply["parent_header"].get("msg_id") == message:
            begin, end = reply["content"]["cursor_start"], reply["content"]["cursor_end"]
            return [line[:begin] + match + line[end:] for match in reply["content"]["matches"]]


def test_a_cell_completes_what_pixi_knows_and_nothing_of_python(kernel):
    assert completions(kernel, "%pixi swi") == ["%pixi switch"]
    assert completions(kernel, "%pixi run f") == ["%pixi run fails", "%pixi run flood"]
    assert completions(kernel, "%%pixi run -e ") == ["%%pixi run -e default", "%%pixi run -e tools"]
    assert completions(kernel, "%pixi install --environment=t") == ["%pixi install --environment=tools"]
    assert completions(kernel, "%%pixi run --ex") == ["%%pixi run --executable", "%%pixi run --export"]
    assert completions(kernel, "%pixi add --fe") == ["%pixi add --feature"]
    assert completions(kernel, "%pixi add -f ") == ["%pixi add -f tools"]
    assert completions(kernel, "%pixi task re") == ["%pixi task remove"]
    assert completions(kernel, "%pixi workspace channel a") == ["%pixi workspace channel add"]
    assert completions(kernel, "%pixi remove ipy") == ["%pixi remove ipykernel"]
    assert completions(kernel, "%pixi list cow") == []
    assert "%pixi add cowsay" in completions(kernel, "%pixi add co")  # from the cached index of the channel


def test_help_and_nearest_names_in_a_cell(kernel):
    assert kernel.value("%pixi").startswith("%pixi changes and shows the environment of this notebook")
    told = kernel.value("%pixi run --help")
    assert told.startswith("Usage: %pixi run ") and "%pixi run -e cuda python train.py" in told
    wrong = kernel.run("%pixi isntall")
    assert (
        wrong.text.strip() == "error: unrecognized subcommand 'isntall'\nhelp: a similar subcommand exists: 'install'"
    )
    assert "a similar argument exists: '--pypi'" in kernel.run("%pixi add --pipy x").text


def test_what_is_stopped_in_the_middle_goes_no_further(place, kernel):
    told = interrupt(kernel, kernel.send("%pixi run after"), 1)
    assert told.status == "error" and "was stopped" in told.text
    assert "after" not in told.stdout and kernel.value("1 + 1") == "2"


def test_a_throw_away_environment_stopped_while_it_is_made_is_made_anew(kernel, test_channel_folder, tmp_path):
    cache = {"PIXI_CACHE_DIR": str(tmp_path / "cache"), "RATTLER_CACHE_DIR": str(tmp_path / "cache")}
    with server(test_channel_folder) as served:
        command = f"%pixi exec -c {served.url} -s everywhere sh -c 'ls $CONDA_PREFIX/conda-meta'"
        kernel.run(f"get_ipython().find_line_magic('pixi').bridge.context.environ.update({cache!r})")
        served.stall = "everywhere-2.0"
        message = kernel.send(command)
        assert served.stalled.wait(60)
        os.kill(kernel.pid, signal.SIGINT)
        told = kernel.wait(message, timeout=60)
        assert told.status == "error", told.text
        served.stall = None
        served.release.set()
        assert "everywhere-2.0-" in kernel.run(command).stdout
