"""Source packages: what cannot be built here is handed to Pixi where it is installed, and said where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_pixi.cli.main import main

MANIFEST = """\
[workspace]
name = "w"
channels = []
platforms = ["linux-64"]
preview = ["pixi-build"]

[dependencies]
built = { path = "./built" }
"""


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that needs a source package, in a private home, with no `pixi` on PATH."""
    root = tmp_path / "ws"
    root.mkdir()
    (root / "pixi.toml").write_text(MANIFEST)
    monkeypatch.chdir(root)
    for name in ("HOME", "PIXI_HOME", "PIXI_CACHE_DIR", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return root


def pixi(root: Path, script: str) -> None:
    """Puts a program called `pixi` on PATH."""
    folder = root.parent / "bin"
    folder.mkdir()
    (folder / "pixi").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "pixi").chmod(0o755)


def test_without_pixi_one_sentence_says_what_is_missing(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lock"]) == 1
    error = capsys.readouterr().err
    assert "needs 'built' to be built from source" in error and "Traceback" not in error
    assert not (space / "pixi.lock").exists()


def test_the_same_command_is_given_to_pixi(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixi(space, 'echo "$@ in $PWD" > asked.txt')
    assert main(["add", "--restart", "lib>=1"]) == 0
    assert (space / "asked.txt").read_text() == f"add lib>=1 in {space}\n"
    assert "Pixi itself does it" in capsys.readouterr().err
    assert (space / "pixi.toml").read_text() == MANIFEST


def test_a_failure_of_pixi_is_a_failure(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pixi(space, "exit 3")
    assert main(["lock"]) == 1
    assert "ended with status 3" in capsys.readouterr().err


def test_a_program_that_is_this_one_is_asked_only_once(space: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixi(space, "touch asked.txt")
    monkeypatch.setenv("JUPYTER_PIXI_HANDED_OVER", "1")
    assert main(["lock"]) == 1
    assert not (space / "asked.txt").exists()
