"""An environment starts the quick way only if nothing that it was made from has changed."""

from __future__ import annotations

import json
import os

import pytest
from jupyter_pixi.kernels import current
from support.prefixes import Workspace


@pytest.fixture
def made(tmp_path):
    environment = tmp_path / "environment"
    environment.mkdir()
    workspace = Workspace(tmp_path, environment)
    workspace.install()
    return workspace


def reason(made, environ=None):
    return current.assess(str(made.manifest), "default", environ or made.environ).reason


def edit(made, **changes):
    state = json.loads(made.state_file.read_text())
    made.state_file.write_text(json.dumps({**state, **changes}))


def test_as_the_install_left_it(made):
    assert reason(made) is None


@pytest.mark.parametrize("name", ["pixi.toml", "pixi.lock"])
def test_content_counts_and_times_do_not(made, name):
    path = made.root / name
    os.utime(path, (1, 1))
    assert reason(made) is None
    path.write_text(path.read_text() + "# more\n")
    assert "has changed" in reason(made)


@pytest.mark.parametrize(
    ("place", "variables"),
    [
        ("weather/.pixi/config.toml", {}),
        ("home/.pixi/config.toml", {}),
        ("conf/pixi/config.toml", {"XDG_CONFIG_HOME": "conf"}),
    ],
)
def test_configuration_layers_count(made, tmp_path, place, variables):
    environ = {**made.environ, **{name: str(tmp_path / value) for name, value in variables.items()}}
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('default-channels = ["x"]\n')
    assert reason(made, environ) == "the configuration has changed"


def test_another_tool_worked_on_the_prefix(made):
    (made.prefix / "conda-meta/.pixi-environment-fingerprint").write_text("pixi:installing!")
    assert "somebody else" in reason(made)
    made.install()
    (made.prefix / "conda-meta/pixi").write_text(json.dumps({"environment_lock_file_hash": "invalid-hash"}))
    assert "somebody else" in reason(made)


def test_a_copy_is_noticed(made, tmp_path):
    copy = tmp_path / "copy"
    (copy / ".pixi/envs").mkdir(parents=True)
    for name in ("pixi.toml", "pixi.lock"):
        (copy / name).write_bytes((made.root / name).read_bytes())
    (copy / ".pixi/envs/default").symlink_to(made.prefix)
    assert "moved or copied" in current.assess(str(copy / "pixi.toml"), "default", made.environ).reason


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1}', '{"version": 2}'])
def test_a_damaged_state_file_is_no_installation(made, text):
    made.state_file.write_text(text)
    found = current.assess(str(made.manifest), "default", made.environ)
    assert not found.installed and found.reason


def test_the_machine_counts(made):
    assert reason(made, {**made.environ, "CONDA_OVERRIDE_CUDA": "12"})
    assert reason(made, {**made.environ, "PIXI_OVERRIDE_PLATFORM": "osx-64"})
    edit(made, host={"release": "2.4", "glibc": "2.36"})
    assert "operating system" in reason(made)


def test_a_gpu_that_is_gone(made, monkeypatch, tmp_path):
    edit(made, requirements=["__cuda >=12", "__unix"])
    monkeypatch.setattr(current, "_GPU_SIGNS", (str(tmp_path / "driver"),))
    assert "GPU" in reason(made)
    (tmp_path / "driver").write_text("")
    assert reason(made) is None


@pytest.mark.parametrize("variables", [{}, {"PIXI_HOME": "/pixi-home"}, {"XDG_CONFIG_HOME": "/xdg"}])
def test_both_sides_agree_about_the_configuration(made, variables):
    """The install writes the digest that the launcher compares."""
    from jupyter_pixi import config
    from jupyter_pixi.prefix import statefile

    environ = {**made.environ, **variables}
    layers = config.digest_paths(made.root, environ)
    assert {str(path) for path in layers} == current._config_layers(str(made.root), environ)
    for number, path in enumerate(path for path in layers if path.is_relative_to(made.root.parent)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"x = {number}\n")
    digest = current.config_digest(str(made.root), environ)
    assert digest == statefile.config_digest(layers) == config.digest(made.root, environ)
    assert current.STATE_FILE.endswith(statefile.STATE_FILE)
