"""The process's variables -> which environment a command means when it names none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from ..errors import PixiError
from ..manifest.model import DEFAULT, Manifest

T = TypeVar("T")


def default_environment(manifest: Manifest, environ: Mapping[str, str]) -> str:
    """The environment that is active for this workspace, else `default`. Raises PixiError when it is unknown."""
    root = environ.get("PIXI_PROJECT_ROOT")
    if environ.get("PIXI_IN_SHELL") and (not root or Path(root) == manifest.root):
        name = environ.get("PIXI_ENVIRONMENT_NAME", DEFAULT)
        environment_named(name, manifest.environments)
        return name
    return DEFAULT


def environment_named(name: str, environments: Mapping[str, T]) -> T:
    """The environment of that name. Raises PixiError "unknown environment" with the names that there are."""
    found = environments.get(name)
    if found is None:
        names = ", ".join(environments)
        raise PixiError(
            f"unknown environment '{name}'",
            help=f"The environments of this workspace: {names}.",
            code="unknown-environment",
        )
    return found
