"""Our command does what the real Pixi was recorded doing; known differences stand in expected.json with a reason."""

from __future__ import annotations

import os
import random

import pytest

from . import recordings

QUICK = ("add/", "init/", "lock/", "verdict/", "workspace/")
LONG = ("look/", "manifest/", "pypi/", "real/", "run/", "task/")
SAMPLE = 30  # of the quick groups, in every run


@pytest.fixture(scope="session")
def golden(tmp_path_factory):
    """The unpacked recordings, shared by all workers."""
    if not recordings.GOLDEN.is_dir():
        pytest.skip("the recordings of the real Pixi (../shared/golden) are not beside this checkout")
    base = tmp_path_factory.getbasetemp()
    return recordings.unpack((base.parent if base.name.startswith("popen-") else base) / "golden")


@pytest.mark.full
@pytest.mark.parametrize("group", [*QUICK, *LONG])
def test_recorded(group, golden):
    compare(golden, group)


def test_a_sample(golden):
    seed = int(os.environ.get("JUPYTER_PIXI_SEED") or random.SystemRandom().randrange(10**6))
    print(f"seed {seed} (JUPYTER_PIXI_SEED={seed} repeats it)")
    compare(golden, *random.Random(seed).sample(recordings.cases(golden, *QUICK), SAMPLE))


def compare(golden, *prefixes):
    """Replays cases, and asserts that no more differs than is known."""
    assert recordings.cases(golden, *prefixes)
    found = recordings.replay(golden, *prefixes)
    known = recordings.expected()
    worse = {
        name: f"{number} differences, {known.get(name, (0, ''))[0]} are known"
        for name, number in found.differences.items()
        if number > known.get(name, (0, ""))[0]
    }
    assert not worse, f"{worse}\n\n{found.report}"
