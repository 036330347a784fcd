"""Scripts with a PEP 723 block."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose
from jupyter_pixi.errors import ManifestError, ManifestNotFound
from jupyter_pixi.manifest import parse_manifest, read_script
from jupyter_pixi.manifest.model import CondaSpec, Platform, PypiSpec
from jupyter_pixi.manifest.script import find_block, with_platforms

TOOL = dedent(
    """\
    #!/usr/bin/env python
    # /// script
    # requires-python = ">=3.11"
    # dependencies = ["rich>=13"]
    #
    # [tool.pixi.workspace]
    # channels = ["conda-forge"]
    # platforms = ["linux-64"]
    # [tool.pixi.dependencies]
    # lib = "1.*"
    # [tool.pixi.target.unix.activation]
    # env = {A = "1"}
    # ///
    import rich
    """
)


def parse(text, name="tool.py"):
    return parse_manifest(text.encode(), Path("/x") / name)


def test_a_block_is_a_manifest():
    manifest = parse(TOOL)
    assert (manifest.kind, manifest.workspace.name, manifest.explicit_platforms) == ("script", "tool", True)
    target = manifest.features["default"].targets[0]
    assert target.dependencies == {"lib": CondaSpec(version="1.*"), "python": CondaSpec(version=">=3.11")}
    assert target.pypi_dependencies == {"rich": (PypiSpec(version=">=13"),)}
    assert list(manifest.environments) == ["default"]


def test_what_a_script_leaves_out_comes_from_elsewhere():
    manifest = parse("# /// script\n# dependencies = []\n# ///\n")
    assert not manifest.explicit_platforms and manifest.workspace.channels == ()
    here = with_platforms(manifest, (Platform("osx-64", "osx-64"),))
    environment = compose(here, Config(default_channels=("mine",)))["default"]
    assert [c.url for c in environment.channels] == ["https://conda.anaconda.org/mine/"]
    assert [p.name for p in environment.platforms] == ["osx-64"]
    assert environment.on["osx-64"].dependencies == (("python", CondaSpec(version="*")),)


def test_windows_line_ends():
    assert parse(TOOL.replace("\n", "\r\n")).workspace.name == "tool"


def test_the_last_end_of_a_block_counts():
    text = '# /// script\n# x = """\n# ///\n# """\n# ///\n'
    block = find_block(text, Path("x.py"))
    assert (block.text, block.first, block.last) == ('x = """\n///\n"""\n', 0, 4)


def test_blocks_of_other_kinds_are_not_meant():
    assert find_block("# /// other\n# a = 1\n# ///\n", Path("x.py")) is None


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("import os\n", "does not contain a PEP 723 metadata block", None, None),
        ("# /// script\n# a = 1\n", "has no end", 1, None),
        ("# /// script\n# ///\n\n# /// script\n# ///\n", "more than one script block", 4, None),
        ("\n# /// script\n# name = 1\n# ///\n", "'name' was not expected here", 3, 3),
        ("# /// script\n# [tool.pixi.tasks]\n# a = 'x'\n# ///\n", "do not support: tool.pixi.tasks", 2, 14),
        (
            "# /// script\n# [tool.pixi.workspace]\n# name = 'x'\n# ///\n",
            "do not support: tool.pixi.workspace.name",
            3,
            3,
        ),
        (
            "# /// script\n# [tool.pixi.target.unix.tasks]\n# ///\n",
            "do not support: tool.pixi.target.unix.tasks",
            2,
            None,
        ),
        ("# /// script\n# dependencies = ['a b']\n# ///\n", "not a valid PEP 508 requirement", 2, 20),
        ("# /// script\n# requires-python = 'x'\n# ///\n", "Failed to parse version", 2, None),
        ("# /// script\n# a =\n# ///\n", "not valid TOML", 2, None),
    ],
)
def test_what_is_wrong_is_pointed_at_in_the_script(text, message, line, column):
    with pytest.raises(ManifestError) as caught:
        parse(text)
    assert message in caught.value.message
    assert caught.value.place.line == line
    if column is not None:
        assert caught.value.place.column == column


def test_a_script_that_is_not_there(tmp_path):
    with pytest.raises(ManifestNotFound):
        read_script(tmp_path / "no.py")
