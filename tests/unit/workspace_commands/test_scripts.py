"""Scripts with an inline block: what is written into them, and beside them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture
def script(pixi, folder: Path, channel: str, monkeypatch: pytest.MonkeyPatch) -> Path:  # type: ignore[no-untyped-def]
    """A script that asks for no Python: the channel has none."""
    path = folder / "plot.py"
    path.write_text(
        f"""#!/usr/bin/env python
# /// script
# dependencies = []
#
# [tool.pixi.workspace]
# channels = ["{channel}"]
# platforms = ["linux-64"]
# [tool.pixi.dependencies]
# tool = "*"
# ///

print("hi")
"""
    )
    return path


def test_init_puts_a_block_behind_the_shebang(pixi, folder: Path) -> None:
    path = folder / "a.py"
    path.write_text("#!/usr/bin/env python\nprint(1)\n")
    path.chmod(0o755)
    assert pixi("init", "--script", "a.py", "-c", "conda-forge").status == 0
    assert path.read_text() == (
        '#!/usr/bin/env python\n#\n# /// script\n# requires-python = ">=3.11"\n# dependencies = []\n#\n'
        '# [tool.pixi.workspace]\n# channels = ["conda-forge"]\n# ///\n\nprint(1)\n'
    )
    assert os.access(path, os.X_OK)
    assert pixi("init", "--script", "a.py").status == 1
    assert pixi("init", "--script", "new.py").status == 0
    assert (folder / "new.py").read_text().endswith("# ///\n")
    assert pixi("init", "--script", "a.txt").status == 2
    assert pixi("init", "x", "--script", "b.py").status == 2
    assert sorted(p.name for p in folder.iterdir()) == ["a.py", "new.py"]


def test_the_block_is_edited_and_the_code_stays(pixi, script: Path) -> None:
    manifest_error = pixi("add", "--script", "plot.py", "nothing-like-this")
    assert manifest_error.status == 1
    before = script.read_text()
    _, code = before.split("# ///\n\n")
    ran = pixi("workspace", "channel", "add", "--script", "plot.py", (script.parent.parent / "channel").as_uri())
    assert ran.status == 0
    assert script.read_text() == before
    ran = pixi("workspace", "platform", "add", "--script", "plot.py", "osx-arm64")
    assert ran.status == 0
    assert '# platforms = ["linux-64", "osx-arm64"]\n' in script.read_text()
    assert script.read_text().endswith("# ///\n\n" + code)
    assert [p.name for p in script.parent.iterdir()] == ["plot.py"]
    assert pixi("workspace", "platform", "add", "--script", "plot.py", "-f", "x", "win-64").status == 1


def test_locked_needs_a_lock_beside_it(pixi, script: Path) -> None:
    for flag in ("--locked", "--frozen"):
        ran = pixi("tree", "--script", "plot.py", flag)
        assert (ran.status, "plot.py.pixi.lock" in ran.err) == (1, True)
    assert pixi("list", "--script", "plot.py", "-e", "default").status == 1
    assert pixi("list", "--script", "nothing.py").status == 1
    assert pixi("list", "--script", "pixi.toml").status == 2


@pytest.mark.parametrize("words", [("add", "x"), ("remove", "x"), ("list",), ("tree",), ("run",)])
def test_a_script_has_no_places(pixi, script: Path, words: tuple[str, ...]) -> None:
    before = script.read_text()
    ran = pixi(words[0], "--script", "plot.py", "--environment", "test", *words[1:])
    assert ran.status == 1 and f"`pixi {words[0]} --script` does not support --environment" in ran.err
    assert "one implicit default run environment" in ran.err and script.read_text() == before


def test_a_script_without_a_block(pixi, folder: Path) -> None:
    (folder / "b.py").write_text("print(1)\n")
    ran = pixi("add", "--script", "b.py", "tool")
    assert (ran.status, "PEP 723" in ran.err) == (1, True)
    assert (folder / "b.py").read_text() == "print(1)\n"
