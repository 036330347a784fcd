"""Turns an environment into where its prefix is and which of its platforms this machine is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..config import cache_folder
from ..environments import PlatformChoice, choose_platform, host
from ..environments.model import Environment
from ..lockfile import packages
from ..lockfile.model import LockFile
from ..manifest.model import Platform
from ..prefix.paths import prefix_path
from .context import Context
from .scripts import prefix_folder
from .workspace import OpenWorkspace


def prefix_of(opened: OpenWorkspace, environment: str) -> Path:
    """The prefix of an environment (it may not exist)."""
    if opened.manifest.kind == "script":
        return prefix_folder(opened.manifest, os.environ) / environment
    return prefix_path(
        opened.root,
        environment,
        opened.manifest.workspace.name,
        opened.config.detached_environments,
        cache_folder(os.environ),
    )


def runs_from(prefix: Path) -> bool:
    """Whether this program runs in that environment: Jupyter lives in the workspace itself."""
    return os.path.realpath(prefix) == os.path.realpath(sys.prefix)


def locked_requirements(lock: LockFile | None, environment: str) -> dict[str, tuple[str, ...]]:
    """Platform -> the virtual packages that its locked conda packages need."""
    locked = lock.environments.get(environment) if lock is not None else None
    if locked is None:
        return {}
    return {
        platform: tuple(spec for p in rows if p.kind != "pypi" for spec in packages.depends(p) if spec.startswith("__"))
        for platform, rows in locked.packages.items()
    }


def choice(opened: OpenWorkspace, environment: Environment, context: Context, lock: LockFile | None) -> PlatformChoice:
    """The platform of an environment for this machine."""
    return choose_platform(environment, host(context.environ), locked_requirements(lock, environment.name))


def target_platform(
    opened: OpenWorkspace, environment: str, context: Context, lock: LockFile | None
) -> Platform | None:
    """The platform that an environment would be installed for here; None where it cannot run."""
    found = opened.environments.get(environment)
    return choice(opened, found, context, lock).platform if found is not None else None
