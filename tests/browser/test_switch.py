"""`%pixi switch` in JupyterLab: the kernel starts again on the other environment, and the notebook says so."""

from __future__ import annotations

import json
from typing import Any

from support.jupyter_server import Running
from support.panel import LONG, execute, open_notebook

PREFIX = "import sys; print('on', sys.prefix.rsplit('/', 1)[-1])"


def test_a_notebook_follows_the_switch_of_its_cell(page: Any, lab: Running, real: Any, picture: Any) -> None:
    workspace = real("ice")
    workspace.do("install", "-e", "default", "-e", "tools")
    open_notebook(page, lab, "ice", "default", PREFIX)
    execute(page, PREFIX, "on default")
    execute(page, "%pixi switch tools", "starts again")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.content.model.getMetadata('kernelspec').name === 'pixi.ice.tools'",
        timeout=LONG,
    )
    execute(page, PREFIX, "on tools")
    page.locator(".jp-NotebookPanel-toolbar .jp-KernelName", has_text="ice · tools").wait_for(timeout=20_000)
    picture("switched")
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    saved = lab.root / "ice" / "a.ipynb"
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=20_000)
    kernelspec = json.loads(saved.read_text())["metadata"]["kernelspec"]
    assert (kernelspec["name"], kernelspec["display_name"]) == ("pixi.ice.tools", "ice · tools")
    (session,) = [s for s in lab.get("api/sessions") if s["path"] == "ice/a.ipynb"]
    assert session["kernel"]["name"] == "pixi.ice.tools"
