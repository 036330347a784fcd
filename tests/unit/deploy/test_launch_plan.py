"""What a launch tells before anybody agrees to it: from where, what is built, what would run, what would be opened."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jupyter_pixi.errors import ManifestNotFound, PixiError, Refused
from jupyter_pixi.operations.context import Context
from jupyter_pixi.operations.sharing.launch import Launch, plan_launch, told

MANIFEST = """\
[workspace]
name = "shared"
channels = ["https://channels.example.org/one"]
platforms = ["linux-64", "linux-aarch64", "osx-64", "osx-arm64"]

[dependencies]
python = "*"
ipykernel = "*"

[pypi-options]
extra-index-urls = ["https://wheels.example.org/simple"]

[pypi-dependencies]
own = { path = ".", editable = true }
tool = { git = "https://git.example.org/tool.git" }
ready = { url = "https://files.example.org/ready-1-py3-none-any.whl#sha256=00" }

[activation]
scripts = ["on.sh"]

[activation.env]
TODAY = "$(date)"
PLAIN = "x"
"""


@pytest.fixture
def planned(tmp_path: Path):
    """`planned(opened=None)`: the plan of a workspace that nobody locked."""
    (tmp_path / "pixi.toml").write_text(MANIFEST)
    (tmp_path / "on.sh").write_text("touch it-ran\n")
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "own"\nversion = "1"\n')

    def plan(subfolder: str = "", opened: str | None = None) -> Launch:
        return plan_launch(tmp_path, subfolder, Context(cwd=tmp_path, environ={"HOME": str(tmp_path)}), (), opened)

    return plan


def test_everything_is_told_of_a_workspace_that_is_not_locked(planned, tmp_path: Path):
    (tmp_path / ".pixi").mkdir()
    (tmp_path / ".pixi/config.toml").write_text("tls-no-verify = true\n")
    text = told(planned())
    hosts = ("channels", "wheels", "git", "files")
    assert all(f"{name}.example.org" in text for name in hosts), text
    assert "PyPI" in text
    assert "built from source, which runs its build: own" in text
    assert "built from source, which runs its build: tool" in text
    assert "its build: ready" not in text
    assert "on.sh" in text
    assert "TODAY=$(date)" in text
    assert "PLAIN" not in text, "nothing is evaluated in it"
    assert "tls-no-verify = true" in text
    assert not (tmp_path / "it-ran").exists()


def test_what_is_opened(planned, tmp_path: Path):
    notebook = json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    (tmp_path / "deep").mkdir()
    for names, opened in (
        (["deep/x.ipynb"], ""),
        (["b.ipynb"], "b.ipynb"),
        (["a.ipynb"], "a.ipynb"),
        (["README.md"], "README.md"),
        (["index.ipynb"], "index.ipynb"),
    ):
        for name in names:
            (tmp_path / name).write_text(notebook)
        assert planned().opened == opened
    assert planned(opened="deep/x.ipynb").opened == "deep/x.ipynb"


def test_what_is_not_there_or_leads_out(planned, tmp_path: Path):
    (tmp_path / "deep").mkdir()
    assert planned("deep").root == tmp_path, "a manifest above is found, as Pixi does"
    (tmp_path / "out").symlink_to("/")
    for opened in ("../x", "out/etc/passwd"):
        with pytest.raises(Refused, match="leads out"):
            planned(opened=opened)
    with pytest.raises(PixiError, match=r"There is no missing\.ipynb"):
        planned(opened="missing.ipynb")
    (tmp_path / "pixi.toml").unlink()
    (tmp_path / "pixi.toml").symlink_to("/etc/hostname")
    with pytest.raises(ManifestNotFound, match="leads out"):
        planned()
