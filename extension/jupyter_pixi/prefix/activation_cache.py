"""An evaluated activation and a file -> the same activation without a shell, where the user asked for that.

Pixi's experimental setting `use-environment-activation-cache`: what scripts computed is kept in
`.pixi/activation-env-v0/activation_<environment>.json`, as a hash of what it came from and the variables that it sets.
Such values may be secrets, so nothing is written without that setting, and the file is the user's alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .. import system
from ..digests import file_digest, text_digest
from .activation import Activated, Static, evaluate

FOLDER = "activation-env-v0"


def cached(path: Path, activation: Static, environ: Mapping[str, str], cwd: Path) -> Activated:
    """The activation for a caller, from the file at `path` if that is of the same inputs, else evaluated and kept.

    Raises ActivationError as `evaluate` does. A file that cannot be written is left.
    """
    source = _source(activation, environ)
    try:
        known = json.loads(path.read_bytes())
        if known["hash"] == source:
            variables = {str(k): str(v) for k, v in known["environment_variables"].items()}
            return Activated(variables, (), activation.of_manifest, activation.warnings, dict(environ))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    found = evaluate(activation, environ, cwd=cwd)
    data = {"hash": source, "environment_variables": dict(found.variables)}
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        system.replace_file(path, json.dumps(data, indent=2).encode(), mode=0o600)
    except OSError:
        pass
    return replace(found, unset=())


def _source(activation: Static, environ: Mapping[str, str]) -> str:
    """A digest of what an activation is computed from: files, scripts, and the caller's own values of its variables."""
    touched = {"PATH", "CONDA_SHLVL", *activation.variables, *activation.env}
    data = {
        **activation.to_dict(),
        "contents": [file_digest(script) for script in activation.scripts],
        "outside": {name: environ[name] for name in sorted(touched) if name in environ},
    }
    return text_digest(json.dumps(data, sort_keys=True))
