"""The locks that the real Pixi wrote, written again by the solver alone: byte for byte, without the command line.

Every recorded case whose commands are `lock` (or only look) is taken through its steps (edits included) in this
process; channels and the mapping service are mirrored to loopback as the recording did.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose, lock_platforms
from jupyter_pixi.errors import PixiError
from jupyter_pixi.lockfile import check as checking
from jupyter_pixi.lockfile import load, with_platform_names, write_lock
from jupyter_pixi.manifest import find_manifest, read_manifest
from jupyter_pixi.solve import LockRequest, update_lock
from support.loopback import Files, loopback

from . import recordings

CASES = recordings.GOLDEN / "cases.tar.xz"
READING = ("list", "tree", "task", "info")
KEY_PHRASES = ("failed to solve requirements of environment", "failed to solve the pypi requirements of environment")


class Whole(Files):
    """Always whole files, for shards know no 304."""

    def send_head(self):
        del self.headers["If-Modified-Since"]
        return super().send_head()


@pytest.fixture(scope="session")
def golden(tmp_path_factory):
    """The unpacked recordings, shared by all workers."""
    if not CASES.is_file():
        pytest.skip("the recordings of the real Pixi (../shared/golden) are not beside this checkout")
    base = tmp_path_factory.getbasetemp()
    return recordings.unpack((base.parent if base.name.startswith("popen-") else base) / "golden")


@pytest.fixture(scope="session")
def configuration(golden):
    """A configuration that mirrors the recorded channels to a server on loopback."""
    channels = golden / "channels"
    with loopback(Whole, folder=channels) as base:
        rows = [
            f'"https://conda.anaconda.org/{c.name}" = ["{base}/{c.name}"]'
            for c in sorted(channels.iterdir())
            if not c.name.startswith("_")
        ]
        rows.append(f'"https://conda-mapping.prefix.dev" = ["{base}/_mapping"]')
        yield Config(layers=("[mirrors]\n" + "\n".join(rows) + "\n",))


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A cache folder of this run's own."""
    return tmp_path_factory.mktemp("cache")


def names(golden, *groups):
    """The recorded cases whose every command locks or only looks."""
    for name in recordings.cases(golden, *groups):
        steps = json.loads((golden / "cases" / name / "case.json").read_text())["steps"]
        if {step["run"][0] for step in steps if "run" in step} <= {"lock", *READING}:
            yield name


def lock(root: Path, configuration: Config, cache: Path) -> str:
    """What `lock` would write for the workspace: the text of pixi.lock."""
    environ = {**os.environ, "PIXI_CACHE_DIR": str(cache)}
    manifest = read_manifest(find_manifest(root, environ={}))
    environments = compose(manifest, configuration)
    previous = load(root / "pixi.lock")
    verdict = None
    if previous is not None:
        previous = with_platform_names(previous, lock_platforms(manifest))
        verdict = checking.check(manifest, environments, previous)
    request = LockRequest(manifest, environments, configuration, previous, verdict, environ=environ)
    return write_lock(asyncio.run(update_lock(request)), lock_platforms(manifest))


def edit(root: Path, step: dict) -> None:
    """Does a step that is no command."""
    if "sub" in step:
        path, old, new = step["sub"]
        text = (root / path).read_text()
        assert old in text
        (root / path).write_text(text.replace(old, new))
    elif "write" in step:
        (root / step["write"][0]).write_text(step["write"][1])
    elif "delete" in step:
        target = root / step["delete"]
        shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)


def differences(case: Path, root: Path, configuration: Config, cache: Path) -> list[str]:
    """Takes a case through its steps; what is not as recorded, step by step."""
    recorded = json.loads((case / "case.json").read_text())
    shutil.copytree(case / "state/0", root)
    found = []
    for number, step in enumerate(recorded["steps"], 1):
        if "run" not in step:
            edit(root, step)
            continue
        wanted = case / f"state/{number}/pixi.lock"
        if step["run"][0] == "lock" and "--check" not in step["run"] and "--dry-run" not in step["run"]:
            found += _compare(number, step, wanted, root, configuration, cache)
        if wanted.exists():
            shutil.copy(wanted, root / "pixi.lock")
    return found


def _compare(number, step, wanted, root, configuration, cache):
    try:
        text = lock(root, configuration, cache)
    except PixiError as error:
        said = [p for p in KEY_PHRASES if p in step["stderr"]]
        if step["exit"] == 0 or not all(p in error.text() for p in said):
            return [f"step {number}: {error.text()}\nrecorded: {step['stderr']}"]
        return []
    if step["exit"] != 0:
        return [f"step {number}: no error, recorded: {step['stderr']}"]
    return [] if text == wanted.read_text() else [f"step {number}: another lock\n{_diff(wanted.read_text(), text)}"]


def _diff(wanted: str, got: str) -> str:
    import difflib

    lines = difflib.unified_diff(wanted.splitlines(), got.splitlines(), "recorded", "ours", n=2, lineterm="")
    return "\n".join(list(lines)[:40])


@pytest.mark.parametrize("group", ["lock", "real", pytest.param("pypi", marks=pytest.mark.full)])
def test_locks_are_as_recorded(group, golden, configuration, cache, tmp_path):
    """The `pypi` group asks the package index, so it belongs to the long tests."""
    found = {}
    listed = list(names(golden, f"{group}/"))
    assert listed
    for name in listed:
        notes = differences(golden / "cases" / name, tmp_path / name, configuration, cache)
        if notes:
            found[name] = notes
    assert not found, "\n\n".join(f"{name}: {note}" for name, notes in found.items() for note in notes)
