"""Fixtures of the tests in a browser: one JupyterLab and one Chromium for all of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_pixi.demo.channel import channel
from support.browser import REAL, load
from support.homes import make_home
from support.jupyter_server import BUILT, TOKEN, Running, jupyter_server
from support.recipe import TEST
from support.servers import Server
from support.servers import server as slow_server
from support.workspaces import WITH_CUDA, Workspace, write_manifest

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A JupyterLab whose root holds the workspace `weather`."""
    if not (BUILT / "package.json").exists():
        pytest.fail("The front end is not built: run `npm --prefix labextension run build`.")
    root = tmp_path_factory.mktemp("lab")
    write_manifest(root / "weather", WITH_CUDA)
    home = make_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("packages"))
    with jupyter_server(root, home, env={"CONDA_OVERRIDE_CUDA": "11"}) as running:
        yield running


@pytest.fixture(scope="session")
def channel_server() -> Iterator[Server]:
    """The test channel over loopback HTTP, which stalls where a test wants it to."""
    with slow_server(channel(TEST)) as running:
        yield running


@pytest.fixture
def real(lab: Running, channel_server: Server, request: pytest.FixtureRequest) -> Iterator[Callable[..., Workspace]]:
    """`real(name)`: a workspace in JupyterLab's root over the test channel; gone after the test."""
    made: list[Path] = []

    def make(name: str, manifest: str = REAL) -> Workspace:
        root = lab.root / name
        made.append(root)
        write_manifest(root, manifest, channel_server.url)
        return Workspace(root, lab.home)

    yield make
    for root in made:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium. Not for the whole session: its event loop keeps other tests from having one."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any, lab: Running) -> Iterator[Any]:
    """A page with JupyterLab, restored and empty but for a launcher."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    load(page, f"{lab.url}lab?reset&token={TOKEN}")
    yield page
    context.close()
    assert not [error for error in errors if "pixi" in error], errors


@pytest.fixture
def picture(page: Any):
    """`picture(name)`: keeps a picture of the page for people."""
    ARTIFACTS.mkdir(exist_ok=True)

    def take(name: str) -> None:
        page.screenshot(path=str(ARTIFACTS / f"{name}.png"))

    return take
