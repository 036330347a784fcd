"""Every manifest that the real Pixi was recorded with, and every real one: read, composed, and compared with its lock.

No solver runs: a recorded failure counts where it is the manifest's, and a recorded lock shows channels, platforms,
their numbering and their virtual packages.
"""

from __future__ import annotations

import json
import re
import tarfile
from functools import cache

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose, lock_platforms, solve_units, virtual_packages
from jupyter_pixi.errors import ManifestError
from jupyter_pixi.lockfile import read_lock, with_platform_names
from jupyter_pixi.manifest import find_manifest, read_manifest

from . import recordings

CASES = recordings.GOLDEN / "cases.tar.xz"
DATA = recordings.GOLDEN.parent / "data"
NAMES = ("pixi.toml", "pyproject.toml", "mojoproject.toml")

FAIL_IN_THE_SOLVE = {
    "manifest/dev-no-preview": "the package that [dev] names is looked for when it is solved",
    "manifest/pypi-duplicate": "there is no Python in the solved packages",
    "manifest/pypi-no-python": "there is no Python in the solved packages",
}
NO_MANIFEST = {"manifest/missing": "there is no manifest: discovery says so"}


@cache
def case_names():
    """The names of the recorded cases, from the archive's table of contents."""
    if not CASES.is_file():
        return ()
    with tarfile.open(CASES) as archive:
        return tuple(
            sorted(
                n.removesuffix("/case.json").removeprefix("./") for n in archive.getnames() if n.endswith("case.json")
            )
        )


@pytest.fixture(scope="module")
def golden(tmp_path_factory):
    """The folder of recorded cases."""
    if not CASES.is_file():
        pytest.skip("the recordings of the real Pixi (../shared/golden) are not beside this checkout")
    base = tmp_path_factory.getbasetemp()
    return recordings.unpack((base.parent if base.name.startswith("popen-") else base) / "golden") / "cases"


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The folders of real manifest and lock pairs."""
    archives = [DATA / "locks.tar.xz", DATA / "pixi-cases.tar.gz"]
    if not all(a.is_file() for a in archives):
        pytest.skip("the real manifests (../shared/data) are not beside this checkout")
    folder = tmp_path_factory.mktemp("real")
    for path in archives:
        with tarfile.open(path) as archive:
            archive.extractall(folder / path.name.split(".")[0], filter="data")
    return folder


def settle(folder):
    """Manifest, environments and units of a folder, as every command makes them first."""
    manifest = read_manifest(find_manifest(folder, environ={}))
    environments = compose(manifest, Config())
    return manifest, environments, solve_units(environments)


@pytest.mark.parametrize("name", [n for n in case_names() if n.startswith("manifest/")])
def test_a_manifest_is_accepted_or_refused_as_it_was(golden, name):
    if name in NO_MANIFEST:
        pytest.skip(NO_MANIFEST[name])
    recorded = json.loads((golden / name / "case.json").read_text())["steps"][0]
    if recorded["exit"] == 0 or name in FAIL_IN_THE_SOLVE:
        settle(golden / name / "state/0")
        return
    with pytest.raises(ManifestError) as caught:
        settle(golden / name / "state/0")
    assert caught.value.text()
    lines = re.findall(r"─\[<WS>/\S+?:(\d+):\d+\]", recorded["stderr"])
    if lines:
        assert caught.value.place.line == int(lines[0])


def states(folder):
    return sorted((s for s in (folder / "state").iterdir()), key=lambda path: int(path.name))


@pytest.mark.parametrize("name", [n for n in case_names() if not n.startswith("manifest/")])
def test_every_state_of_the_other_cases_is_read(golden, name):
    for state in states(golden / name):
        texts = [f.read_text() for f in (state / n for n in NAMES) if f.is_file()]
        if not any(re.search(r"^\[(tool\.pixi\.)?(workspace|project|package)", text, re.MULTILINE) for text in texts):
            continue
        if texts[0].startswith("[project]") and not (state / "pixi.toml").exists() and "[tool.pixi" not in texts[0]:
            continue
        if name == "add/remove" and 'test = ["test"]' in texts[0] and "[feature.test" not in texts[0]:
            continue  # Pixi itself left a manifest there that no longer parses
        if 'requires-pixi = ">=99"' in texts[0]:
            continue  # set, shown and unset again: only those commands can read it
        settle(state)


@pytest.mark.parametrize(
    "name", [n for n in case_names() if n.split("/")[0] in ("lock", "real", "verdict", "pypi", "add")]
)
def test_recorded_locks_have_our_channels_platforms_and_numbers(golden, name):
    folder = golden / name
    steps = json.loads((folder / "case.json").read_text())["steps"]
    for number, step in enumerate(steps, 1):
        run = step.get("run", [])
        state = folder / f"state/{number}"
        if run[:1] == ["lock"] and step["exit"] == 0 and len(run) == 1 and (state / "pixi.lock").exists():
            compare(state)


def compare(folder):
    """The lock of a folder against its composed manifest."""
    manifest, environments, units = settle(folder)
    platforms = lock_platforms(manifest, environments)
    lock = read_lock((folder / "pixi.lock").read_bytes(), folder / "pixi.lock")
    if lock.version < 7:
        return
    lock = with_platform_names(lock, platforms)
    assert set(lock.environments) == set(environments)
    used = {}
    for unit in units:
        for member in unit.members:
            locked = lock.environments[member.name]
            assert list(locked.channels) == [c.url for c in unit.combined.channels]
            assert set(locked.packages) <= {p.name for p in member.platforms}
            used.update((p.name, p) for p in member.platforms)
    rows = {row.name: row for row in lock.platforms}
    assert set(rows) == set(used)
    for label, row in rows.items():
        assert row.subdir == used[label].subdir
        if row.virtual_packages:
            assert_same_packages(used[label], row.virtual_packages)


def assert_same_packages(platform, written):
    """A row as Pixi writes it holds everything in order; a row made by hand only what is the platform's own."""
    ours = [str(package) for package in virtual_packages(platform)]
    own = [sorted(map(str, packages)) for packages in (platform.declared, platform.written)]
    assert list(written) == ours or sorted(written) in own


def test_every_real_manifest_is_read_and_composed(real):
    found = [p for p in sorted(real.rglob("*.toml")) if p.name in NAMES and not is_package(p)]
    assert len(found) >= 75
    for path in found:
        manifest = read_manifest(path)
        environments = compose(manifest, Config())
        assert environments
        solve_units(environments)


def test_real_locks_agree_where_pixi_says_they_are_up_to_date(real):
    rows = [*_verdicts("locks"), *_verdicts("pixi-cases")]
    checked = 0
    for folder in rows:
        path = next(p for p in real.rglob(f"{folder}/pixi.lock"))
        compare(path.parent)
        checked += 1
    assert checked > 30


def is_package(path):
    """Whether a manifest is a member of the workspace above it."""
    return re.search(r"^\[(tool\.pixi\.)?(workspace|project)", path.read_text(), re.MULTILINE) is None


def _verdicts(name):
    lines = (DATA / f"{name}-verdicts.tsv").read_text().splitlines()[1:]
    split = [line.split("\t") for line in lines]
    return [row[0] for row in split if row[1] == "satisfiable" and row[0] not in SKIPPED]


SKIPPED = {"satisfiable/no-build-editable": "only a manifest"}
