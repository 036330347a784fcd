"""Turns `python -m jupyter_pixi ARGUMENTS` into the command line."""

from __future__ import annotations

import os

if __name__ == "__main__":
    try:
        from .cli.main import entry
    except KeyboardInterrupt:  # nothing is begun that could be taken back
        os._exit(130)
    entry()
