"""Reading a manifest from text, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from jupyter_pixi.errors import ManifestError
from jupyter_pixi.manifest import parse_manifest

settings.register_profile("manifest", deadline=None)  # the first example may import a library
settings.load_profile("manifest")

HEAD = '[workspace]\nname = "ws"\nchannels = ["conda-forge"]\nplatforms = ["linux-64", "osx-arm64"]\n'


@pytest.fixture
def read():
    """Text of a pixi.toml (after a usual [workspace] table) -> Manifest."""

    def parse(text, *, head=HEAD, name="pixi.toml", root=Path("/srv/space")):
        return parse_manifest((head + text).encode(), root / name)

    return parse


@pytest.fixture
def wrong(read):
    """Text -> the error it gives: its message, the text of the line it points at from its column on, its help."""

    def fail(text, **options):
        with pytest.raises(ManifestError) as caught:
            read(text, **options)
        error = caught.value
        whole = options.get("head", HEAD) + text
        spot = None
        if error.place is not None and error.place.line is not None:
            spot = [*whole.splitlines(), ""][error.place.line - 1][(error.place.column or 1) - 1 :]
        return error.message, spot, error.help

    return fail
