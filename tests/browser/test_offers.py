"""What is offered and never done unasked: another kernel for a notebook, and a restart for a package that is loaded."""

from __future__ import annotations

import json
import time
from typing import Any

from support.jupyter_server import Running
from support.panel import LONG, accessible, execute, open_notebook, show


def kernel(page: Any) -> str:
    return page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.name ?? ''")


def test_a_notebook_in_a_workspace_is_offered_its_environment(page: Any, lab: Running, real: Any, picture: Any) -> None:
    workspace = real("dew")
    workspace.do("install")
    spec = {"name": "python3", "display_name": "Python 3"}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": spec}, "cells": []}
    for name in ("a", "b"):
        (workspace.root / f"{name}.ipynb").write_text(json.dumps(document))
    page.wait_for_function(
        "() => 'pixi.dew.default' in (window.jupyterapp.serviceManager.kernelspecs.specs?.kernelspecs ?? {})",
        timeout=20_000,
    )
    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:open', {path: 'dew/a.ipynb'}) }")
    bar = page.get_by_role("region", name="Offer of an environment")
    bar.wait_for(timeout=LONG)
    assert "This notebook is in the workspace dew." in bar.inner_text()
    assert kernel(page) == "python3", "nothing is switched unasked"
    accessible(page, ".jp-pixi-OfferBar")
    picture("offer-environment")
    bar.get_by_role("button", name="Run it in this environment").click()
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.name === 'pixi.dew.default'",
        timeout=LONG,
    )
    bar.wait_for(state="detached", timeout=LONG)

    page.evaluate("() => { window.jupyterapp.commands.execute('docmanager:open', {path: 'dew/b.ipynb'}) }")
    bar.get_by_role("button", name="Leave it").click(timeout=LONG)
    bar.wait_for(state="detached", timeout=LONG)
    assert kernel(page) == "python3"
    assert json.loads((workspace.root / "b.ipynb").read_text())["metadata"]["kernelspec"]["name"] == "python3"


def test_a_loaded_package_moves_only_with_a_restart(page: Any, lab: Running, real: Any, picture: Any) -> None:
    workspace = real("thaw")
    workspace.do("add", "humanize==4.9.0")
    workspace.do("install")
    open_notebook(page, lab, "thaw", "default")
    execute(page, "import humanize; print('now', humanize.__version__)", "now 4.9.0")
    panel = show(page, "thaw", "default")
    panel.get_by_role("combobox", name="Package to add").fill("humanize==4.12.3")
    panel.get_by_role("button", name="Preview").click()
    plan = panel.get_by_role("region", name="Preview")
    plan.wait_for(timeout=LONG)
    assert "humanize would move from 4.9.0 to 4.12.3" in panel.get_by_role("alert").inner_text()
    moved = plan.locator("[data-kind=up][data-loaded=true]", has_text="humanize")
    assert "4.9.0 → 4.12.3" in moved.inner_text()
    accessible(page, ".jp-pixi-Panel")
    picture("panel-loaded")
    assert "4.9.0" in workspace.manifest.read_text()
    log = lab.log.read_text()
    panel.get_by_role("button", name="Add and restart the kernel").click()
    card = panel.locator(".jp-pixi-OperationCard[data-state=done]", has_text="Added humanize==4.12.3")
    card.wait_for(timeout=LONG)
    assert "Restart the kernel" not in card.inner_text(), "it does that by itself"
    deadline = time.monotonic() + 60
    while "Kernel restarted" not in lab.log.read_text()[len(log) :]:
        assert time.monotonic() < deadline, "the kernel was not restarted"
        page.wait_for_timeout(200)
    shown = page.locator(".jp-OutputArea-output", has_text="then 4.12.3").first
    deadline = time.monotonic() + 120
    while not shown.is_visible():  # the page can miss the output of a cell that runs before it hears the new kernel
        assert time.monotonic() < deadline, "the kernel did not come back with the other humanize"
        execute(page, "import humanize; print('then', humanize.__version__)")
        page.wait_for_timeout(5_000)
