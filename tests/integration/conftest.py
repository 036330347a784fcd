"""Fixtures of the tests that go all the way: an installed workspace and a kernel of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import docker_engine
from support.base_images import base_images
from support.homes import Home
from support.kernels import Kernel
from support.servers import server
from support.workspaces import PLAIN, Workspace


@pytest.fixture
def installed(workspace: Callable[..., Workspace]) -> Callable[..., Workspace]:
    """`installed(manifest=PLAIN, environment="default")`: a workspace, locked, installed, its kernelspecs published."""

    def make(manifest: str = PLAIN, *, environment: str = "default", **options: str) -> Workspace:
        made = workspace(manifest, **options)
        made.do("install", "--environment", environment)
        made.do("kernels", "install", "--prefix", str(made.home.kernels))
        return made

    return make


@pytest.fixture
def notebook(start_kernel: Callable[..., Kernel]) -> Callable[..., Kernel]:
    """`notebook(workspace, environment="default")`: the environment's kernel, in the workspace's folder."""

    def start(workspace: Workspace, environment: str = "default", **options: object) -> Kernel:
        return start_kernel(f"pixi.{workspace.root.name}.{environment}", workspace.root, **options)

    return start


@pytest.fixture
def slow_channel(test_channel_folder: Path, isolated_home: Home, tmp_path_factory: pytest.TempPathFactory):
    """The test channel on a server that stalls or fails on demand; the home gets a package cache of its own."""
    cache = str(tmp_path_factory.mktemp("cache"))
    isolated_home.environ.update(PIXI_CACHE_DIR=cache, RATTLER_CACHE_DIR=cache)
    with server(test_channel_folder) as running:
        yield running


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[docker_engine.Engine]:
    """A docker engine of the tests' own, with the base images that Dockerfiles name."""
    folder = tmp_path_factory.mktemp("docker")
    try:
        root = docker_engine.tools(docker_engine.cache())
        system = docker_engine.base_system(docker_engine.cache(), root)
        with docker_engine.engine(folder, root) as running:
            base_images(running, system, folder)
            yield running
    except docker_engine.Unavailable as reason:
        pytest.skip(str(reason))
