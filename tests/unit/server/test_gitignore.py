"""Which folders git ignores: our reading of .gitignore against git's own, where git is there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from jupyter_pixi.server import gitignore

TEXT = """\
# a comment
build/
/only-here
nested/deep
*.egg-info
!keep.egg-info
**/anywhere
data/**
a/**/z
dist-?
[xy]bin
[!a-c]ar
\\#hash
trailing   
!
back\\*slash
"""  # noqa: W291

FOLDERS = [
    "build", "src/build", "only-here", "src/only-here", "nested/deep", "src/nested/deep", "x.egg-info",
    "keep.egg-info", "src/keep.egg-info", "anywhere", "p/q/anywhere", "data", "data/one", "a/z", "a/b/c/z", "b/z",
    "dist-1", "dist-12", "xbin", "zbin", "bar", "car", "dar", "#hash", "trailing", "trailing   ", "back*slash",
    "backxslash", "plain", "a comment",
]  # fmt: skip


def by_us(folder: str) -> bool:
    """Ignored if the folder or one above it is, as a scan meets them."""
    files = [("", gitignore.parse(TEXT))]
    parts = folder.split("/")
    return any(gitignore.ignores(files, "/".join(parts[: i + 1])) for i in range(len(parts)))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the reference here")
def test_same_as_git(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text(TEXT)
    for folder in FOLDERS:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    asked = "\0".join(FOLDERS)
    done = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", "-z", "--stdin", "--no-index"],
        input=asked, capture_output=True, text=True,
    )  # fmt: skip
    by_git = set(done.stdout.split("\0")) - {""}
    assert len(by_git) > 10
    assert {folder for folder in FOLDERS if by_us(folder)} == by_git


def test_inner_file_wins() -> None:
    outer, inner = gitignore.parse("out\n"), gitignore.parse("!out\n")
    assert gitignore.ignores([("", outer)], "sub/out")
    assert not gitignore.ignores([("", outer), ("sub", inner)], "sub/out")


def test_anchored_to_its_folder() -> None:
    patterns = gitignore.parse("/out\n")
    assert gitignore.ignores([("sub", patterns)], "sub/out")
    assert not gitignore.ignores([("sub", patterns)], "sub/deeper/out")
