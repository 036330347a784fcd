"""The fixtures all tests share: the test channel, a private home, workspaces, the engine, kernels."""

from __future__ import annotations

import datetime
import functools
import os
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from jupyter_pixi.demo.channel import channel
from jupyter_pixi.demo.python_package import Interpreter, interpreter
from jupyter_pixi.demo.recipe import DEMO
from support.homes import Home, make_home
from support.kernels import Kernel, kernel
from support.recipe import TEST
from support.workspaces import PLAIN, Workspace, run_engine, write_manifest

_THIRD = "JUPYTER_PIXI_TEST_THIRD"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds `--third`: which third of the long tests to run."""
    help_text = "which third of the `full` tests: 0, 1, 2, all, or today (the default: the day chooses)"
    parser.addoption("--third", default="today", choices=["today", "all", "0", "1", "2"], help=help_text)


def pytest_configure(config: pytest.Config) -> None:
    """Fixes the third once, before workers start: midnight must not split a run."""
    third = config.getoption("--third")
    if third == "today":
        third = str(datetime.datetime.now(datetime.UTC).date().toordinal() % 3)
    os.environ.setdefault(_THIRD, third)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the long tests of the other thirds, unless a test was named on the command line."""
    third = os.environ[_THIRD]
    if third == "all" or any("::" in argument for argument in config.args):
        return
    others = [i for i in items if i.get_closest_marker("full") and zlib.crc32(i.nodeid.encode()) % 3 != int(third)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="session")
def host() -> Interpreter:
    """The interpreter that runs the tests, as the channel's packages see it."""
    return interpreter()


@pytest.fixture(scope="session")
def test_channel_folder() -> Path:
    """The test channel's folder (support/recipe.py says what is in it): built once per machine, never to be changed."""
    return channel(TEST)


@pytest.fixture(scope="session")
def test_channel(test_channel_folder: Path) -> str:
    """The test channel's file:// URL."""
    return test_channel_folder.as_uri()


@pytest.fixture(scope="session")
def demo_channel() -> str:
    """The file:// URL of the demo's channel: polars, pandas, altair. Larger; for the tests of the main job."""
    return channel(DEMO).as_uri()


@pytest.fixture(scope="session")
def package_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package cache shared by all tests of a run, over all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "package-cache"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def isolated_home(
    tmp_path_factory: pytest.TempPathFactory, package_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Home:
    """A private home: `.environ` for child processes, and this process's own environment set to it."""
    home = make_home(tmp_path_factory.mktemp("home"), package_cache)
    for key in os.environ.keys() - home.environ.keys() - {"PYTEST_CURRENT_TEST", _THIRD}:
        monkeypatch.delenv(key)
    for key, value in home.environ.items():
        monkeypatch.setenv(key, value)
    return home


@pytest.fixture
def engine(isolated_home: Home, tmp_path: Path) -> Callable[..., object]:
    """`engine(*argv, cwd=tmp_path, env={}, timeout=120)`: the command as a child, in the private home."""
    return functools.partial(run_engine, cwd=tmp_path, home=isolated_home)


@pytest.fixture
def workspace(tmp_path: Path, isolated_home: Home, test_channel: str) -> Callable[..., Workspace]:
    """`workspace(manifest=PLAIN, name="weather", channel=test_channel)`: a new folder with this pixi.toml.

    What is filled in says `support.workspaces.write_manifest`.
    """

    def make(manifest: str = PLAIN, *, name: str = "weather", channel: str = test_channel) -> Workspace:
        return Workspace(write_manifest(tmp_path / name, manifest, channel).parent, isolated_home)

    return make


@pytest.fixture
def start_kernel(isolated_home: Home):
    """`start_kernel(name, cwd, env={}, timeout=60) -> Kernel`: by kernelspec's name; shut down after the test."""
    with ExitStack() as running:

        def start(name: str, cwd: Path, **options: object) -> Kernel:
            return running.enter_context(kernel(name, isolated_home, cwd, **options))

        yield start
