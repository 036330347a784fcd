"""The oldest JupyterLab that is supported: launcher, panel, cells, status bar, the lock file's difference."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_pixi.demo.channel import channel
from support.browser import REAL, load
from support.homes import make_home
from support.jupyter_server import TOKEN, Running, jupyter_server
from support.panel import LONG, execute, open_notebook, show
from support.recipe import TEST
from support.workspaces import Workspace, write_manifest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def oldest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """JupyterLab 4.0 with this package, both from wheels, on a folder with the workspace `calm`, installed."""
    root = tmp_path_factory.mktemp("oldest")
    home = make_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("packages"))
    venv = tmp_path_factory.mktemp("venv") / "venv"
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    subprocess.run([uv, "venv", "-q", "-p", sys.executable, venv], check=True)
    python = str(venv / "bin/python")
    subprocess.run([uv, "pip", "install", "-q", "-p", python, "jupyterlab~=4.0.0", str(REPOSITORY)], check=True)
    made = write_manifest(root / "calm", REAL, channel(TEST).as_uri()).parent
    Workspace(made, home).do("install")
    with jupyter_server(root, home, python=python, env={"CONDA_OVERRIDE_CUDA": "11"}) as running:
        yield running


@pytest.mark.full
def test_it_all_works_there(chromium: Any, oldest: Running) -> None:
    page = chromium.new_context(viewport={"width": 1280, "height": 860}).new_page()
    load(page, f"{oldest.url}lab?reset&token={TOKEN}")
    assert page.evaluate("window.jupyterapp.version").startswith("4.0.")
    page.wait_for_selector(".jp-LauncherCard.jp-pixi-mod-unavailable[title^='calm · cuda']", timeout=LONG)
    open_notebook(page, oldest, "calm", "default")
    execute(page, "%pixi add cowsay\nimport cowsay; print('it is', cowsay.__version__)", "it is 6.1")
    page.locator(".jp-OutputArea .jp-pixi-Operation", has_text="cowsay").wait_for(timeout=LONG)
    status = page.locator("#jp-main-statusbar .jp-pixi-Label-button")
    status.filter(has_text="calm · default").click(timeout=LONG)
    page.get_by_role("menuitem", name="Show Environments").wait_for(timeout=LONG)
    page.keyboard.press("Escape")
    page.locator(".lm-Menu").wait_for(state="detached", timeout=LONG)
    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:open', {path: 'calm/pixi.lock'}) }")
    page.locator(".jp-pixi-LockView tr[data-kind=added]", has_text="cowsay").first.wait_for(timeout=LONG)
    panel = show(page, "calm", "default")
    panel.get_by_role("combobox", name="Package to add").fill("humanize")
    panel.get_by_role("button", name="Preview").click()
    panel.get_by_role("region", name="Preview").locator("[data-kind=added]", has_text="humanize").wait_for(timeout=LONG)
