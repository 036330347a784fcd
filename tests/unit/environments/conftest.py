"""Environments from the text of a manifest."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose
from jupyter_pixi.manifest import parse_manifest

PATH = Path("/srv/space/pixi.toml")


@pytest.fixture
def manifest():
    """Platforms and further text of a pixi.toml -> Manifest."""

    def parse(text="", platforms='["linux-64"]', workspace=""):
        head = f'[workspace]\nname = "ws"\nchannels = ["base"]\nplatforms = {platforms}\n{workspace}\n'
        return parse_manifest((head + text).encode(), PATH)

    return parse


@pytest.fixture
def composed(manifest):
    """The same -> environments by name."""

    def make(*arguments, config=None, **options):
        return compose(manifest(*arguments, **options), config or Config())

    return make
