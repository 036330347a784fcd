"""The launch page in a real browser: what it says, the one question, the progress, the open notebook."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from support.git_server import git_server, publish
from support.jupyter_server import TOKEN, Running, jupyter_server

NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.fixture
def hub(workspace, tmp_path: Path, isolated_home) -> Iterator[tuple[Running, str]]:
    """JupyterLab that may fetch from a git server on this machine, and a repository there."""
    source = workspace(name="shared")
    (source.root / "tour.ipynb").write_text(json.dumps(NOTEBOOK))
    source.do("lock")
    shutil.rmtree(source.root / ".pixi", ignore_errors=True)
    publish(source.root, tmp_path / "repositories/shared.git")
    (tmp_path / "server").mkdir()
    with git_server(tmp_path / "repositories") as url:
        allowed = "--JupyterPixi.launch_hosts=http://127.0.0.1"
        base_url = "/user/alice%40example.org/"  # as JupyterHub writes it for such a name
        with jupyter_server(tmp_path / "server", isolated_home, allowed, base_url=base_url) as running:
            yield running, f"{url}/shared.git"


def test_a_link_becomes_an_open_notebook(hub: tuple[Running, str], chromium: Any) -> None:
    running, repo = hub
    page = chromium.new_context().new_page()
    asked = urlencode({"repo": repo, "urlpath": "lab/tree/tour.ipynb", "token": TOKEN})
    page.goto(f"{running.url}jupyter-pixi/launch?{asked}", timeout=60_000)
    assert page.locator("h1").inner_text() == "Open this workspace?"
    assert "Would be installed" in page.locator("pre").inner_text()
    assert not (running.root / "shared").exists()
    page.locator("#agree").click()
    page.wait_for_selector("#progress, .jp-NotebookPanel", timeout=60_000)
    page.wait_for_url("**/lab/tree/shared/tour.ipynb", timeout=120_000)
    page.wait_for_selector(".jp-NotebookPanel", timeout=60_000)
    assert (running.root / "shared/.pixi/envs/default/bin/python").exists()


def test_a_hostile_link_shows_why_not_and_runs_no_script(hub: tuple[Running, str], chromium: Any) -> None:
    running, _ = hub
    page = chromium.new_context().new_page()
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    for repo in ("https://evil.example/x", "<img src=x onerror=alert(1)>", "ext::sh -c id"):
        page.goto(f"{running.url}jupyter-pixi/launch?{urlencode({'repo': repo, 'token': TOKEN})}")
        assert page.locator("[role=alert]").count() == 1
        assert page.locator("#agree").count() == 0
    assert dialogs == []
    assert not list(running.root.glob("*"))
