"""Commands killed at any point leave a workspace that the next start makes whole."""

from __future__ import annotations

import os
import random

import pytest
from support.killing import SMALL, Victim, faulty, is_trusted, wrong

STEPS = (
    "locked",
    "solved",
    "staged.manifest",
    "staged.lock",
    "journal.publish",
    "published.pixi.toml",
    "published.pixi.lock",
    "published",
    "installed",
    "history.recorded",
    "journal.removed",
)
COMMANDS = ("add", "remove", "undo", "install")
SAMPLE = 5  # per command, in every run
TIMES = 48  # random ones per command, in the full run
HIT = 0.8  # of the points must kill: 300 in the full run; the others are steps or changes that it did not come to


@pytest.fixture
def victim(workspace):
    made = Victim(workspace(SMALL))
    made.prepare()
    return made


@pytest.fixture
def chance():
    seed = int(os.environ.get("JUPYTER_PIXI_SEED") or random.SystemRandom().randrange(10**6))
    print(f"seed {seed} (JUPYTER_PIXI_SEED={seed} repeats it)")
    return random.Random(seed)


def points(victim: Victim, command: str, chance: random.Random) -> list[str]:
    """Every point at which a command can be killed: its steps, its changes of files, and moments by chance."""
    steps = () if command == "install" else STEPS
    changes = [f"change:{n}" for n in range(1, victim.counts[command] + 1)]
    return [*steps, *changes, *(f"after:{chance.uniform(0.05, victim.seconds[command]):.3f}" for _ in range(TIMES))]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_sample(victim, command, chance):
    chosen = chance.sample(points(victim, command, chance), SAMPLE)
    results = [victim.kill(command, point) for point in chosen]
    assert [text for _, found in results for text in found] == []
    assert any(killed for killed, _ in results)


@pytest.mark.full
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("command", COMMANDS)
def test_every_point(victim, command, part, chance):
    chosen = points(victim, command, chance)[part::4]
    results = [victim.kill(command, point) for point in chosen]
    assert [text for _, found in results for text in found] == []
    killed = sum(killed for killed, _ in results)
    print(f"{command}, part {part}: killed at {killed} of {len(chosen)} points")
    assert killed >= HIT * len(chosen)


def test_what_was_done_is_said(victim):
    made = victim.workspace
    assert faulty(made, "published.pixi.toml", "kill", "add", "native").returncode == -9
    assert made.state() != victim.without and made.state() != victim.with_it  # the worst moment: one file of two
    assert is_trusted(made), "a kernel would ask before it repairs what its user did"
    status = made.run("status")
    assert "cut short" in status.stdout
    told = made.run("list")
    assert "A change that was cut short has been finished" in told.stderr
    assert "The environment 'default' is what the lock file says again." in told.stderr
    assert made.state() == victim.with_it and wrong(made) == []
    assert [row["command"] for row in made.json("history")][-1] == ["add", "native"]
    assert "cut short" not in made.run("list").stderr


def test_an_edit_after_the_crash_is_kept(victim):
    made = victim.workspace
    assert faulty(made, "published.pixi.toml", "kill", "add", "native").returncode == -9
    edited = made.manifest.read_text() + '\n[tasks]\nhi = "echo hi"\n'
    made.manifest.write_text(edited)
    told = made.run("install")
    assert told.returncode == 0, told.stderr
    assert "pixi.toml was edited since" in told.stderr
    assert made.manifest.read_text() == edited
    assert wrong(made) == []
