"""A kernel's command for another workspace than its own: what the kernel has loaded does not concern it."""

from __future__ import annotations

import json
import os
from argparse import Namespace

import pytest
from jupyter_pixi.cli.output import Output, context_of


@pytest.fixture
def folder(tmp_path):
    for name in ("own", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pixi.toml").write_text(f'[workspace]\nname = "{name}"\nchannels = []\nplatforms = []\n')
    (tmp_path / "link").symlink_to(tmp_path / "own")
    return tmp_path


@pytest.mark.parametrize(
    ("named", "is_own"),
    [(None, True), ("own/pixi.toml", True), ("link", True), ("other/pixi.toml", False), ("other", False)],
)
def test_only_commands_for_its_own_workspace_have_a_caller(folder, named, is_own):
    reading, writing = os.pipe()
    document = {"environment": "default", "manifest": str(folder / "own/pixi.toml"), "prefix": str(folder)}
    with os.fdopen(writing, "w") as pipe:
        json.dump(document, pipe)
    path = str(folder / named) if named else None
    context = context_of(Namespace(output=Output.plain(), manifest_path=path, caller_fd=reading))
    assert (context.caller is not None) == is_own
