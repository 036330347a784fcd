"""Turns a command that the user gave into the record that its workspace is trusted (see `trust`)."""

from __future__ import annotations

from .. import trust
from .context import Context
from .workspace import OpenWorkspace


def remember(opened: OpenWorkspace, context: Context) -> None:
    """Record that the user works with this workspace as it now is. Where nothing can be recorded, nothing happens."""
    if opened.manifest.kind == "script":
        return
    try:
        trust.record(str(opened.root), trust.what_runs(opened.manifest, opened.lock), context.environ)
    except OSError as error:
        context.warn(f"That this workspace is trusted could not be noted: {error.strerror}.")
