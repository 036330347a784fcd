"""Turns a page with JupyterLab into its environments panel at a workspace, and waits for what it shows."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from .jupyter_server import Running

AXE = Path(__file__).resolve().parents[2] / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
LONG = 60_000  # milliseconds for what solves, installs or starts a kernel


def show(page: Any, name: str, environment: str | None = None) -> Any:
    """Opens the panel at a workspace and one of its environments."""
    page.evaluate("() => { window.jupyterapp.commands.execute('jupyter-pixi:open') }")
    panel = page.locator(".jp-pixi-Panel")
    panel.wait_for(timeout=20_000)
    option = panel.locator(f".jp-pixi-Chooser option[value$='/{name}/pixi.toml']")
    title = panel.locator(".jp-pixi-Title", has_text=name)  # of the only workspace there is
    option.or_(title).first.wait_for(state="attached", timeout=20_000)
    if option.count():
        panel.get_by_role("combobox", name="Workspace").select_option(value=option.get_attribute("value"))
    if environment is not None:
        panel.get_by_role("option", name=re.compile(f"^{environment} ?")).first.click()
    panel.get_by_role("button", name="Add a package").wait_for(timeout=20_000)
    return panel


def offered(panel: Any, text: str, name: str) -> Any:
    """Types into the field for a package until its list offers `name`; a list closes where the focus goes elsewhere."""
    field = panel.get_by_role("combobox", name="Package to add")
    option = panel.get_by_role("option", name=name)
    for _ in range(10):
        field.fill("")
        field.fill(text)
        with suppress(Exception):
            option.wait_for(timeout=LONG / 10)
            return option
    raise AssertionError(f"{name} is not offered for {text}: {panel.inner_text()}")


def operation(panel: Any, state: str) -> Any:
    """The operation that the panel shows, once it is in a state."""
    card = panel.locator(f".jp-pixi-OperationCard[data-state={state}]")
    card.first.wait_for(timeout=LONG)
    return card.first


def execute(page: Any, source: str, printed: str | None = None) -> None:
    """Runs the cell of the notebook in front, and waits until its output holds a text."""
    page.evaluate(
        """source => {
            const notebook = window.jupyterapp.shell.currentWidget.content;
            notebook.activeCell.model.sharedModel.setSource(source);
            window.jupyterapp.commands.execute('notebook:run-cell');
        }""",
        source,
    )
    if printed is not None:
        page.locator(".jp-OutputArea-output", has_text=printed).first.wait_for(timeout=LONG)


def open_notebook(
    page: Any, lab: Running, name: str, environment: str, source: str = "1 + 1", *, wait: bool = True
) -> None:
    """Opens a notebook of an environment, and waits for its kernel."""
    kernel = {"name": f"pixi.{name}.{environment}", "display_name": f"{name} · {environment}"}
    cell = {"cell_type": "code", "id": "a", "execution_count": None, "metadata": {}, "source": source, "outputs": []}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": [cell]}
    (lab.root / name / "a.ipynb").write_text(json.dumps(document))
    page.wait_for_function(
        "name => name in (window.jupyterapp.serviceManager.kernelspecs.specs?.kernelspecs ?? {})",
        arg=kernel["name"],
        timeout=20_000,
    )
    path = f"{name}/a.ipynb"
    page.evaluate("path => { window.jupyterapp.commands.execute('docmanager:open', {path}) }", path)
    if not wait:
        page.locator(".jp-NotebookPanel").wait_for(timeout=LONG)
        return
    page.wait_for_function(
        "path => { const w = window.jupyterapp.shell.currentWidget;"
        " return w?.context?.path === path && w.sessionContext?.session?.kernel?.status === 'idle' }",
        arg=path,
        timeout=LONG,
    )


def accessible(page: Any, selector: str) -> None:
    """Nothing serious is found by axe below an element."""
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("selector => axe.run(selector, {resultTypes: ['violations']})", selector)
    serious = [
        (one["id"], [node["html"][:200] for node in one["nodes"]])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert not serious, serious
