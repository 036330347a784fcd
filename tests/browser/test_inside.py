"""Jupyter in the workspace itself: JupyterLab and this package in the environment that they change."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jupyter_pixi.demo.channel import channel
from jupyter_pixi.demo.python_package import interpreter
from jupyter_pixi.demo.recipe import Recipe
from support.browser import load
from support.homes import make_home
from support.jupyter_server import TOKEN, Running, jupyter_server
from support.panel import LONG, execute, open_notebook, show
from support.recipe import text
from support.workspaces import Workspace

REPOSITORY = Path(__file__).resolve().parents[2]
JUPYTER = Recipe(
    name="jupyter",
    layers=(("jupyterlab>=4.4,<5", "cowsay==6.1"), ("traitlets<5.15",)),
    made=lambda host: (text("bystander"),),
)
"""JupyterLab and what it needs as conda packages, and older traitlets that it takes as well."""

CONDA = """\
[workspace]
name = "inside"
channels = ["{channel}"]
platforms = ["{subdir}"]
conda-pypi-map = { "{channel}" = "names.json" }

[dependencies]
python = "*"
jupyterlab = "*"

[pypi-dependencies]
jupyter-pixi = { path = "{repository}", editable = true }
"""
PYPI = """\
[workspace]
name = "inside"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
python = "*"

[pypi-dependencies]
jupyterlab = ">=4.4,<5"
jupyter-pixi = { path = "{wheel}" }
"""


@dataclass(frozen=True)
class Inside:
    """A running JupyterLab, and the workspace in whose environment it runs."""

    lab: Running
    workspace: Workspace
    pypi: bool  # where its JupyterLab comes from

    def terminal(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`jupyter pixi …` in a terminal where the environment is active."""
        return subprocess.run(
            [self.workspace.prefix() / "bin/jupyter", "pixi", *words],
            cwd=self.workspace.root,
            env=self.workspace.home.environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def operation(self, **document: Any) -> dict[str, Any]:
        """An operation over REST, and how it ended."""
        manifest = str(self.workspace.manifest)
        try:
            started = self.lab.post("jupyter-pixi/api/operations", {"manifest": manifest, **document})
        except urllib.error.HTTPError as error:
            refused: dict[str, Any] = json.load(error)
            return refused
        while True:
            found: dict[str, Any] = self.lab.get(f"jupyter-pixi/api/operations/{started['id']}?manifest={manifest}")
            if found["state"] != "running":
                return found
            time.sleep(0.2)

    def done(self, flag: str) -> None:
        """Wait until the last operation is one with this flag, and has been done."""
        last: dict[str, Any] = {}
        for _ in range(300):
            last = self.lab.get("jupyter-pixi/api/operations")["operations"][0]
            if flag in last["command"] and last["state"] == "done":
                return
            time.sleep(0.2)
        raise AssertionError(last)

    def traitlets(self) -> str:
        """The version that is installed."""
        found = self.workspace.prefix().glob("lib/python3*/site-packages/traitlets-*.dist-info")
        return " ".join(info.name.removeprefix("traitlets-").removesuffix(".dist-info") for info in found)


@pytest.fixture(scope="session")
def jupyter_channel() -> str:
    """The channel's URL; made before a browser's event loop runs."""
    return channel(JUPYTER).as_uri()


@contextmanager
def inside(kind: str, source: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    folder = tmp_path_factory.mktemp("folder")
    home = make_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("packages"))
    root = folder / "inside"
    root.mkdir()
    wheel = ""
    if kind == "pypi":
        build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(folder), str(REPOSITORY)]
        subprocess.run(build, check=True, capture_output=True)
        wheel = next(folder.glob("*.whl")).as_posix()
    manifest = {"conda": CONDA, "pypi": PYPI}[kind]
    values = {"channel": source, "subdir": interpreter().subdir, "repository": str(REPOSITORY)}
    for key, value in {**values, "wheel": wheel}.items():
        manifest = manifest.replace("{" + key + "}", value)
    (root / "pixi.toml").write_text(manifest)
    folders = [Path(urlsplit(source).path) / subdir for subdir in ("noarch", interpreter().subdir)]
    rows = [
        row for each in folders for row in json.loads((each / "repodata.json").read_text())["packages.conda"].values()
    ]
    names = {row["name"]: row["name"].replace("_", "-") for row in rows if row.get("purls")}
    (root / "names.json").write_text(json.dumps(names))
    workspace = Workspace(root, home)
    workspace.do("install", timeout=600)
    assert workspace.json("status")["environments"][0]["state"] == "ready"
    jupyter = workspace.prefix() / "bin/jupyter"
    run = ("pixi", "run", "--manifest-path", str(workspace.manifest), "jupyter") if kind == "pypi" else ()
    inherited = {"PIXI_IN_SHELL": "1", "PIXI_PROJECT_NAME": "another", "CONDA_PREFIX": "/another", "CONDA_SHLVL": "1"}
    with jupyter_server(folder, home, installed=(jupyter, *run, "lab"), env=inherited) as lab:
        yield Inside(lab, workspace, kind == "pypi")


@pytest.fixture(params=["conda", "pypi"])
def lab(
    request: pytest.FixtureRequest, jupyter_channel: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Inside]:
    """JupyterLab from conda packages with an editable checkout, and from PyPI with a wheel of it."""
    with inside(request.param, jupyter_channel, tmp_path_factory) as running:
        yield running


OLDER = "traitlets<5.15"
REFUSED = "Jupyter itself runs in the environment 'default', and the change would move what it needs"
RESTART = "restart the Jupyter server and its kernels; or ask for another version"


@pytest.mark.full
def test_the_server_stays_alive_on_what_it_needs(chromium: Any, lab: Inside) -> None:
    workspace, running = lab.workspace, lab.lab
    page = chromium.new_context(viewport={"width": 1280, "height": 860}).new_page()
    load(page, f"{running.url}lab?reset&token={TOKEN}")
    open_notebook(page, running, "inside", "default")
    inherited = "[v for k, v in os.environ.items() if k.startswith(('PIXI_', 'CONDA_')) and 'another' in v]"
    execute(page, f"import os; print({inherited}, 'inherited')", "[] inherited")
    execute(page, "%pixi add cowsay\nimport cowsay; print('moo', cowsay.__version__)", "moo 6.1")

    before, traitlets = workspace.state(), lab.traitlets()
    flag = "--pypi " if lab.pypi else ""
    execute(page, f"%pixi add {flag}'{OLDER}'", RESTART)
    assert page.locator(".jp-OutputArea-output", has_text=REFUSED).count()
    for words in (("add", *flag.split(), OLDER), ("remove", *flag.split(), "jupyterlab")):
        refused = lab.terminal(*words)
        assert refused.returncode == 1 and REFUSED in refused.stderr and RESTART in refused.stderr, refused.stderr
    ended = lab.operation(command="add", packages=[OLDER], pypi=lab.pypi)
    assert ended["state"] == "failed" and REFUSED in str(ended), ended
    for ended in (lab.terminal("clean").stderr, str(lab.operation(command="clean"))):
        assert "which would be removed under it" in ended
    execute(page, "%pixi clean", "which would be removed under it")
    assert workspace.state() == before and lab.traitlets() == traitlets

    panel = show(page, "inside", "default")
    if lab.pypi:
        panel.get_by_role("combobox", name="Where the package comes from").select_option("pypi")
    panel.get_by_role("combobox", name="Package to add").fill(OLDER)
    panel.get_by_role("button", name="Preview").click()
    panel.get_by_role("button", name="Add and restart the kernel").wait_for(timeout=LONG)
    assert REFUSED in panel.inner_text()
    assert "restart the Jupyter server and its kernels" in panel.get_by_role("region", name="Preview").inner_text()
    panel.get_by_role("button", name="Add and restart the kernel").click()
    lab.done("--restart")
    assert lab.traitlets() not in ("", traitlets)
    printed = page.locator(".jp-OutputArea-output", has_text=f"now {lab.traitlets()}").first
    for _ in range(6):  # what is run while a kernel is exchanged is lost
        execute(page, "import traitlets; print('now', traitlets.__version__)")
        with suppress(Exception):
            printed.wait_for(timeout=LONG / 6)
            break
    assert printed.count()

    execute(page, "%pixi undo", RESTART.split(";")[0])
    ended = lab.operation(command="undo", restart=True)
    assert ended["state"] == "done" and workspace.state() == before and lab.traitlets() == traitlets, ended
    assert f"Jupyter itself needs what was changed (traitlets): {RESTART.split(';')[0]}." in str(ended)
    (workspace.prefix() / "lib").glob("python3*/site-packages/cowsay/__init__.py").__next__().unlink()
    execute(page, "%pixi install --repair", "cowsay 6.1 is damaged")
    execute(page, "%pixi upgrade\nprint('still', 'here')", "still here")
    execute(page, "%pixi status", "ready")
    load(page, f"{running.url}lab?reset&token={TOKEN}")
    assert running.kernelspecs()["pixi.inside.default"]["spec"]["metadata"]["jupyter-pixi"]["state"] == "ready"
