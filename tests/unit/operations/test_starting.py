"""What a start would do is told in full: what is missing, from where, what is built, sourced and evaluated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_pixi.environments.host import current_subdir
from jupyter_pixi.operations.context import Context
from jupyter_pixi.operations.looking.starting import starts
from jupyter_pixi.operations.workspace import open_workspace
from jupyter_pixi.policy import VARIABLE

SUBDIR = current_subdir()
CHANNEL = "https://conda.example.org/c"
MANIFEST = f"""\
[workspace]
name = "w"
channels = ["{CHANNEL}"]
platforms = ["{SUBDIR}"]

[dependencies]
python = "3.11.*"

[pypi-dependencies]
pure = "*"
mine = {{ path = "mine", editable = true }}
made = {{ git = "https://git.example.org/made.git" }}

[pypi-options]
index-url = "https://pypi.example.org/simple"

[activation]
scripts = ["go.sh"]
env = {{ TOKEN = "$(cat secret)" }}
"""
LOCK = f"""\
version: 6
environments:
  default:
    channels:
    - url: {CHANNEL}/
    indexes:
    - https://pypi.example.org/simple
    packages:
      {SUBDIR}:
      - conda: {CHANNEL}/{SUBDIR}/python-3.11.7-h0_0.conda
      - pypi: https://pypi.example.org/files/pure-1.0-py3-none-any.whl
      - pypi: git+https://git.example.org/made.git#0123456789012345678901234567890123456789
      - pypi: ./mine
packages:
- conda: {CHANNEL}/{SUBDIR}/python-3.11.7-h0_0.conda
  sha256: {"0" * 64}
  depends: []
  size: 1000
- pypi: https://pypi.example.org/files/pure-1.0-py3-none-any.whl
  name: pure
  version: '1.0'
  sha256: {"1" * 64}
- pypi: git+https://git.example.org/made.git#0123456789012345678901234567890123456789
  name: made
  version: '2.0'
- pypi: ./mine
  name: mine
  sha256: {"2" * 64}
  editable: true
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    (folder / "mine").mkdir(parents=True)
    (folder / "mine" / "pyproject.toml").write_text('[project]\nname = "mine"\nversion = "1"\n')
    (folder / "pixi.toml").write_text(MANIFEST)
    return folder


def start(root: Path, **environ: str):
    context = Context(cwd=root, environ={"HOME": str(root.parent), **environ})
    (found,) = starts(open_workspace(context, tolerate_lock=True), context)
    return found


def test_before_there_is_a_lock(root: Path) -> None:
    found = start(root)
    assert found.solve and found.packages == 0
    assert found.sources == (
        CHANNEL,
        "https://git.example.org/made.git",
        "https://pypi.example.org/simple",
        "mine",
    )
    assert found.builds == ("made", "mine"), "a new solve builds them, and nothing is locked that could say so"
    assert found.scripts == ("go.sh",)
    assert found.variables == {"TOKEN": "$(cat secret)"}


def test_what_is_locked_and_not_installed(root: Path) -> None:
    (root / "pixi.lock").write_text(LOCK)
    found = start(root)
    assert (found.packages, found.bytes) == (4, 1000)
    assert set(found.builds) == {"made", "mine"}
    assert CHANNEL in found.sources and any("git.example.org" in source for source in found.sources)


def test_what_is_there_is_not_counted(root: Path) -> None:
    (root / "pixi.lock").write_text(LOCK)
    prefix = root / ".pixi" / "envs" / "default"
    site = prefix / "lib" / "python3.11" / "site-packages"
    (prefix / "conda-meta").mkdir(parents=True)
    record = {"name": "python", "version": "3.11.7", "build": "h0_0", "build_number": 0, "files": []}
    (prefix / "conda-meta" / "python-3.11.7-h0_0.json").write_text(json.dumps(record))
    for name, version in (("pure", "0.9"), ("made", "2.0"), ("mine", "1")):
        (site / f"{name}-{version}.dist-info").mkdir(parents=True)
        (site / f"{name}-{version}.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    found = start(root)
    assert (found.packages, found.bytes) == (1, 0), "pure is of another version"
    assert found.builds == ("mine",), "a folder may have changed"


def test_a_policy_is_told_before_anybody_agrees(root: Path) -> None:
    shut = {VARIABLE: json.dumps({"sources": {"channels": ["conda-forge"]}})}
    assert CHANNEL in str(start(root, **shut).refused)
    (root / "pixi.lock").write_text(LOCK)
    shut = {VARIABLE: json.dumps({"sources": {"indexes": ["https://pypi.example.org/simple"]}})}
    assert "git.example.org" in str(start(root, **shut).refused)
    assert start(root).refused is None
