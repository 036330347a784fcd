"""Turns a command that the user gave into the record that its workspace is trusted (see `trust`)."""

from __future__ import annotations

from collections.abc import Mapping

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


def is_trusted(opened: OpenWorkspace, environ: Mapping[str, str]) -> bool:
    """Whether a kernel of the workspace, as it is on disk, would start without a question."""
    return trust.check(str(opened.root), environ).trusted


def expect(opened: OpenWorkspace, upcoming: Mapping[str, str | None], environ: Mapping[str, str]) -> None:
    """Record that the user also agrees to what manifest and lock are about to be (path -> SHA-256, None: to go).

    A kernel that starts after the change was cut short is then the user's own as well. `remember` ends that.
    """
    try:
        trust.record(str(opened.root), trust.what_runs(opened.manifest, opened.lock), environ, upcoming)
    except OSError:
        return  # `remember` will tell
