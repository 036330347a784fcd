"""Turns a manifest that is being tried into the file on disk, for as long as a resolver reads it there.

A package whose source is the workspace itself gets its metadata from the very pyproject.toml that is to be changed;
Pixi writes that file before it solves, too. The journal makes sure that the old one comes back after a crash.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from ... import system
from ...errors import PixiError
from ..policy import refuse_if_frozen
from ..trusting import expect, is_trusted
from ..workspace import OpenWorkspace
from . import journal
from .journal import Journal, digest, digest_of, state_folder, step


def is_needed(opened: OpenWorkspace) -> bool:
    """Whether some PyPI dependency is built from the folder of the manifest, which is a pyproject.toml."""
    if opened.manifest.kind != "pyproject":
        return False
    root = os.path.realpath(opened.root)
    return any(
        spec.path is not None and os.path.realpath(os.path.join(root, spec.path)) == root  # noqa: PTH118
        for environment in opened.environments.values()
        for on in environment.on.values()
        for _, spec in on.pypi_dependencies
    )


@contextmanager
def on_disk(opened: OpenWorkspace, environ: Mapping[str, str]) -> Iterator[None]:
    """The manifest of `opened` stands on disk inside, and what stood there before stands there again afterwards.

    What somebody else writes there meanwhile is left. `environ` tells where trust is kept. Raises PixiError where it
    cannot be written, Refused where changes are frozen.
    """
    path = opened.manifest.path
    if not is_needed(opened):
        yield
        return
    old = path.read_bytes()
    if old == opened.manifest_data:
        yield
        return
    refuse_if_frozen(opened.manifest, environ)
    try:
        # Committing this plan is going back: what is staged is the old content.
        back = journal.plan(path, opened.manifest_data, old, state_folder(opened.root))
        back = journal.Planned(back.path, digest(old), digest(opened.manifest_data), back.staged, back.saved)
        if is_trusted(opened, environ):
            expect(opened, {str(path): digest(opened.manifest_data)}, environ)
        journal.write(opened.root, Journal("tentative", (back,)))
        system.replace_file(path, opened.manifest_data, in_place=True)
    except OSError as error:
        raise PixiError(f"Cannot write {path}: {error.strerror}.", code="cannot-write") from None
    step("tentative")
    try:
        yield
    finally:
        with suppress(OSError):
            if digest_of(path) == back.new:
                system.replace_file(path, old, in_place=True)
            journal.discard((back,))
            journal.remove(opened.root)
