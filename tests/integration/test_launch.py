"""Kernels that the launcher starts: as Jupyter expects a kernel to be, with `%pixi`, and nothing else changed.

The prefixes are virtual environments with the marks of a finished install, so that ipykernel 6 and 7, other kernels
and none at all can stand in them.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest
from support.prefixes import Workspace, make_environment

IPYKERNELS = {6: "ipykernel<7", 7: "ipykernel>=7"}


@pytest.fixture(scope="session")
def environments(tmp_path_factory):
    """`environments("ipykernel<7", …)`: a folder with a virtual environment, made once per worker."""
    made = {}

    def get(*requirements):
        if requirements not in made:
            made[requirements] = make_environment(tmp_path_factory.mktemp("environment"), *requirements)
        return made[requirements]

    return get


@pytest.fixture
def made(environments, isolated_home, tmp_path):
    """`made("ipykernel>=7", activation={…})`: an installed, trusted workspace whose kernelspecs are published."""

    def make(*requirements, trusted=True, kernels=(), **state):
        workspace = Workspace(tmp_path, environments(*requirements), environ=isolated_home.environ)
        workspace.install(**state)
        if trusted:
            workspace.trust()
        workspace.publish(isolated_home.kernels, *kernels)
        return workspace

    return make


@pytest.fixture(params=[6, 7], ids=["ipykernel6", "ipykernel7"])
def workspace(request, made):
    return made(IPYKERNELS[request.param])


@pytest.fixture
def start(start_kernel):
    def begin(workspace, name="pixi.weather.default", **options):
        return start_kernel(name, workspace.root, **options)

    return begin


def test_it_is_the_environments_own_kernel(workspace, start):
    kernel = start(workspace)
    assert kernel.value("import sys; print(sys.prefix)") == str(workspace.prefix)
    assert kernel.value("import os; print(os.getpid())") == str(kernel.pid)
    assert kernel.value("print(os.getcwd())") == str(workspace.root)
    assert kernel.value("print(os.environ['CONDA_PREFIX'], os.environ['PATH'].split(':')[0])") == (
        f"{workspace.prefix} {workspace.prefix}/bin"
    )


def test_nothing_is_left_in_the_namespace_the_path_or_the_variables(workspace, start, isolated_home):
    code = "import sys, os\nprint(sorted(n for n in dir() if 'pixi' in n or 'path' in n), len(sys.path), sys.path[:1])"
    ours = start(workspace).value(code)
    bare = [str(workspace.prefix / "bin/python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    folder = isolated_home.kernels / "share/jupyter/kernels/bare"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": bare, "display_name": "bare", "language": "python"}))
    kernel = start(workspace, "bare")
    assert ours == kernel.value(code)
    assert "%pixi` not found" in kernel.run("%pixi").text


def test_secrets_of_the_host_stay_with_the_bridge(made, start):
    workspace = made(IPYKERNELS[7], activation={"variables": {"TOKEN": "the environment's"}})
    kernel = start(workspace, env={"TOKEN": "the host's secret"})
    text = kernel.value("import os; print([v for v in os.environ.values() if 'secret' in v], os.environ['TOKEN'])")
    assert text.endswith("the environment's")  # CONDA_ENV_SHLVL_1_TOKEN is Pixi's way of keeping what it covers
    assert kernel.value("print([k for k in os.environ if k.startswith('JUPYTER_PIXI')])") == "[]"
    assert kernel.run("%pixi --version").status == "ok"


def test_the_users_own_configuration_still_counts(workspace, start, isolated_home, tmp_path):
    own = tmp_path / "own.py"
    own.write_text("mine = 42\n")
    profile = Path(isolated_home.environ["IPYTHONDIR"]) / "profile_default"
    profile.mkdir(parents=True)
    (profile / "ipython_kernel_config.py").write_text(f"c.IPKernelApp.exec_files = [{str(own)!r}]\n")
    kernel = start(workspace)
    assert kernel.value("print(mine)") == "42"
    assert "%pixi add" in kernel.run("%pixi").text


def test_a_configuration_in_the_kernels_own_argv_still_counts(made, start, tmp_path):
    (tmp_path / "site.py").write_text("c.IPKernelApp.exec_lines = ['site = 1']\n")
    argv = ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}", f"--config={tmp_path / 'site.py'}"]
    workspace = made(IPYKERNELS[7])
    workspace.install(kernels={"python3": {"argv": argv, "dir": "/"}})
    kernel = start(workspace)
    assert kernel.value("print(site)") == "1"
    assert "%pixi add" in kernel.run("%pixi").text


def test_interrupt_restart_and_shutdown(workspace, start):
    kernel = start(workspace)
    for _ in range(2):
        message = kernel.send("import time\nprint('running', flush=True)\ntime.sleep(60)")
        while kernel.client.get_iopub_msg(timeout=20)["msg_type"] != "stream":
            pass  # before that, the interrupt would meet ipykernel between two cells
        kernel.manager.interrupt_kernel()
        assert kernel.wait(message, 20).error["ename"] == "KeyboardInterrupt"
        kernel.value("x = 1")
        kernel.manager.restart_kernel(now=False)
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.run("x").error["ename"] == "NameError"
    kernel.manager.shutdown_kernel(now=False)
    assert not kernel.manager.is_alive()


def test_a_server_that_ignores_interrupts_does_not_hand_that_on(workspace, start):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        kernel = start(workspace)
        message = kernel.send("import time\ntime.sleep(60)")
        time.sleep(1)
        kernel.manager.interrupt_kernel()
        assert kernel.wait(message, 20).error["ename"] == "KeyboardInterrupt"
    finally:
        signal.signal(signal.SIGINT, before)


def test_scripts_and_evaluated_variables(made, start, tmp_path):
    script = tmp_path / "hello.sh"
    script.write_text("echo noise\nexport FROM_SCRIPT=$CONDA_PREFIX/share\n")
    activation = {"needs_shell": True, "scripts": [str(script)], "env": {"LATE": "$FROM_SCRIPT/$(echo x)"}}
    workspace = made(IPYKERNELS[7], activation=activation)
    assert start(workspace).value("import os; print(os.environ['LATE'])") == f"{workspace.prefix}/share/x"
    assert "share/x" not in workspace.state_file.read_text()


def test_a_script_that_fails_is_told(made, start, tmp_path):
    script = tmp_path / "bad.sh"
    script.write_text("exit 4\n")
    workspace = made(IPYKERNELS[7], activation={"needs_shell": True, "scripts": [str(script)]})
    outcome = start(workspace).run("1")
    assert outcome.error["ename"] == "EnvironmentNotReady" and "status 4" in outcome.text


def test_modules_beside_the_notebook_and_on_pythonpath(made, start, tmp_path):
    shadow = tmp_path / "shadow"
    (shadow / "jupyter_pixi").mkdir(parents=True)
    (shadow / "jupyter_pixi/__init__.py").write_text("raise RuntimeError('the wrong one')\n")
    workspace = made(
        IPYKERNELS[7], activation={"variables": {"PYTHONPATH": str(shadow), "PYTHONHOME": sys.base_prefix}}
    )
    for name in ("json.py", "signal.py", "jupyter_pixi.py"):
        (workspace.root / name).write_text("raise RuntimeError('the wrong one')\n")
    kernel = start(workspace)
    assert kernel.value(f"import sys; print({str(shadow)!r} in sys.path)") == "True"
    assert kernel.run("%pixi --version").status == "ok"


# --- when the environment is not there


def test_an_untrusted_workspace_becomes_the_rescue_kernel_and_comes_back(made, start):
    workspace = made(IPYKERNELS[7], trusted=False)
    kernel = start(workspace)
    outcome = kernel.run("print('computed')")
    assert outcome.error["ename"] == "EnvironmentNotReady" and "%pixi trust" in outcome.text
    assert "computed" not in outcome.stdout and "Traceback" not in outcome.text
    assert kernel.run("!echo shell").stdout.strip() == "shell"
    assert kernel.run("import os\n%pixi status").status == "error"
    assert "trust" in kernel.client.kernel_info(reply=True, timeout=20)["content"]["banner"]
    assert kernel.run("%pixi trust").status == "ok"
    kernel.manager.restart_kernel(now=False)
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.value("import sys; print(sys.prefix)") == str(workspace.prefix)


def test_a_queue_stops_and_python_runs_only_on_request(made, start):
    kernel = start(made(IPYKERNELS[7], trusted=False))
    first, second = kernel.send("x = 1"), kernel.send("print('computed')")
    assert kernel.wait(first).status == "error"
    reply = kernel.client.get_shell_msg(timeout=20)
    assert reply["parent_header"]["msg_id"] == second and reply["content"]["status"] in ("aborted", "error")
    assert "Jupyter's own Python" in kernel.run("%pixi rescue python").text
    assert kernel.value("import sys; print(sys.executable)") == sys.executable


def test_a_broken_manifest_is_told_with_its_place(made, start):
    workspace = made(IPYKERNELS[7])
    workspace.manifest.write_text(workspace.manifest.read_text() + "\n[dependencies\n")
    workspace.trust()
    outcome = start(workspace).run("1")
    assert "(broken)" in outcome.text and re.search(r"pixi\.toml:\d+", outcome.text), outcome.text


def test_a_workspace_that_is_gone(made, start, isolated_home, tmp_path):
    import shutil

    from support.kernels import kernel

    workspace = made(IPYKERNELS[7])
    shutil.rmtree(workspace.root)
    with kernel("pixi.weather.default", isolated_home, tmp_path) as running:
        assert running.run("1").error["ename"] == "EnvironmentNotReady"


def test_interrupting_a_slow_activation_ends_in_the_rescue_kernel(made, isolated_home, tmp_path):
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import KernelManager

    script = tmp_path / "slow.sh"
    script.write_text(f"touch {tmp_path}/begun\nsleep 60\n")
    workspace = made(IPYKERNELS[7], activation={"needs_shell": True, "scripts": [str(script)]})
    folder = str(isolated_home.kernels / "share/jupyter/kernels")
    specs = KernelSpecManager(kernel_dirs=[folder], ensure_native_kernel=False)
    manager = KernelManager(kernel_name="pixi.weather.default", kernel_spec_manager=specs)
    manager.start_kernel(cwd=str(workspace.root), env=isolated_home.environ)
    client = manager.client()
    try:
        while not (tmp_path / "begun").exists():
            time.sleep(0.05)
        manager.interrupt_kernel()
        client.start_channels()
        client.wait_for_ready(timeout=30)
        reply = client.execute_interactive("1", timeout=20, output_hook=lambda message: None)
        assert reply["content"]["ename"] == "EnvironmentNotReady" and "interrupted" in reply["content"]["evalue"]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def site_packages(workspace):
    """What is installed in a workspace's prefix; byte code comes with the first import."""
    found = workspace.prefix.glob("lib/python3*/site-packages/*")
    return sorted(path.name for path in found if path.name != "__pycache__")


def test_a_python_without_ipykernel_gets_one_that_fits(made, start, isolated_home):
    workspace = made("tornado<6.5", kernels=("python3",))
    before = site_packages(workspace)
    kernel = start(workspace, timeout=120)
    outcome = kernel.run("import sys, ipykernel, tornado; print(sys.prefix, tornado.version, ipykernel.__file__)")
    if outcome.status == "error" and "ipykernel" in outcome.text and "fetch" in outcome.text.lower():
        pytest.skip("no package index can be reached")
    prefix, version, place = outcome.stdout.split()
    assert prefix == str(workspace.prefix) and version.startswith("6.4")
    assert isolated_home.environ["XDG_CACHE_HOME"] in place
    assert "overlays" in kernel.value("print(sys.path[-1])")
    assert "%pixi add" in kernel.run("%pixi").text
    assert before == site_packages(workspace)
    assert kernel.value("import tornado; print(tornado.__file__)").startswith(str(workspace.prefix))


def test_only_the_default_kernel_is_laid_over(made, start):
    workspace = made(IPYKERNELS[7], kernels=("ir",))
    outcome = start(workspace, "pixi.weather.default.ir").run("1")
    assert "no kernel 'ir'" in outcome.text


# --- while the engine works (a stand-in for it: what it does is tested elsewhere)

STARTER = """
import sys
from jupyter_pixi.kernels import launch, slow
slow.PATIENCE = 1.0
slow.engine = lambda request: [sys.executable, "-c", {engine!r}]
launch.main(sys.argv[1:])
"""
ENGINE = """
import json, os, shutil, sys, time
fd = int(sys.argv[sys.argv.index("--events-fd") + 1])
def say(**event): os.write(fd, (json.dumps(event) + "\\n").encode())
"""
INSTALL = """
say(event="phase", phase="link", title="Linking 4 packages", total=4)
say(event="progress", phase="link", done=1, total=4)
time.sleep(4)
shutil.move({kept!r}, {state!r})
say(event="result", data={{}})
"""
REFUSE = """
say(event="phase", phase="solve", title="Solving")
say(event="failed", code="lock-out-of-date", text="The lock does not fulfil the manifest.")
"""


@pytest.fixture
def with_engine(isolated_home):
    """`with_engine(act)`: the published kernelspec runs a launcher whose engine does `act`."""

    def publish(act):
        path = isolated_home.kernels / "share/jupyter/kernels/pixi.weather.default/kernel.json"
        document = json.loads(path.read_text())
        at = document["argv"].index("-m")
        document["argv"][at : at + 2] = ["-c", STARTER.format(engine=ENGINE + act)]
        path.write_text(json.dumps(document))

    return publish


def install_later(workspace):
    """Takes the state file away; returns what an engine does that brings it after four seconds."""
    kept = workspace.root / "kept"
    workspace.state_file.rename(kept)
    return INSTALL.format(kept=str(kept), state=str(workspace.state_file))


def test_a_client_without_patience_is_told_how_far_it_is(made, start, with_engine):
    workspace = made(IPYKERNELS[7])
    with_engine(install_later(workspace))
    kernel = start(workspace)
    outcome = kernel.run("1")
    assert "1 of 4" in outcome.text and "restart" in outcome.text
    while not workspace.state_file.exists():  # it goes on without the kernel that started it
        time.sleep(0.1)
    assert "is ready: restart" in kernel.run("1").text
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    assert kernel.value("import sys; print(sys.prefix)") == str(workspace.prefix)


def test_a_server_waits_and_queued_cells_run(made, start, with_engine):
    workspace = made(IPYKERNELS[7])
    with_engine(install_later(workspace))
    kernel = start(workspace, env={"JUPYTER_PIXI_SERVER": str(os.getpid())})
    assert kernel.value("import sys; print(sys.prefix)") == str(workspace.prefix)


def test_what_is_installed_starts_with_a_warning_where_the_lock_may_not_change(made, start, with_engine):
    workspace = made(IPYKERNELS[7])
    workspace.lock.write_text(workspace.lock.read_text() + "# of somebody else\n")
    workspace.trust()
    with_engine(REFUSE)
    outcome = start(workspace).run("import sys; print(sys.prefix)")
    assert str(workspace.prefix) in outcome.stdout
    assert "installed before" in outcome.text and "The lock does not fulfil the manifest." in outcome.text
