"""Kernels start as Jupyter expects, wherever the environment stands, and say why where it cannot be."""

from __future__ import annotations

from support.workspaces import PLAIN

CUDA = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}", { name = "with-cuda", platform = "{subdir}", cuda = "12" }]

[dependencies]
python = "*"
ipykernel = "*"

[feature.cpu]
platforms = ["{subdir}"]

[feature.cuda]
platforms = ["with-cuda"]
dependencies = { nvidia-ml-py = "*" }

[environments]
cpu = ["cpu"]
cuda = ["cuda"]
"""

LANGUAGES = PLAIN + 'calysto-bash = "*"\n'


def test_a_start_that_has_to_install_runs_what_was_queued(workspace, start_kernel):
    made = workspace()
    made.do("lock")
    made.do("kernels", "install", "--prefix", str(made.home.kernels))
    assert not made.prefix().exists()
    kernel = start_kernel("pixi.weather.default", made.root)
    assert kernel.value("import sys\nprint(sys.prefix)") == str(made.prefix())


def test_a_start_that_has_to_lock(workspace, start_kernel):
    made = workspace()
    made.do("trust")
    made.do("kernels", "install", "--prefix", str(made.home.kernels))
    kernel = start_kernel("pixi.weather.default", made.root)
    assert kernel.value("import sys\nprint(sys.prefix)") == str(made.prefix())
    assert made.lock.exists()


def test_an_environment_that_cannot_run_here(installed, notebook):
    workspace = installed(CUDA, environment="cpu")
    kernel = notebook(workspace, "cuda")
    outcome = kernel.run("print('computed')")
    assert outcome.status == "error" and outcome.error["ename"] == "EnvironmentNotReady"
    assert "__cuda" in outcome.text or "CUDA" in outcome.text
    assert "computed" not in outcome.stdout
    magic = kernel.run("%pixi status")
    assert magic.status == "ok" and "cuda" in magic.text


def test_the_same_environment_with_an_override(installed, notebook):
    workspace = installed(CUDA, environment="cpu")
    kernel = notebook(workspace, "cuda", env={"CONDA_OVERRIDE_CUDA": "12"})
    assert kernel.value("import pynvml, sys\nprint(sys.prefix)") == str(workspace.prefix("cuda"))


def test_an_untrusted_workspace_asks(workspace, start_kernel, isolated_home):
    made = workspace()
    made.do("lock")
    made.do("kernels", "install", "--prefix", str(made.home.kernels))
    # somebody else's change: a script that would run at the next start
    made.manifest.write_text(made.manifest.read_text() + '\n[activation]\nscripts = ["hello.sh"]\n')
    (made.root / "hello.sh").write_text("touch was-run\n")
    kernel = start_kernel("pixi.weather.default", made.root)
    outcome = kernel.run("1 + 1")
    assert outcome.status == "error" and "trust" in outcome.text
    assert not (made.root / "was-run").exists() and not made.prefix().exists()


def test_modules_beside_the_notebook_break_nothing(installed, notebook):
    workspace = installed(PLAIN + '\n[activation.env]\nPYTHONPATH = "/nowhere"\n')
    (workspace.root / "json.py").write_text("raise RuntimeError('the wrong json')\n")
    kernel = notebook(workspace)
    outcome = kernel.run("%pixi add cowsay\nimport cowsay")
    assert outcome.status == "ok", outcome.text


def test_a_kernel_of_another_language(installed, start_kernel):
    workspace = installed(LANGUAGES)
    rows = {row["name"]: row for row in workspace.json("kernels", "list")}
    assert "Bash" in rows["pixi.weather.default.calysto-bash"]["display_name"]
    kernel = start_kernel("pixi.weather.default.calysto-bash", workspace.root)
    assert str(workspace.prefix() / "bin/python") in kernel.run("command -v python").text
    assert kernel.run("echo $JUPYTER_PIXI_BRIDGE-").stdout.strip() == "-"


XEUS = PLAIN.replace('ipykernel = "*"\n', "") + '\n[pypi-dependencies]\nxeus-python = "*"\n'


def test_a_python_kernel_that_is_not_ipykernel(installed, start_kernel):
    workspace = installed(XEUS)
    rows = {row["name"]: row for row in workspace.json("kernels", "list")}
    assert rows["pixi.weather.default.xpython"]["state"] == "ready"
    kernel = start_kernel("pixi.weather.default.xpython", workspace.root)
    shown = kernel.run("import os, sys\nprint(sys.prefix, os.environ['CONDA_PREFIX'])").text
    assert shown.split()[-2:] == [str(workspace.prefix())] * 2
