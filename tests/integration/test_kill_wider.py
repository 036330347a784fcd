"""Kills where more is at work than one process, or more goes than packages: builds, `clean`, kernels that start."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from support.killing import SMALL, changes, faulty, held, is_trusted, wrong
from support.projects import project
from support.workspaces import PLAIN

BUILT = PLAIN.replace('ipykernel = "*"\n', "") + '\n[pypi-dependencies]\nslow = { path = "./slow" }\n'


def begin(made, *argv: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-P", "-m", "jupyter_pixi", *argv]
    return subprocess.Popen(words, cwd=made.root, env=made.home.environ, stderr=subprocess.PIPE, text=True)


def wait_for(path, process) -> None:
    end = time.monotonic() + 60
    while not path.exists():
        assert process.poll() is None and time.monotonic() < end, f"{path} never came"
        time.sleep(0.01)


def test_a_build_that_outlives_its_engine_is_waited_for(workspace, tmp_path):
    """What uv still does in the prefix must not come between the hands of the next install."""
    made = workspace(BUILT)
    gate, reached = tmp_path / "gate", tmp_path / "gate.reached"
    project(made.root / "slow", "slow", gate=gate)
    first = begin(made, "install")
    wait_for(reached, first)
    first.kill()
    first.communicate()
    second = begin(made, "install")
    assert "Waiting for another install of 'default'" in next(line for line in second.stderr if "Waiting" in line)
    gate.touch()
    told = second.communicate(timeout=60)[1]
    assert second.returncode == 0 and "The other install of 'default' has ended." in told, told
    assert wrong(made) == []


def test_a_waiting_command_takes_over_from_a_killed_one(workspace, tmp_path):
    made = workspace(SMALL)
    made.do("install")
    first = held(made, "published", tmp_path / "gate", "add", "native")
    wait_for(tmp_path / "gate.reached", first)
    second = begin(made, "add", "greeter")
    assert any("Waiting for another change" in line for line in second.stderr)
    first.kill()
    first.communicate()
    told = second.communicate(timeout=60)[1]
    assert second.returncode == 0 and "A change was cut short while it was installed" in told
    text = made.manifest.read_text()
    assert "native" in text and "greeter" in text and wrong(made) == []
    assert [row["command"][-1] for row in made.json("history")][-2:] == ["native", "greeter"]


@pytest.mark.parametrize("argv", [pytest.param(("clean",), marks=pytest.mark.full), ("clean", "-e", "default")])
def test_a_clean_that_is_cut_short_leaves_no_half_environment(workspace, argv):
    made = workspace(SMALL)
    made.do("install")
    number = changes(made, *argv)
    for point in (number // 3, number // 2):
        made.do("install")
        assert faulty(made, f"change:{point}", "kill", *argv).returncode == -9
        assert not (made.prefix() / "conda-meta/pixi").exists(), "Pixi would take it for whole"
        made.do("install")
        assert wrong(made) == []


def test_an_update_is_the_users_own_change(workspace):
    made = workspace(SMALL.replace('everywhere = "1.*"', 'everywhere = "1.0"'))
    made.do("install")
    made.manifest.write_text(made.manifest.read_text().replace('"1.0"', '"*"'))
    made.do("install")
    before = made.state()["pixi.lock"]
    made.do("update")
    assert made.state()["pixi.lock"] != before and is_trusted(made)
