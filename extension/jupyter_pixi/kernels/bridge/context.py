"""What the launcher hands over, or what this process shows -> where the kernel stands (`Context`).

How the launcher hands over
    `JUPYTER_PIXI_BRIDGE` in the kernel's environment is a JSON object, or the number of an inherited descriptor
    from which the object is read (the better way: no child of the kernel inherits the host's variables, and no
    limit on a variable's length applies). The bridge takes the variable away. Keys, all but the first optional:
    `python` (host interpreter), `environ` (the host's variables before activation), `manifest`, `environment`,
    `prefix`, `connection_file`, `launcher` (argv that starts this kernel again), `server` (true: a front end
    restarts kernels when an operation asks for it), `rescue` (true in the rescue kernel), `warning` (text that
    the first cell shows, once).
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Sequence

from .files import read_text, same_file

HANDOVER = "JUPYTER_PIXI_BRIDGE"
NOTE = ".starts"  # what a connection file's name has behind it where the launcher counts starts in vain


@dataclass(frozen=True)
class Context:
    """Which engine to run, with which variables, for which workspace and environment."""

    python: str
    environ: Mapping[str, str]
    manifest: Optional[str] = None
    environment: Optional[str] = None
    prefix: Optional[str] = None
    connection_file: Optional[str] = None
    launcher: Sequence[str] = ()
    server: bool = False
    rescue: bool = False
    warning: Optional[str] = None

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Context:
        """The context of a hand-over (see above); a newer launcher's further keys are passed over.

        Raises KeyError where `python` is missing.
        """
        known = {name: document[name] for name in cls.__dataclass_fields__ if document.get(name) is not None}
        known.setdefault("environ", dict(os.environ))
        known["python"] = document["python"]
        return cls(**known)

    @classmethod
    def handed_over(cls, environ: Any = os.environ) -> Optional[Context]:
        """What the launcher gave, taken out of `environ`; None if this kernel was not started by it."""
        value = environ.pop(HANDOVER, None)
        if not value:
            return None
        if value.isdigit():
            with os.fdopen(int(value), encoding="utf-8") as stream:
                value = stream.read()
        return cls.from_document(json.loads(value))

    @classmethod
    def of_this_process(cls) -> Context:
        """For `%load_ext jupyter_pixi`: this interpreter has the engine.

        The prefix that holds the interpreter says which workspace it belongs to; an activated environment says it
        too (`PIXI_*`). Otherwise the engine looks for one from the working directory upwards, each time.
        """
        environ = {name: value for name, value in os.environ.items() if name != HANDOVER}
        manifest, environment = _workspace_of(sys.prefix)
        prefix = sys.prefix if manifest else None  # type: Optional[str]
        if manifest is None and environ.get("PIXI_IN_SHELL"):
            manifest, environment = environ.get("PIXI_PROJECT_MANIFEST"), environ.get("PIXI_ENVIRONMENT_NAME")
            prefix = environ.get("CONDA_PREFIX")
        return cls(
            python=sys.executable,
            environ=environ,
            manifest=manifest,
            environment=environment,
            prefix=prefix,
            connection_file=_connection_file(),
            server=bool(environ.get("JPY_SESSION_NAME")),
        )

    @property
    def owns_interpreter(self) -> bool:
        """Whether this interpreter is the one of the environment's prefix (the rescue kernel's is not)."""
        return bool(self.prefix) and same_file(str(self.prefix), sys.prefix)


def _workspace_of(prefix: str) -> tuple[Optional[str], Optional[str]]:
    """The manifest and the environment's name for which Pixi made a prefix, from its `conda-meta/pixi`."""
    try:
        marker = json.loads(read_text(os.path.join(prefix, "conda-meta"), "pixi"))
        if os.path.isfile(marker["manifest_path"]):
            return str(marker["manifest_path"]), str(marker["environment_name"])
    except (ValueError, KeyError, TypeError):
        pass
    return None, None


def _connection_file() -> Optional[str]:
    app_class = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
    if app_class is None or not app_class.initialized():
        return None
    path = app_class.instance().abs_connection_file
    return str(path) if path else None
