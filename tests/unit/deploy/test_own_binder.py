"""This repository's own Binder folder is what the product makes of the sample workspace now."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_pixi.demo.sample import Content, manifest
from jupyter_pixi.deploy.binder import Options
from jupyter_pixi.operations.context import Context
from jupyter_pixi.operations.sharing.deploy_export import BinderRequest, Where, check_binder, export_binder, lint_file
from jupyter_pixi.operations.workspace import open_workspace

REPOSITORY = Path(__file__).resolve().parents[3]
SAMPLE = REPOSITORY / "demo/sample"
OPTIONS = Options(folder="binder", source=".", told="export binder --dir binder --package-source .")


def test_the_folder_is_up_to_date():
    done = export_binder(Context(cwd=SAMPLE, environ={}), BinderRequest(OPTIONS), Where(dry_run=True))
    assert {s.path.name: s.state for s in done.steps} == {"Dockerfile": "same", "Dockerfile.dockerignore": "same"}
    text = (REPOSITORY / "binder/Dockerfile").read_text()
    final = text[text.rindex("\nFROM ") :]
    assert "node" not in final.lower()


def test_hadolint_and_our_lint_find_nothing():
    file = REPOSITORY / "binder/Dockerfile"
    assert not lint_file(Context(cwd=SAMPLE, environ={}), file)
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_check_finds_no_error():
    said = check_binder(Context(cwd=SAMPLE, environ={}), BinderRequest(OPTIONS))
    assert [s.text for s in said if s.level == "error"] == []


def test_the_lock_is_conda_forges_own():
    opened = open_workspace(Context(cwd=SAMPLE, environ={}))
    assert opened.verdict.up_to_date, opened.verdict.reason
    assert opened.lock is not None
    locations = [p.location for e in opened.lock.environments.values() for rows in e.packages.values() for p in rows]
    assert locations
    assert all(x.startswith("https://conda.anaconda.org/conda-forge/") for x in locations)


def test_the_manifest_is_the_samples():
    content = Content("conda-forge", "linux-64", ("osx-arm64", "win-64"), gpu="pytorch-gpu")
    assert (SAMPLE / "pixi.toml").read_text() == manifest(content)


def test_the_ignore_file_of_the_repository_counts(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    (tmp_path / "docker").mkdir()
    text = "FROM ghcr.io/prefix-dev/pixi:0.77.0 AS b\nCOPY . .\nRUN pixi install --locked\nUSER 1\n"
    (tmp_path / "docker/Dockerfile").write_text(text)
    here = Context(cwd=tmp_path, environ={})
    assert [f.rule for f in lint_file(here, tmp_path / "docker/Dockerfile")] == ["PX08"]
    (tmp_path / ".dockerignore").write_text(".pixi\n")
    assert not lint_file(here, tmp_path / "docker/Dockerfile")
