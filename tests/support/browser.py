"""Turns an address into a JupyterLab page that is ready to be used, and says what is in its workspaces."""

from __future__ import annotations

from typing import Any

REAL = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}", { name = "gpu", platform = "{subdir}", cuda = "99" }]

[dependencies]
python = "*"
ipykernel = "*"

[feature.tools.dependencies]
threadpoolctl = "*"

[feature.cuda]
platforms = ["gpu"]

[feature.cuda.dependencies]
driver-needed = "*"

[environments]
tools = ["tools"]
cuda = ["cuda"]
"""
"""The workspace of the tests in a browser; `{name}`, `{channel}` and `{subdir}` are filled in."""


def load(page: Any, url: str) -> None:
    """Open an address, and wait until JupyterLab is there."""
    page.goto(url)
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate("async () => { await window.jupyterapp.restored }")
