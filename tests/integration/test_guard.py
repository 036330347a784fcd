"""What a kernel stands on: libraries it has mapped, its Python, ipykernel, and Jupyter in the workspace itself."""

from __future__ import annotations

import dataclasses
import os
import re
import site
import subprocess
from pathlib import Path

import jupyter_pixi
import pytest
from jupyter_pixi.demo.channel import channel
from jupyter_pixi.demo.python_package import python_packages
from jupyter_pixi.demo.recipe import Recipe
from support.recipe import text
from support.workspaces import PLAIN


def made(host):
    """A newer build of the same Python, and a Jupyter that needs `tool`, of which `mover` needs another version."""
    python, _ = python_packages(host)
    return (
        dataclasses.replace(python, build=f"host_1_{host.abi}", build_number=1),
        text("jupyterlab", "4.0", depends=("tool",)),
        text("tool", "1.0"),
        text("tool", "2.0"),
        text("mover", depends=("tool >=2",)),
        text("bystander"),
    )


@pytest.fixture(scope="module")
def second_channel() -> str:
    return channel(Recipe(name="guard", layers=(), made=made)).as_uri()


@pytest.fixture
def two_channels(installed, second_channel):
    """`two_channels(more)`: a workspace whose packages come from the test channel, and what it lacks from another."""

    def make(more: str = ""):
        return installed(PLAIN.replace('"{channel}"', f'"{{channel}}", "{second_channel}"') + more)

    return make


def test_what_the_process_has_mapped_is_loaded(installed, notebook):
    """A library that no Python distribution names (BLAS, OpenSSL) is in use when the process maps it."""
    workspace = installed(PLAIN + 'native = "1.1.*"\n')
    kernel = notebook(workspace)
    mapping = "import mmap, os, sys\nf = os.open(sys.prefix + '/share/texts/native.txt', os.O_RDONLY)\n"
    assert kernel.run(mapping + "m = mmap.mmap(f, 0, prot=mmap.PROT_READ)").status == "ok"
    before = workspace.state()
    refused = kernel.run('%pixi add "native <1.1"')
    assert refused.status == "error" and "native would move from 1.1 to 1.0" in refused.text
    assert "The change itself asks for native <1.1" in refused.text and workspace.state() == before
    gone = kernel.run("%pixi remove native")
    assert gone.status == "ok" and "native stays loaded in this kernel until it restarts" in gone.text


@pytest.mark.full
def test_a_compiled_module_from_pypi(installed, notebook):
    workspace = installed(PLAIN + '[pypi-dependencies]\nmarkupsafe = "==3.0.2"\n')
    kernel = notebook(workspace)
    assert kernel.value("import markupsafe._speedups\nprint(markupsafe.__version__)") == "3.0.2"
    before = workspace.state()
    refused = kernel.run("%pixi add --pypi markupsafe==3.0.1")
    assert refused.status == "error" and "markupsafe would move from 3.0.2 to 3.0.1" in refused.text
    assert "The change itself asks for markupsafe ==3.0.1" in refused.text and workspace.state() == before
    forced = kernel.run("%pixi add --pypi markupsafe==3.0.1 --force-loaded")
    assert "Stale in this kernel until it restarts: markupsafe" in forced.text


def test_the_kernels_own_packages_do_not_go(installed, notebook):
    workspace = installed()
    kernel = notebook(workspace)
    before = workspace.state()
    refused = kernel.run("%pixi remove ipykernel")
    assert refused.status == "error" and "This kernel itself is ipykernel" in refused.text
    refused = kernel.run("%pixi remove python ipykernel --force-loaded")
    assert refused.status == "error" and "This kernel runs on the environment's Python: python" in refused.text
    assert workspace.state() == before


@pytest.mark.full
def test_python_itself_never_moves_under_a_kernel(two_channels, notebook):
    workspace = two_channels()
    (old,) = workspace.prefix().glob("conda-meta/python-3*.json")
    kernel = notebook(workspace)
    text = workspace.manifest.read_text()
    first, second = re.search(r'channels = \[("[^"]+"), ("[^"]+")\]', text).groups()
    workspace.manifest.write_text(text.replace(f"{first}, {second}", f"{second}, {first}"))
    around = kernel.run("%pixi upgrade python")
    assert "Solved with what this kernel has loaded kept as it is: python." in around.text and old.exists()
    workspace.do("update", "--no-install")  # somebody else, in a terminal
    for words in ("install", "install --force-loaded"):
        refused = kernel.run(f"%pixi {words}")
        assert refused.status == "error" and "This kernel runs on the environment's Python" in refused.text
        assert "would be replaced by another build" in refused.text and "--restart" in refused.text
    assert old.exists()


def test_jupyter_in_the_workspace_itself(two_channels, monkeypatch):
    """The engine runs in the environment that it changes: what its server needs counts as loaded."""
    workspace = two_channels('jupyterlab = "*"\ntool = "<3"\n')
    workspace.do("add", "tool=1.0")
    folders = [Path(jupyter_pixi.__file__).parent.parent, *site.getsitepackages()]
    python = workspace.prefix() / "bin/python"

    def inside(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-P", "-m", "jupyter_pixi", *words],
            cwd=workspace.root,
            env=workspace.home.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    workspace.manifest.write_text(workspace.manifest.read_text().replace('tool = "1.0.*"', 'tool = "*"'))
    workspace.do("install")
    before = workspace.state()
    assert inside("add", "bystander", "--dry-run").returncode == 0
    refused = inside("add", "mover")
    assert refused.returncode == 1
    assert "Jupyter itself runs in the environment 'default', and the change would move what it needs" in refused.stderr
    assert "tool would move from 1.0 to 2.0" in refused.stderr
    assert "restart the Jupyter server and its kernels; or ask for another version" in refused.stderr
    assert workspace.state() == before
    around = inside("upgrade", "--dry-run")
    assert (
        around.returncode == 0
        and "Solved with what Jupyter itself needs kept as it is: tool (`--restart` moves that too)." in around.stderr
    )
    refused = inside("clean")
    assert refused.returncode == 1 and python.exists(), refused.stderr
    assert "Jupyter itself runs in the environment 'default', which would be removed under it" in refused.stderr
    workspace.do("add", "mover", "--no-install")
    for words in (("install",), ("kernels", "prepare")):
        refused = inside(*words)
        assert refused.returncode == 1, words
        assert "and the install would move what it needs:\n  tool would move from 1.0 to 2.0" in refused.stderr
    done = inside("install", "--restart")
    assert done.returncode == 0, done.stderr
    assert "Jupyter itself needs what was changed (tool): restart the Jupyter server" in done.stderr
    assert list(workspace.prefix().glob("conda-meta/tool-2.0-*"))
