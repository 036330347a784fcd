"""This repository's own Binder image, really built by repo2docker from the files that git has, and used in it.

conda-forge's packages are not asked for: the copy's sample is locked anew, under conda-forge's own URLs, against a
channel that stands in for it as a mirror. Everything else of `binder/` is as it is committed.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_pixi.demo.channel import channel
from jupyter_pixi.demo.recipe import DEMO
from jupyter_pixi.demo.sample import Content, manifest
from support.docker_engine import Engine
from support.homes import Home
from support.repo2docker import repo2docker
from support.servers import server

pytestmark = pytest.mark.full

REPOSITORY = Path(__file__).resolve().parents[2]
CONFIG = '[mirrors]\n"https://conda.anaconda.org/conda-forge" = ["{url}"]\n'
SERVER = """\
import os, sys
import jupyterlab.labapp
os.execvp("jupyter-lab", sys.argv)
"""
"""What BinderHub starts, after it has looked whether JupyterLab can be imported."""

ASK = """\
import urllib.request as r
answer = r.urlopen(r.Request("http://127.0.0.1:{port}/{path}{mark}token=t"))
print(answer.geturl()); print(answer.read().decode())
"""
CELL = """\
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="pixi.weather.cpu", cwd="demo/sample")
for code in {cells!r}:
    reply = client.execute_interactive(code, timeout=120)
    assert reply["content"]["status"] == "ok", reply["content"]
manager.shutdown_kernel(now=True)
"""


@pytest.fixture
def mirror() -> Iterator[str]:
    """The URL of a channel that stands in for conda-forge."""
    with server(channel(DEMO)) as running:
        yield running.url


@pytest.fixture
def repository(tmp_path: Path, mirror: str, isolated_home: Home, engine: Callable, host) -> Path:
    """What a clone of this repository has, with its sample locked against the mirror."""
    root = tmp_path / "repository"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, root / name)
    config = Path(isolated_home.environ["XDG_CONFIG_HOME"]) / "pixi/config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(CONFIG.format(url=mirror))
    sample = root / "demo/sample"
    (sample / "pixi.toml").write_text(manifest(Content("conda-forge", host.subdir)))
    (sample / "pixi.lock").unlink()
    done = engine("lock", cwd=sample)
    assert done.returncode == 0, done.stderr
    lock = (sample / "pixi.lock").read_text()
    assert "https://conda.anaconda.org/conda-forge/" in lock
    assert mirror not in lock
    return root


@pytest.fixture
def image(docker: Engine, repository: Path, mirror: str, tmp_path: Path) -> str:
    """The image, built on a base that knows the mirror."""
    if docker.run("image", "inspect", "node:22-bookworm-slim", check=False).returncode:
        pytest.skip("there is no Node.js here that could be copied into an image")
    base = tmp_path / "base"
    base.mkdir()
    (base / "config.toml").write_text(CONFIG.format(url=mirror))
    (base / "Dockerfile").write_text("FROM python:3.12-slim-bookworm\nCOPY config.toml /etc/pixi/config.toml\n")
    docker.run("tag", "python:3.12-slim-bookworm", "test/python")
    docker.build(base, "python:3.12-slim-bookworm")
    try:
        repo2docker(docker, repository, tmp_path, "sample-binder", timeout=1800)
    finally:
        docker.run("tag", "test/python", "python:3.12-slim-bookworm")
    return "sample-binder"


def test_the_image_is_built_and_its_kernels_run(docker: Engine, image: str):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = ["python3", "-c", SERVER, "--ip=127.0.0.1", f"--port={port}", "--IdentityProvider.token=t"]
    docker.run("run", "--detach", "--network=host", "--name", "binder", image, *start)
    try:
        deadline = time.monotonic() + 120
        while (
            "pixi.weather.cpu" not in (listed := ask(docker, port, "api/kernelspecs")) and time.monotonic() < deadline
        ):
            time.sleep(1)
        specs = json.loads(listed.partition("\n")[2])["kernelspecs"]
        assert {"pixi.weather.cpu", "pixi.weather.cuda"} <= specs.keys()
        assert specs["pixi.weather.cuda"]["spec"]["display_name"].endswith("(unavailable)")
        assert "/lab/tree/demo/sample/weather.ipynb" in ask(docker, port, "").partition("\n")[0]
        assert docker.run("exec", "binder", "id", "-u").stdout.strip() == "1000"
        extensions = docker.run("exec", "binder", "jupyter", "labextension", "list")
        assert "jupyter-pixi" in extensions.stdout + extensions.stderr
        assert docker.run("exec", "binder", "bash", "-c", "command -v node", check=False).returncode == 1
        docker.run("exec", "binder", "jupyterhub-singleuser", "--version")
        cells = (
            "import os, sys; print(os.getuid(), sys.prefix)",
            "%pixi add cowsay\nimport cowsay; print(cowsay.__file__)",
        )
        said = docker.run("exec", "binder", "python", "-c", CELL.format(cells=cells)).stdout
        assert "1000 /home/jovyan/demo/sample/.pixi/envs/cpu" in said
        assert "/home/jovyan/demo/sample/.pixi/envs/cpu/lib" in said.splitlines()[-1]
        added = docker.run("exec", "binder", "grep", "cowsay", "demo/sample/pixi.toml").stdout
        assert added.startswith("cowsay = ")
        notebook = ["jupyter", "nbconvert", "--to=notebook", "--execute", "--stdout", "demo/sample/weather.ipynb"]
        assert "frost_days" in docker.run("exec", "binder", *notebook).stdout
    finally:
        logs = docker.run("logs", "binder", check=False)
        print((logs.stdout + logs.stderr)[-3000:])
        docker.run("rm", "--force", "binder", check=False)


def ask(docker: Engine, port: int, path: str) -> str:
    """What the server answers: the URL in the end, a line break, the content."""
    program = ASK.format(port=port, path=path, mark="&" if "?" in path else "?")
    return docker.run("exec", "binder", "python", "-c", program, check=False).stdout
