"""A notebook's environment as something you declare, lock and change live: Pixi workspaces in Jupyter."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"
PIXI_VERSION = "0.77.0"
"""The Pixi whose behaviour and file formats this follows (`requires-pixi` is compared with it)."""


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext jupyter_pixi`: gives this IPython the `%pixi` magic, where the launcher has not done so."""
    from .kernels import bridge

    bridge.load(shell)
