"""Whatever keeps a kernel from starting ends in one that says why and repairs it; a restart then gives the real one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from support.kernels import Kernel, Outcome
from support.workspaces import PLAIN, Workspace

WHERE = "import sys\nprint(sys.prefix)"


@dataclass(frozen=True)
class Trouble:
    """How an environment is broken, what is said of it, and the cell (or deed) that repairs it."""

    break_it: Callable[[Workspace], object]
    says: tuple[str, ...]
    repair: str | Callable[[Workspace], object]


def edit(old: str, new: str, *, trust: bool = True) -> Callable[[Workspace], None]:
    def change(workspace: Workspace) -> None:
        workspace.manifest.write_text(workspace.manifest.read_text().replace(old, new))
        if trust:
            workspace.do("trust")

    return change


def site(workspace: Workspace) -> Path:
    return next(workspace.prefix().glob("lib/python3*/site-packages"))


def replace_python(workspace: Workspace) -> None:
    (workspace.prefix() / "bin/python").unlink()
    (workspace.prefix() / "bin/python").write_text("#!/bin/sh\nexit 1\n")
    (workspace.prefix() / "bin/python").chmod(0o755)


def rename(old: str, new: str) -> Callable[[Workspace], object]:
    return lambda workspace: (workspace.root / old).rename(workspace.root / new)


def without_kernel(workspace: Workspace) -> None:
    edit('python = "*"\nipykernel', "everywhere", trust=False)(workspace)
    workspace.do("install")


QUICK = {
    "no manifest": Trouble(
        rename("pixi.toml", "gone"),
        ("(broken)", "There is no manifest any more at ", "%pixi restore"),
        rename("gone", "pixi.toml"),
    ),
    "broken manifest": Trouble(
        edit('python = "*"', "python = ", trust=False),
        ("(broken)", "not valid TOML", "pixi.toml:7:10"),
        edit("python = ", 'python = "*"', trust=False),
    ),
    "no ipykernel": Trouble(
        lambda workspace: shutil.rmtree(site(workspace) / "ipykernel"),
        ("could not start: ModuleNotFoundError: No module named 'ipykernel'", "ipykernel", "is damaged: lib/python3"),
        "%pixi install --repair",
    ),
}
LONG = {
    "wrong spec": Trouble(
        edit('ipykernel = "*"', 'ipykernel = ">=>1"', trust=False),
        ("(broken)", "'>=>1' is not a valid version", "pixi.toml:8"),
        edit('ipykernel = ">=>1"', 'ipykernel = "*"', trust=False),
    ),
    "untrusted": Trouble(
        edit('ipykernel = "*"', 'ipykernel = "*"\n[activation.env]\nNEW = "1"', trust=False),
        ("(untrusted)", "changed since you trusted it: pixi.toml", "run %pixi trust"),
        "%pixi trust",
    ),
    "no such package": Trouble(
        edit('ipykernel = "*"', 'ipykernel = "*"\nno-such = "*"'),
        ("(out-of-date)", "No candidates were found for no-such *", "look for it with `search`"),
        "%pixi remove no-such",
    ),
    "unsolvable": Trouble(
        edit('ipykernel = "*"', 'ipykernel = "*"\nherd = "*"\ncalf = "*"'),
        ("(out-of-date)", "cowsay >=6.1, which cannot be installed", "change what cannot be solved together"),
        "%pixi remove calf",
    ),
    "broken lock": Trouble(
        lambda workspace: workspace.lock.write_text("version: 7\nenvironments: [\n"),
        ("(broken)", "pixi.lock:3:1", "`lock`"),
        "!rm pixi.lock\n%pixi lock",
    ),
    "newer lock": Trouble(
        lambda workspace: workspace.lock.write_text(workspace.lock.read_text().replace("version: 7", "version: 9")),
        ("(broken)", "newer than supported", "The file is left as it is"),
        "!sed -i s/version.*9/version:\\ 7/ pixi.lock",
    ),
    "no kernel": Trouble(without_kernel, ("has no kernel", "%pixi add ipykernel"), "%pixi add python ipykernel"),
    "no python": Trouble(
        lambda workspace: (workspace.prefix() / "bin/python").unlink(),
        ("The program of its kernel is missing", "python 3", "is damaged: bin/python"),
        "%pixi install --repair",
    ),
    "damaged module": Trouble(
        lambda workspace: (site(workspace) / "zmq/__init__.py").unlink(),
        ("could not start: ImportError: ", "pyzmq", "is damaged: "),
        "%pixi install --repair",
    ),
}


def refused(outcome: Outcome) -> str:
    assert outcome.status == "error" and outcome.error["ename"] == "EnvironmentNotReady", outcome.text
    return outcome.text


def restarted(kernel: Kernel) -> Kernel:
    kernel.manager.restart_kernel(now=False)
    kernel.client.wait_for_ready(timeout=60)
    return kernel


def check(trouble: Trouble, installed: Callable[..., Workspace], notebook: Callable[..., Kernel]) -> None:
    workspace = installed()
    trouble.break_it(workspace)
    kernel = notebook(workspace)
    text = refused(kernel.run("print('computed')"))
    assert "computed" not in text.splitlines() and "The environment 'default' is not ready" in text
    assert [part for part in trouble.says if part not in text] == [], text
    assert "ready: restart" not in kernel.run("%pixi status").text
    refused(restarted(kernel).run("1"))  # again and again, and never a kernel that dies
    if callable(trouble.repair):
        trouble.repair(workspace)
    else:
        repaired = kernel.run(trouble.repair)
        assert repaired.status == "ok", repaired.text
    assert restarted(kernel).value(WHERE) == str(workspace.prefix())


@pytest.mark.parametrize("name", QUICK)
def test_what_is_broken_is_told_and_repaired(name, installed, notebook):
    check(QUICK[name], installed, notebook)


@pytest.mark.full
@pytest.mark.parametrize("name", LONG)
def test_every_reason(name, installed, notebook):
    check(LONG[name], installed, notebook)


@pytest.mark.full
def test_an_interpreter_that_ends_without_a_word(installed, notebook, start_kernel):
    """Jupyter starts such a kernel again and again with one connection file; the third start is the rescue kernel."""
    workspace = installed()
    kernel = notebook(workspace)
    replace_python(workspace)
    for _ in range(2):
        kernel.manager.restart_kernel(now=True)
        kernel.manager.provisioner.process.wait(30)
    text = refused(restarted(kernel).run("1"))
    assert "it ended several times before it could answer" in text and "is damaged: bin/python" in text
    assert kernel.run("%pixi install --repair").status == "ok"
    assert restarted(kernel).value(WHERE) == str(workspace.prefix())


@pytest.mark.full
def test_a_kernel_of_another_kind_that_ends_without_a_word(installed, notebook, start_kernel):
    workspace = installed(PLAIN + 'calysto-bash = "*"\n')
    kernel = start_kernel("pixi.weather.default.calysto-bash", workspace.root)
    assert "hello" in kernel.run("echo hello").text
    (module,) = workspace.prefix().glob("lib/python3*/site-packages/calysto_bash/__main__.py")
    (text := module.read_text(), module.unlink(), module.write_text("raise SystemExit(3)"))
    for _ in range(2):
        kernel.manager.restart_kernel(now=True)
        kernel.manager.provisioner.process.wait(30)
    told = refused(restarted(kernel).run("1"))
    assert "it ended several times before it could answer" in told
    assert kernel.run("%pixi install --repair").status == "ok" and module.read_text() == text
    assert "hello" in restarted(kernel).run("echo hello").text


@pytest.mark.full
def test_a_download_that_failed(workspace, start_kernel, slow_channel):
    made = workspace(channel=slow_channel.url)
    made.do("lock")
    made.do("kernels", "install", "--prefix", str(made.home.kernels))
    slow_channel.fail = "ipykernel-"
    kernel = start_kernel("pixi.weather.default", made.root)
    text = refused(kernel.run("1"))
    assert "(not-installed)" in text and "ipykernel" in text and "the server answered 500" in text
    assert "to install: " in text and "run %pixi install" in text
    slow_channel.fail = None
    assert "ready: restart the kernel" in kernel.run("%pixi install").text
    assert restarted(kernel).value(WHERE) == str(made.prefix())


@pytest.mark.full
def test_an_install_longer_than_the_client_waits(workspace, start_kernel, slow_channel):
    made = workspace(channel=slow_channel.url)
    made.do("lock")
    made.do("kernels", "install", "--prefix", str(made.home.kernels))
    slow_channel.stall = "ipykernel-"
    kernel = start_kernel("pixi.weather.default", made.root)
    text = refused(kernel.run("1"))
    assert "The environment is still being installed" in text and "restart the kernel when it is done" in text
    assert "now: " in text
    slow_channel.stall = None
    slow_channel.release.set()
    assert restarted(kernel).value(WHERE, timeout=120) == str(made.prefix())  # which waits for it


@pytest.mark.parametrize("tool", ["nbconvert", pytest.param("nbclient", marks=pytest.mark.full)])
def test_headless_runs_fail(installed, tool):
    workspace = installed(PLAIN.replace('ipykernel = "*"', ""))
    workspace.do("remove", "python", "--no-install")
    workspace.manifest.write_text(workspace.manifest.read_text() + '\nno-such = "*"\n')
    workspace.do("trust")
    cells = [nbformat.v4.new_code_cell("print('computed')"), nbformat.v4.new_code_cell("print('computed')")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "pixi.weather.default", "display_name": "x", "language": "python"}
    nbformat.write(notebook, workspace.root / "a.ipynb")
    commands = {
        "nbconvert": ("nbconvert", "--to", "notebook", "--execute", "--output", "b.ipynb"),
        "nbclient": ("jupyter", "execute"),
    }
    done = subprocess.run(
        [sys.executable, "-m", *commands[tool], "a.ipynb"],
        cwd=workspace.root,
        env=workspace.home.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode != 0
    assert "EnvironmentNotReady" in done.stderr and "No candidates were found for no-such" in done.stderr
