"""`--offline` over a channel with a network in between: what is in the caches is taken, and what is not is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.servers import server
from support.workspaces import Workspace

MANIFEST = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}", "win-64"]

[dependencies]
everywhere = "{spec}"
"""
NOT_HERE = "excluded because not available locally: "


@pytest.fixture
def served(test_channel_folder: Path):
    """The test channel behind a server that can go away."""
    with server(test_channel_folder) as running:
        yield running


@pytest.fixture
def space(workspace, served, isolated_home, tmp_path) -> Workspace:
    """A workspace on the served channel, and a package cache of its own that has `everywhere` 1.1 in it."""
    isolated_home.environ["PIXI_CACHE_DIR"] = isolated_home.environ["RATTLER_CACHE_DIR"] = str(tmp_path / "cache")
    made = workspace(MANIFEST.replace("{spec}", "==1.1"), channel=served.url)
    made.do("install")
    made.lock.unlink()
    made.manifest.write_text(made.manifest.read_text().replace("==1.1", "*"))
    return made


def versions(space: Workspace, platform: str) -> dict[str, str]:
    listed = space.json("list", "--platform", platform, "--frozen", "--no-install")
    return {package["name"]: package["version"] for package in listed}


def test_a_solve_takes_what_is_at_hand_for_this_machine(space, served, host):
    served.fail = "/"  # nothing of the channel can be had any more
    locked = space.run("lock", "--offline")
    assert locked.returncode == 0, locked.stderr
    assert "pixi.lock may pin older versions" in locked.stderr
    assert versions(space, host.subdir) == {"everywhere": "1.1"}
    assert versions(space, "win-64") == {"everywhere": "2.0"}  # never in this machine's cache
    space.do("install", "--frozen")

    added = space.run("add", "--offline", "native", env={"PIXI_OFFLINE": "false"})
    assert added.returncode == 1
    assert f"{NOT_HERE}native" in added.stderr and "remove the `--offline` flag" in added.stderr
    assert "native" not in space.manifest.read_text()


def test_everything_that_solves_says_what_is_not_at_hand(space):
    space.manifest.write_text(space.manifest.read_text().replace('"*"', '">=2"'))
    for command in ("install", "update", "reinstall", "shell-hook", "run echo", "list", "tree"):
        done = space.run(*command.split(), env={"PIXI_OFFLINE": "true"})
        assert done.returncode == 1, command
        assert f"{NOT_HERE}everywhere 2.0" in done.stderr, command
    assert not space.lock.exists()


def test_a_throw_away_environment_made_offline_is_not_given_to_those_with_a_network(space, served):
    command = ("exec", "-c", served.url, "-s", "everywhere", "sh", "-c", "ls $CONDA_PREFIX/conda-meta")
    assert "everywhere-1.1-" in space.do(*command, env={"PIXI_OFFLINE": "true"})
    assert "everywhere-2.0-" in space.do(*command)
    assert "everywhere-2.0-" in space.do(*command, env={"PIXI_OFFLINE": "true"})  # there by now
