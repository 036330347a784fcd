"""A workspace runs only what the user (or the administrator) agreed to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from jupyter_pixi import trust
from jupyter_pixi.digests import digest
from jupyter_pixi.lockfile.model import LockEnvironment, LockFile, Package
from jupyter_pixi.policy import Policy, read


@pytest.fixture
def workspace(tmp_path):
    root = tmp_path / "weather"
    root.mkdir()
    (root / "pixi.toml").write_text("[workspace]\n")
    (root / "pixi.lock").write_text("version: 7\n")
    return root


@pytest.fixture
def environ(tmp_path):
    return {"HOME": str(tmp_path / "home")}


def agree(root, environ, *more):
    return trust.record(str(root), [str(root / "pixi.toml"), str(root / "pixi.lock"), *map(str, more)], environ)


def check(root, environ, policy=None):
    return trust.check(str(root), environ, rules=policy or Policy())


def test_nobody_is_trusted_at_first(workspace, environ):
    verdict = check(workspace, environ)
    assert not verdict.trusted and "trust" in verdict.reason


def test_trust_holds_until_something_that_runs_changes(workspace, environ):
    script = workspace / "hello.sh"
    agree(workspace, environ, script)
    assert check(workspace, environ).trusted
    (workspace / "notebook.ipynb").write_text("{}")
    assert check(workspace, environ).trusted
    script.write_text("touch was-run")  # it was missing when the user agreed
    verdict = check(workspace, environ)
    assert not verdict.trusted and verdict.changed == ("hello.sh",)


def test_what_the_users_own_command_is_about_to_write_is_agreed_to(workspace, environ):
    files = [str(workspace / name) for name in ("pixi.toml", "pixi.lock")]
    upcoming = {files[0]: digest(b"[workspace]  # new\n"), files[1]: None}
    trust.record(str(workspace), files, environ, upcoming)
    assert check(workspace, environ).trusted
    (workspace / "pixi.toml").write_text("[workspace]  # new\n")
    assert check(workspace, environ).trusted
    (workspace / "pixi.lock").unlink()
    assert check(workspace, environ).trusted
    (workspace / "pixi.toml").write_text("[workspace]  # of somebody else\n")
    assert check(workspace, environ).changed == ("pixi.toml",)
    agree(workspace, environ)
    (workspace / "pixi.toml").write_text("[workspace]  # new\n")
    assert not check(workspace, environ).trusted  # that change is over


def test_a_changed_lock_is_a_change(workspace, environ):
    agree(workspace, environ)
    (workspace / "pixi.lock").write_text("version: 7\n# other\n")
    assert check(workspace, environ).changed == ("pixi.lock",)


def test_a_copy_elsewhere_is_asked_about_again(workspace, environ, tmp_path):
    import shutil

    agree(workspace, environ)
    shutil.copytree(workspace, tmp_path / "copy")
    assert not check(tmp_path / "copy", environ).trusted


def test_a_link_to_the_workspace_is_the_workspace(workspace, environ, tmp_path):
    agree(workspace, environ)
    (tmp_path / "link").symlink_to(workspace)
    assert check(tmp_path / "link", environ).trusted


def test_the_record_is_private_and_can_be_taken_back(workspace, environ):
    path = agree(workspace, environ)
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert trust.forget(str(workspace), environ)
    assert not check(workspace, environ).trusted
    assert not trust.forget(str(workspace), environ)


@pytest.mark.parametrize("text", ["", "[]", '{"root": "/elsewhere", "files": {"pixi.toml": null}}', '{"files": {}}'])
def test_a_damaged_record_trusts_nobody(workspace, environ, text):
    path = agree(workspace, environ)
    Path(path).write_text(text)
    assert not check(workspace, environ).trusted


def policy(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_text(text)
    return read({}, [(str(tmp_path / "missing.toml"), True), (str(path), True)])


def test_the_administrator_decides_for_everybody(workspace, environ, tmp_path):
    assert check(workspace, environ, policy(tmp_path, '[trust]\nmode = "all"\n')).trusted
    agree(workspace, environ)
    verdict = check(workspace, environ, policy(tmp_path, '[trust]\nmode = "none"\n'))
    assert not verdict.trusted and verdict.forbidden


def test_the_administrator_trusts_some_folders(workspace, environ, tmp_path):
    some = policy(tmp_path, f'[trust]\nmode = "none"\nfolders = ["{tmp_path}/weather"]\n')
    assert check(workspace, environ, some).trusted
    other = tmp_path / "weather-2"
    other.mkdir()
    assert not check(other, environ, some).trusted


def test_what_runs(tmp_path):
    from jupyter_pixi.manifest import parse_manifest

    text = b"""
[workspace]
name = "w"
channels = []
platforms = ["linux-64", "win-64"]
[activation]
scripts = ["go.sh"]
[target.win-64.activation]
scripts = ["go.bat"]
[dependencies]
python = "*"
[pypi-dependencies]
mine = { path = "mine", editable = true }
ready = { path = "wheels/ready-1-py3-none-any.whl" }
"""
    manifest = parse_manifest(text, tmp_path / "pixi.toml")
    packages = (Package("pypi", "./theirs"), Package("conda", "https://channels.example/noarch/a-1-0.conda"))
    lock = LockFile(7, (), {"default": LockEnvironment((), {"linux-64": packages})})
    found = {os.path.relpath(path, tmp_path) for path in trust.what_runs(manifest, lock)}
    assert {"pixi.toml", "pixi.lock", ".pixi/config.toml", "go.sh", "go.bat"} <= found
    assert {"mine/pyproject.toml", "mine/setup.py", "theirs/pyproject.toml"} <= found
    assert not any("wheels" in path or "channels.example" in path for path in found)
