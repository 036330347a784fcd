"""Our command does what the real Pixi was recorded doing; known differences stand in expected.json with a reason."""

from __future__ import annotations

import pytest

from . import recordings

DAILY = ("add/", "init/", "lock/", "verdict/", "workspace/")
LONG = ("look/", "manifest/", "pypi/", "real/", "run/", "task/")


@pytest.fixture(scope="session")
def golden(tmp_path_factory):
    """The unpacked recordings, shared by all workers."""
    if not recordings.GOLDEN.is_dir():
        pytest.skip("the recordings of the real Pixi (../shared/golden) are not beside this checkout")
    base = tmp_path_factory.getbasetemp()
    return recordings.unpack((base.parent if base.name.startswith("popen-") else base) / "golden")


@pytest.mark.parametrize("group", [*DAILY, *(pytest.param(group, marks=pytest.mark.full) for group in LONG)])
def test_recorded(group, golden):
    assert recordings.cases(golden, group)
    found = recordings.replay(golden, group)
    known = recordings.expected()
    worse = {
        name: f"{number} differences, {known.get(name, (0, ''))[0]} are known"
        for name, number in found.differences.items()
        if number > known.get(name, (0, ""))[0]
    }
    assert not worse, f"{worse}\n\n{found.report}"
