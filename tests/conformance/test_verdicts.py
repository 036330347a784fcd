"""Whether a lock still fits its manifest: our verdict and reasons beside those of the real Pixi."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from jupyter_pixi.config import Config
from jupyter_pixi.environments import compose
from jupyter_pixi.errors import LockFileError
from jupyter_pixi.lockfile import LockTooNew, load
from jupyter_pixi.lockfile.check import Verdict, check
from jupyter_pixi.manifest import read_manifest

from . import pairs, recordings

REASON = re.compile(r"INFO pixi_core::lock_file::outdated: (.*)")
UNORDERED = re.compile(r"(used by the environment: )(.*)")
GOLDEN = recordings.GOLDEN / "cases.tar.xz"
NEEDED_AGAIN = {
    "unsatisfiable/mismatch-pypi-prerelease-mode": "Pixi solves anew and then logs what that solve drops",
    "unsatisfiable/binary-spec-source-record": "judged without the sources",
}
CUT = 4000
"""Longer tables of reasons are cut short in the data."""


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pairs.unpack(tmp_path_factory)


@pytest.fixture(scope="session")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not GOLDEN.is_file():
        pytest.skip("the recordings of the real Pixi (../shared/golden) are not beside this checkout")
    base = tmp_path_factory.getbasetemp()
    return recordings.unpack((base.parent if base.name.startswith("popen-") else base) / "golden")


def judge(folder: Path) -> Verdict:
    manifest = read_manifest(pairs.manifest_of(folder))
    return check(manifest, compose(manifest, Config()), load(folder / "pixi.lock"))


def told(reasons: tuple[str, ...]) -> set[str]:
    """Reasons without what Pixi prints in random order."""
    return {
        UNORDERED.sub(lambda found: found[1] + ", ".join(sorted(found[2].split(", "))), reason.strip())
        for reason in reasons
    }


def side_by_side(ours: set[str], theirs: set[str]) -> str:
    return "\n".join(["Pixi says:", *sorted(theirs), "we say:", *sorted(ours)])


@pytest.mark.skipif(not pairs.DATA.is_dir(), reason=pairs.ABSENT)
@pytest.mark.parametrize("pair", pairs.pairs() or [None], ids=lambda pair: pair.case if pair else "absent")
def test_real_pairs(pair: pairs.Pair, unpacked: Path) -> None:
    verdict = judge(unpacked / pair.table / pair.case)
    if pair.verdict == "needs-sources":
        # Pixi would build a source package first. We say that we did not, or what else is wrong.
        assert verdict.notes or verdict.reason
        return
    ours, theirs = told(verdict.reasons), told(pair.reasons)
    assert verdict.up_to_date == (pair.verdict == "satisfiable"), side_by_side(ours, theirs)
    if pair.case not in NEEDED_AGAIN and sum(map(len, pair.reasons)) < CUT:
        assert ours == theirs, side_by_side(ours, theirs)


def test_recorded_edits(golden: Path) -> None:
    """Every recorded question `--locked`, in every group: same answer, and the same reasons where Pixi was asked."""
    compared = 0
    for case in sorted((golden / "cases/verdict").iterdir()):
        steps = json.loads((case / "case.json").read_text(encoding="utf-8"))["steps"]
        for number, step in enumerate(steps):
            if "--locked" not in step.get("run", ()):
                continue
            compared += 1
            folder = case / "state" / str(number)
            theirs = told(tuple(found.strip() for found in REASON.findall(step["stderr"])))
            try:
                verdict = judge(folder)
            except LockTooNew:
                assert case.name == "lock-newer"
                continue
            except LockFileError as error:
                assert case.name == "lock-truncated"
                assert "missing field `environments`" in error.message
                continue
            ours = told(verdict.reasons)
            assert verdict.up_to_date == (step["exit"] == 0), f"{case.name}\n{side_by_side(ours, theirs)}"
            assert ours == theirs, f"{case.name}\n{side_by_side(ours, theirs)}"
    assert compared >= 25


def test_locks_that_pixi_wrote_fit_their_manifests(golden: Path) -> None:
    """After a `lock` that succeeded the verdict is "up to date", whatever the manifest."""
    compared = 0
    for group in ("lock", "real", "pypi"):
        for case in sorted((golden / "cases" / group).iterdir()):
            steps = json.loads((case / "case.json").read_text(encoding="utf-8"))["steps"]
            for number, step in enumerate(steps):
                folder = case / "state" / str(number + 1)
                if step.get("run") != ["lock"] or step["exit"] != 0 or not (folder / "pixi.lock").is_file():
                    continue
                if not any((folder / name).is_file() for name in ("pixi.toml", "pyproject.toml")):
                    continue
                compared += 1
                verdict = judge(folder)
                if "when converting" in (verdict.reason or ""):
                    continue  # a local package, whose folder the recording does not hold
                assert verdict.up_to_date, f"{group}/{case.name}, step {number}: {verdict.reason}"
    assert compared > 40
