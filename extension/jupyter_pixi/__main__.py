"""Turns `python -m jupyter_pixi ARGUMENTS` into the command line."""

from __future__ import annotations

from .cli.main import entry

if __name__ == "__main__":
    entry()
