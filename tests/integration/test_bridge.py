"""%pixi in real kernels (ipykernel 6 and 7), terminals and headless runs, against a stand-in for the engine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pexpect
import pytest
import uv
from support.homes import Home, make_home
from support.kernels import Kernel
from support.kernels import kernel as start

REPOSITORY = Path(__file__).resolve().parents[2]
STAND_IN = REPOSITORY / "tests/integration/stand_in_engine"
BRIDGE = REPOSITORY / "extension/jupyter_pixi/kernels/bridge/start.py"
MIME = "application/vnd.jupyter-pixi.operation+json"


@pytest.fixture(scope="module", params=["ipykernel<7", "ipykernel>=7"], ids=["ipykernel6", "ipykernel7"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with this ipykernel and nothing of ours."""
    prefix = tmp_path_factory.mktemp("environment") / "prefix"
    for command in (["venv", str(prefix)], ["pip", "install", "--python", str(prefix), request.param, "numpy"]):
        subprocess.run([uv.find_uv_bin(), command[0], "-q", *command[1:]], check=True)
    return prefix / "bin/python"


@pytest.fixture(scope="module")
def spec(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a kernelspec `stand-in` for that interpreter; its workspace is the home's folder `work`."""
    home = make_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("cache"))
    folder = home.kernels / "share/jupyter/kernels/stand-in"
    folder.mkdir(parents=True)
    work = home.path / "work"
    work.mkdir()
    argv = [sys.executable, str(STAND_IN / "launcher.py"), "--environment", "default", "-f", "{connection_file}"]
    document = {
        "python": sys.executable,
        "kernel": str(python),
        "manifest": str(work / "pixi.toml"),
        "prefix": str(python.parent.parent),
        "warning": "the lock file is out of date",
    }
    content = {
        "argv": argv,
        "display_name": "x",
        "language": "python",
        "env": {"STAND_IN_LAUNCH": json.dumps(document)},
    }
    (folder / "kernel.json").write_text(json.dumps(content))
    return home


@pytest.fixture
def work(spec: Home) -> Path:
    """The workspace's folder, where notebooks are."""
    return spec.path / "work"


@pytest.fixture(scope="module")
def kernel(spec: Home) -> Iterator[Kernel]:
    """A running kernel with the bridge, shared by the tests that leave it as it was."""
    with start("stand-in", spec, spec.path / "work") as running:
        yield running


@pytest.fixture
def own_kernel(spec: Home, work: Path) -> Iterator[Kernel]:
    """A kernel for one test alone."""
    with start("stand-in", spec, work) as running:
        yield running


def test_start_leaves_no_trace(own_kernel: Kernel) -> None:
    code = """
import sys
print([name for name in globals() if "pixi" in name or name in ("annotations", "Any", "__annotations__")])
print([name for name in sys.modules if "pixi" in name and not name.startswith("_jupyter_pixi_bridge")])
print(__doc__.startswith("Automatically created"), [path for path in sys.path if "jupyter" in path], __name__)
"""
    outcome = own_kernel.run(code)
    assert outcome.stdout.split("\n")[:3] == ["[]", "[]", "True [] __main__"]
    assert "out of date" in outcome.stderr, "the launcher's warning stands in the first cell"
    assert "out of date" not in own_kernel.run("1").stderr
    assert own_kernel.value("import os; print('JUPYTER_PIXI_BRIDGE' in os.environ)") == "False"


def test_arguments_variables_and_document(kernel: Kernel, python: Path, work: Path) -> None:
    kernel.run("import numpy, os; name = 'value'; os.makedirs('sub'); os.chdir('sub'); os.environ['MINE'] = '/x'")
    seen = json.loads(kernel.value("%pixi echo 'two words' {name} $name $(touch x) *.toml  # why"))
    assert seen["words"] == ["two words", "value", "value", "$(touch", "x)", "*.toml"]
    assert seen["manifest"] == str(work / "pixi.toml")
    assert seen["cwd"] == str(work / "sub"), "the working directory of the kernel is kept"
    assert "MINE" not in seen["environ"], "the engine gets the host's variables"
    assert seen["environ"]["PIXI_ENVIRONMENT_NAME"] == "default"
    assert seen["environ"]["PIXI_PROJECT_ROOT"] == str(work)
    assert seen["group"], "it has a process group of its own"
    caller = seen["caller"]
    assert caller["pid"] == kernel.pid
    assert caller["prefix"] == str(python.parent.parent)
    assert {"numpy", "ipykernel", "ipython"} <= {row["name"].lower() for row in caller["loaded"]}
    assert any("numpy" in path and ".so" in path for path in caller["mapped"])
    assert {"numpy", "json"} <= set(caller["modules"])
    kernel.run("os.chdir('..')")


def test_import_right_after_add_in_the_same_cell(kernel: Kernel) -> None:
    outcome = kernel.run("%pixi add fresh\nimport fresh, os\nprint(fresh.version, os.environ['STAND_IN'])")
    assert outcome.status == "ok", outcome.text
    assert outcome.stdout == "1.0 yes\n"
    shown = [bundle[MIME] for bundle in outcome.displays]
    assert [one["state"] for one in shown][-1] == "done"
    assert 3 <= len(shown) <= 8, "0.6 s of work: updates come, but not one for each of 100 packages"
    steps = [one["phases"][-1]["done"] for one in shown[:-1]]
    assert steps == sorted(steps) and steps[0] < steps[-1]
    final = outcome.displays[-1]
    assert final[MIME]["operation"] == "op-1"
    assert final[MIME]["result"]["changes"][0]["name"] == "fresh"
    assert "activation" not in final[MIME]["result"] and "hunter2" not in json.dumps(outcome.displays)
    assert sorted(final[MIME]["effects"]["variables"]) == ["SECRET", "STAND_IN"]
    assert "fresh" in final["text/plain"] and "<td>fresh</td>" in final["text/html"]

    outcome = kernel.run("%pixi remove fresh")
    assert outcome.displays[-1][MIME]["effects"]["gone"] == [{"name": "fresh", "modules": ["fresh"]}]
    assert "stays loaded until the kernel restarts" in outcome.displays[-1]["text/plain"]


def test_new_pth_files_and_the_users_own_variables(own_kernel: Kernel) -> None:
    own_kernel.run("import os; os.environ['STAND_IN'] = 'mine'")
    outcome = own_kernel.run("%pixi add editable_one\nimport editable_one_inside\nprint(os.environ['STAND_IN'])")
    assert outcome.stdout == "mine\n", outcome.text
    effects = outcome.displays[-1][MIME]["effects"]
    assert effects["kept"] == ["STAND_IN"] and len(effects["paths"]) == 1
    again = own_kernel.run("%pixi add editable_one").displays[-1][MIME]["effects"]
    assert again["paths"] == []


def test_output_streams_as_it_comes(kernel: Kernel) -> None:
    code = "%%pixi run\nimport time\nprint('\\x1b[31mfirst\\x1b[0m')\ntime.sleep(3)\nprint('second')"
    message = kernel.send(code)
    began = time.monotonic()
    while True:
        received = kernel.client.get_iopub_msg(timeout=10)
        if received["msg_type"] == "stream" and "first" in received["content"]["text"]:
            break
    assert time.monotonic() - began < 3
    assert received["content"]["text"] == "\x1b[31mfirst\x1b[0m\n"
    assert kernel.wait(message).stdout.endswith("second\n")


def test_flood_is_bounded(kernel: Kernel) -> None:
    outcome = kernel.run("%pixi run python -c \"for i in range(400_000): print('line', i)\"")
    assert len(outcome.stdout) < 1_100_000
    assert "characters left out" in outcome.stdout and outcome.stdout.endswith("line 399999\n")


def test_what_a_task_leaves_running_is_not_waited_for(kernel: Kernel) -> None:
    began = time.monotonic()
    outcome = kernel.run("%pixi run sh -c '(for i in 1 2 3 4 5 6; do echo later; sleep 1; done) & echo now'")
    assert "now" in outcome.stdout and outcome.status == "ok"
    assert time.monotonic() - began < 4


def test_failure_stops_the_queue(kernel: Kernel) -> None:
    first, second = kernel.send("%pixi fail x"), kernel.send("print('reached')")
    outcome = kernel.wait(first)
    assert outcome.status == "error"
    assert outcome.error["evalue"] == "No <such> package"
    trace = re.sub("\x1b\\[[0-9;]*m", "", "\n".join(outcome.error["traceback"]))
    assert trace == "error: No <such> package\n  at pixi.toml:3\nhelp: try another"
    assert outcome.displays[-1][MIME]["state"] == "failed"
    outcome = kernel.wait(second)
    assert (outcome.status, outcome.stdout) == ("aborted", "")


def test_other_failures(kernel: Kernel) -> None:
    expected = {
        "%pixi usage": "unrecognized subcommand 'usage'",
        "%pixi crash": "`pixi crash` ended with exit status 1",
        "%pixi killed": "`pixi killed` was killed before its end (signal 9)",
        "%pixi run python -c 'raise SystemExit(3)'": "ended with exit status 3",
        '%pixi add "x': "no closing quotation",
        "%%pixi list\nx": "takes no text below it",
    }
    for cell, text in expected.items():
        outcome = kernel.run(cell)
        assert outcome.status == "error" and text in outcome.error["evalue"], cell


def test_interrupt_waits_for_the_roll_back(kernel: Kernel, work: Path) -> None:
    message = kernel.send("%pixi slow marker")
    _wait_for_output(kernel, "working")
    kernel.manager.interrupt_kernel()
    outcome = kernel.wait(message)
    assert (work / "marker").read_text() == "rolled back"
    assert outcome.error["traceback"] == ["Stopped: nothing was changed"]
    assert outcome.displays[-1][MIME]["state"] == "interrupted"
    assert kernel.value("1 + 1") == "2"
    message = kernel.send("import time\ntime.sleep(30)")
    time.sleep(0.5)
    kernel.manager.interrupt_kernel()
    assert kernel.wait(message).error["ename"] == "KeyboardInterrupt", "the kernel's own handling is back"


def test_interrupts_get_firmer(kernel: Kernel) -> None:
    message = kernel.send("%pixi stubborn")
    _wait_for_output(kernel, "working")
    began = time.monotonic()
    for _ in range(2):
        kernel.manager.interrupt_kernel()
        time.sleep(0.4)
    outcome = kernel.wait(message)
    assert outcome.error["traceback"] == ["`pixi stubborn` was stopped"]
    assert time.monotonic() - began < 5


def _wait_for_output(kernel: Kernel, text: str) -> None:
    while True:
        received = kernel.client.get_iopub_msg(timeout=20)
        if received["msg_type"] == "stream" and text in received["content"]["text"]:
            return


def test_completion(kernel: Kernel) -> None:
    def matches(code: str) -> list[str]:
        return kernel.client.complete(code, reply=True, timeout=20)["content"]["matches"]

    assert "reinstall" in matches("%pixi re")
    assert "--feature" in matches("%pixi add --f")
    assert matches("%pixi workspace ch") == ["channel"]


def test_restart_without_a_server(own_kernel: Kernel) -> None:
    pid = own_kernel.pid
    own_kernel.run("x = 1")
    first, second = own_kernel.send("%pixi restart cuda"), own_kernel.send("x")
    assert "run the cells again" in own_kernel.wait(first).error["evalue"]
    assert own_kernel.wait(second).status == "aborted"
    time.sleep(1)
    own_kernel.client.wait_for_ready(timeout=30)
    outcome = own_kernel.run("import os\nprint('x' in globals(), os.getpid())")
    assert outcome.stdout == f"False {pid}\n"
    seen = json.loads(own_kernel.value("%pixi echo"))
    assert seen["environ"]["PIXI_ENVIRONMENT_NAME"] == "cuda"
    assert "Traceback" not in outcome.stderr


def _notebook(path: Path, *cells: str) -> Path:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "stand-in", "display_name": "x", "language": "python"}
    nbformat.write(notebook, path)
    return path


def test_headless_run_gets_the_final_state(spec: Home, work: Path) -> None:
    path = _notebook(work / "a.ipynb", "%pixi add headless\nimport headless", "headless.version")
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", str(path)]
    done = subprocess.run(command, env=spec.environ, cwd=work, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    first, second = nbformat.read(path, 4).cells
    bundles = [output for output in first.outputs if output.output_type == "display_data"]
    assert len(bundles) == 1
    assert bundles[0].data[MIME]["state"] == "done" and bundles[0].data["text/plain"].startswith("Added headless")
    assert second.outputs[0].data["text/plain"] == "'1.0'"


def test_headless_run_fails_with_the_sentence(spec: Home, work: Path) -> None:
    path = _notebook(work / "a.ipynb", "%pixi fail headless")
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", "--inplace", str(path)]
    done = subprocess.run(command, env=spec.environ, cwd=work, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "error: No <such> package\n  at pixi.toml:3\nhelp: try another" in done.stderr
    assert "kernels/bridge" not in done.stderr


def _terminal(spec: Home, python: Path, work: Path) -> tuple[list[str], dict[str, str]]:
    document = {
        "python": sys.executable,
        "environ": spec.environ | {"PYTHONPATH": str(STAND_IN)},
        "manifest": str(work / "pixi.toml"),
        "prefix": str(python.parent.parent),
    }
    files = f"--TerminalIPythonApp.exec_files={json.dumps([str(BRIDGE)])}"
    argv = [str(python), "-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor", files]
    return argv, spec.environ | {"JUPYTER_PIXI_BRIDGE": json.dumps(document), "TERM": "xterm"}


def test_terminal_rewrites_one_line(spec: Home, python: Path, work: Path) -> None:
    argv, environ = _terminal(spec, python, work)
    terminal = pexpect.spawn(
        argv[0], argv[1:], env=environ, cwd=str(work), timeout=30, encoding="utf-8", dimensions=(24, 100)
    )
    try:
        terminal.expect_exact("In [1]: ")
        terminal.sendline("%pixi add terminal_one")
        terminal.expect_exact("\r\x1b[2KLinking 100 packages")
        terminal.expect_exact("\r\x1b[2KAdded terminal_one\r\n")
        terminal.expect_exact("In [2]: ")
        terminal.sendline("import terminal_one; terminal_one.version")
        terminal.expect_exact("'1.0'")
        terminal.expect_exact("In [3]: ")
        terminal.sendline("%pixi slow marker")
        terminal.expect_exact("working")
        terminal.sendintr()
        terminal.expect_exact("Stopped: nothing was changed")
        terminal.expect_exact("In [4]: ")
        terminal.sendline("%pixi fail x")
        terminal.expect_exact("No <such> package")
        terminal.expect_exact("In [5]: ")
        assert "Traceback" not in terminal.before
    finally:
        terminal.close(force=True)


def test_pipe_gets_a_line_for_each_phase(spec: Home, python: Path, work: Path) -> None:
    argv, environ = _terminal(spec, python, work)
    done = subprocess.run(
        [*argv, "-c", "%pixi add pipe_one"], env=environ, cwd=work, capture_output=True, text=True, timeout=60
    )
    assert done.stderr.splitlines()[:3] == ["Solving 2 environments", "Linking 100 packages", "Added pipe_one"]
    assert "\x1b" not in done.stderr and done.stdout == ""


def test_kernel_that_dies_leaves_the_engine_to_finish(own_kernel: Kernel, work: Path) -> None:
    code = '%pixi run python -c \'import time; time.sleep(2); open("end", "w")\''
    own_kernel.send(code)
    time.sleep(1)
    os.kill(own_kernel.pid, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while not (work / "end").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (work / "end").exists()
