"""Many processes that change one workspace at once: every change is in it, and everything fits together."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from jupyter_pixi.demo.channel import channel
from jupyter_pixi.demo.recipe import Recipe
from support.killing import SMALL, wrong
from support.recipe import text
from support.workspaces import Workspace

PACKAGES = [f"racer-{number:02d}" for number in range(80)]


def made(host):
    return tuple(text(name) for name in ("everywhere", *PACKAGES))


@pytest.fixture(scope="module")
def race_channel() -> str:
    return channel(Recipe(name="race", layers=(), made=made)).as_uri()


def caller(workspace: Workspace, number: int) -> bytes:
    """What a kernel of the environment would say of itself: every second process is one."""
    document = {
        "kernel": f"kernel-{number}.json",
        "pid": os.getpid(),
        "environment": "default",
        "manifest": str(workspace.manifest),
        "prefix": str(workspace.prefix()),
        "loaded": [],
        "mapped": [],
        "modules": [],
        "python": None,
    }
    return json.dumps(document).encode()


async def run(workspace: Workspace, number: int, *argv: str) -> None:
    """One command, as a child; from a kernel where the number is odd. It must succeed."""
    reading, writing = os.pipe()
    words = [sys.executable, "-P", "-m", "jupyter_pixi", *argv]
    if number % 2:
        words += ["--caller-fd", str(reading)]
    child = await asyncio.create_subprocess_exec(
        *words,
        cwd=workspace.root,
        env=workspace.home.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=(reading,),
    )
    os.close(reading)
    os.write(writing, caller(workspace, number))
    os.close(writing)
    _, told = await child.communicate()
    assert child.returncode == 0, f"{argv}: {told.decode()}"


async def runner(workspace: Workspace, number: int, names: list[str], chance: random.Random) -> set[str]:
    """Adds its packages one after the other, and takes every third out again. What it leaves in."""
    left = set()
    for index, name in enumerate(names):
        await asyncio.sleep(chance.uniform(0, 0.2))
        await run(workspace, number, "add", name)
        left.add(name)
        if index % 3 == 2:
            await run(workspace, number, "remove", name)
            left.discard(name)
    return left


async def race(workspace: Workspace, processes: int, each: int, seed: int) -> set[str]:
    shares = [PACKAGES[number * each : (number + 1) * each] for number in range(processes)]
    chance = [random.Random(seed + number) for number in range(processes)]
    runners = [runner(workspace, n, share, chance[n]) for n, share in enumerate(shares)]
    return {name for left in await asyncio.gather(*runners) for name in left}


@pytest.mark.parametrize(("processes", "each"), [(4, 3), pytest.param(8, 10, marks=pytest.mark.full)])
def test_every_change_is_there(workspace, race_channel, processes, each):
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    here: Workspace = workspace(SMALL, channel=race_channel)
    here.do("install")
    left = asyncio.run(race(here, processes, each, seed))
    declared = tomllib.loads(here.manifest.read_text())["dependencies"]
    assert declared.keys() - {"everywhere"} == left
    here.do("lock", "--check")
    linked = {json.loads(path.read_text())["name"] for path in Path(here.prefix()).glob("conda-meta/*.json")}
    assert linked - {"everywhere"} - {None} >= left and wrong(here) == []
    text = here.manifest.read_text()
    assert text.startswith("# kept by every change") and "# kept, too" in text
