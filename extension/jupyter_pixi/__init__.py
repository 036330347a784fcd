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


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tells a Jupyter server that this package extends it, and with what."""
    from .server.app import JupyterPixi

    return [{"module": "jupyter_pixi.server.app", "app": JupyterPixi}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tells where the built lab extension is (for `jupyter labextension develop`)."""
    return [{"src": "labextension", "dest": "jupyter-pixi"}]
