"""Turns a prefix before and after a change into the activation variables that a running kernel has to take over."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import PixiError
from ...prefix.activation import Static, evaluate
from ...prefix.statefile import read_state

_NEVER = ("CONDA_SHLVL", "PWD", "OLDPWD", "SHLVL", "_")


def variables(prefix: Path, environ: Mapping[str, str]) -> dict[str, str] | None:
    """What activating the prefix sets, for a host with this environment; None where it cannot be told.

    Scripts run for it, as they do at a start. What they set may be secret: it is handed on and never written.
    """
    state = read_state(prefix)
    if state is None:
        return None
    try:
        found = evaluate(Static.from_dict(state["activation"]), environ).variables
    except (PixiError, KeyError, TypeError, OSError):
        return None
    return {k: v for k, v in found.items() if k not in _NEVER and not k.startswith("CONDA_ENV_SHLVL_")}


def changes(before: Mapping[str, str] | None, after: Mapping[str, str] | None) -> dict[str, Any] | None:
    """`{"set": {…}, "unset": […]}`, or None when nothing has to be done (or nothing is known)."""
    if before is None or after is None:
        return None
    setting = {key: value for key, value in after.items() if before.get(key) != value}
    if set(setting.get("PATH", "").split(os.pathsep)) <= set(before.get("PATH", "").split(os.pathsep)):
        setting.pop("PATH", None)  # the same folders: what a running kernel put there itself is its own
    unset = [key for key in before if key not in after]
    return {"set": setting, "unset": unset} if setting or unset else None
