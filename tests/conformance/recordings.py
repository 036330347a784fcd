"""Turns the recordings of the real Pixi (../shared/golden beside the checkout) into differences per case.

Run as a program it writes `expected.json`, keeping the reasons that are there:

    python tests/conformance/recordings.py [GROUP/PREFIX …]
"""

from __future__ import annotations

import fcntl
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[3] / "shared/golden"
SLICE = GOLDEN.parent / "data/conda-forge-slice"
EXPECTED = Path(__file__).with_name("expected.json")
UNEXPLAINED = "not looked into yet"


@dataclass(frozen=True)
class Replayed:
    """What one call of replay.py found: all cases that were replayed, and the differing ones' numbers."""

    differences: dict[str, int]
    report: str


def unpack(folder: Path) -> Path:
    """Unpacks cases and channels into `folder`, once for all processes. Returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            for name in ("cases", "channels"):
                with tarfile.open(GOLDEN / f"{name}.tar.xz") as archive:
                    archive.extractall(folder / name, filter="data")
            if SLICE.is_dir():
                shutil.copytree(SLICE, folder / "channels/conda-forge")
            (folder / "done").touch()
    return folder


def cases(folder: Path, *prefixes: str) -> tuple[str, ...]:
    """The names of the recorded cases that begin with one of the prefixes."""
    found = sorted(str(file.parent.relative_to(folder / "cases")) for file in (folder / "cases").rglob("case.json"))
    return tuple(name for name in found if name.startswith(prefixes or ("",)))


def replay(folder: Path, *prefixes: str, jobs: int = 2) -> Replayed:
    """Replays those cases with our command. Raises AssertionError if the script itself fails."""
    done = subprocess.run(
        [
            *(sys.executable, str(GOLDEN / "replay.py"), "-v", "-j", str(jobs)),
            *("--cases", str(folder / "cases"), "--channels", str(folder / "channels")),
            *(f"{sys.executable} -P -m jupyter_pixi", *prefixes),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cases without a difference:" in done.stdout, done.stdout + done.stderr
    rows = re.findall(r"^(\S+/\S+): (\d+) differences$", done.stdout, re.MULTILINE)
    return Replayed({name: int(number) for name, number in rows}, done.stdout)


def expected() -> dict[str, tuple[int, str]]:
    """The differences that are known: case → how many, and why."""
    rows = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    return {name: (row["differences"], row["reason"]) for name, row in rows.items()}


def record(prefixes: tuple[str, ...]) -> None:
    """Replays and writes what differs now as expected; other cases and known reasons stay."""
    known = expected()
    with tempfile.TemporaryDirectory() as scratch:
        folder = unpack(Path(scratch))
        found = replay(folder, *prefixes).differences
        untouched = known.keys() - set(cases(folder, *prefixes))
    rows = {name: known[name] for name in untouched}
    rows |= {name: (number, known.get(name, (0, UNEXPLAINED))[1]) for name, number in found.items()}
    lines = [
        f"{json.dumps(n)}: {json.dumps(dict(zip(('differences', 'reason'), rows[n], strict=True)))}"
        for n in sorted(rows)
    ]
    EXPECTED.write_text("{\n  " + ",\n  ".join(lines) + "\n}\n" if lines else "{}\n")


if __name__ == "__main__":
    record(tuple(sys.argv[1:]))
