"""Turns "use another environment" into an environment that is ready to start, and a request to restart the kernel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import PixiError, UnsupportedPlatform
from .context import Context
from .installing.prepare import prepare
from .workspace import open_workspace


@dataclass(frozen=True)
class Switched:
    """What a front end has to do: restart the kernel on `environment` of the workspace called `workspace`."""

    workspace: str
    environment: str
    message: str
    prepared: dict[str, Any] = field(default_factory=dict)
    moves: bool = True

    def data(self, kernel: str) -> dict[str, Any]:
        """The document of the Result event (kind "switch"); `kernel` is the name of the environment's kernelspec."""
        return {
            "kind": "switch",
            "environment": self.environment,
            "kernel": kernel,
            "restart_requested": {"environment": self.environment, "kernel": kernel} if self.moves else False,
            "install": self.prepared.get("install"),
            "message": self.message,
        }


async def switch(context: Context, environment: str) -> Switched:
    """Make the environment ready and ask for the restart.

    Raises PixiError outside of a notebook, for an environment that does not exist, and for one that cannot run here
    or has no kernel.
    """
    if context.caller is None:
        raise PixiError(
            "`switch` restarts a notebook's kernel, and this is none.",
            help=f"In a cell: `%pixi switch {environment}`. On the command line use `-e {environment}`.",
        )
    opened = open_workspace(context)
    opened.environment(environment)
    name = opened.manifest.workspace.name
    if environment == context.caller.environment:
        return Switched(name, environment, f"This notebook is on `{environment}` already.", moves=False)
    try:
        prepared = await prepare(replace(context, caller=None), environment)
    except UnsupportedPlatform as error:
        error.help = error.help or "It can be locked and exported here, but not started."
        raise
    return Switched(name, environment, f"The kernel starts again on `{environment}`.", prepared)
