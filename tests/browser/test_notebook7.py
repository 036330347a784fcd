"""The same front end in Notebook 7, which has no status bar."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_pixi.demo.channel import channel
from support.browser import REAL, load
from support.homes import make_home
from support.jupyter_server import TOKEN, Running, jupyter_server
from support.recipe import TEST
from support.workspaces import Workspace, write_manifest

ARTIFACTS = Path(__file__).resolve().parents[2] / "test-artifacts"


@pytest.fixture(scope="module")
def notebook7(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Notebook 7 on a folder with the workspace `wind`, installed."""
    root = tmp_path_factory.mktemp("notebook7")
    home = make_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("packages"))
    made = write_manifest(root / "wind", REAL, channel(TEST).as_uri()).parent
    Workspace(made, home).do("install")
    kernel = {"name": "pixi.wind.default", "display_name": "wind · default"}
    source = "import cowsay; print('it is', cowsay.__version__)"
    cell = {"cell_type": "code", "id": "a", "execution_count": None, "metadata": {}, "source": source, "outputs": []}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": [cell]}
    (made / "a.ipynb").write_text(json.dumps(document))
    with jupyter_server(root, home, app=("notebook",)) as running:
        yield running
    shutil.rmtree(root, ignore_errors=True)


def test_add_from_a_notebook(chromium: Any, notebook7: Running) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    load(page, f"{notebook7.url}notebooks/wind/a.ipynb?token={TOKEN}")
    button = page.locator(".jp-NotebookPanel-toolbar .jp-pixi-Label-button")
    button.wait_for(timeout=30_000)
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=60_000,
    )
    assert button.inner_text() == "wind · default"
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-cell') }")
    offer = page.locator(".jp-pixi-Offer")
    offer.get_by_role("button", name="Add cowsay").click(timeout=30_000)
    offer.get_by_role("button", name="Run the cell again").click(timeout=60_000)
    page.locator(".jp-OutputArea-output", has_text="it is 6.1").wait_for(timeout=20_000)
    button.click()
    page.get_by_role("menuitem", name="Show Environments").click()
    page.locator(".jp-pixi-Panel").get_by_role("button", name="Add a package").wait_for(timeout=20_000)
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=str(ARTIFACTS / "notebook7.png"))
    context.close()
