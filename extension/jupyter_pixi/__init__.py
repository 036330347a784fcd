"""A notebook's environment as something you declare, lock and change live: Pixi workspaces in Jupyter."""

from __future__ import annotations

__version__ = "0.1.0"
PIXI_VERSION = "0.77.0"
"""The Pixi whose behaviour and file formats this follows (`requires-pixi` is compared with it)."""
