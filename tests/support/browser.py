"""Turns an address into a JupyterLab page that is ready to be used."""

from __future__ import annotations

from typing import Any


def load(page: Any, url: str) -> None:
    """Open an address, and wait until JupyterLab is there."""
    page.goto(url)
    page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    page.evaluate("async () => { await window.jupyterapp.restored }")
