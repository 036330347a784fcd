"""Unpacks the real manifest + lock pairs (../shared/data beside the checkout) and what the real Pixi says of each."""

from __future__ import annotations

import fcntl
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared/data"
TABLES = {"locks": "locks.tar.xz", "pixi-cases": "pixi-cases.tar.gz"}
ABSENT = "the real locks (../shared/data) are not beside this checkout"


@dataclass(frozen=True)
class Pair:
    """A row of a `*-verdicts.tsv`: the folder below its archive, Pixi's verdict and its reasons."""

    table: str
    case: str
    verdict: str
    reasons: tuple[str, ...]


def pairs() -> list[Pair]:
    """Every pair with a verdict; none without the data."""
    found = []
    for table in TABLES:
        path = DATA / f"{table}-verdicts.tsv"
        for line in path.read_text(encoding="utf-8").splitlines()[1:] if path.is_file() else ():
            case, verdict, reasons = (*line.split("\t"), "", "")[:3]
            if case != "case":
                found.append(Pair(table, case, verdict, tuple(filter(None, reasons.split(" | ")))))
    return found


def unpack(factory: pytest.TempPathFactory) -> Path:
    """Unpacks the archives into a folder shared by all workers. Returns it: `<table>/<case>/pixi.lock`."""
    if not DATA.is_dir():
        pytest.skip(ABSENT)
    base = factory.getbasetemp()
    folder = (base.parent if base.name.startswith("popen-") else base) / "pairs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            for table, archive in TABLES.items():
                with tarfile.open(DATA / archive) as packed:
                    packed.extractall(folder / table, filter="data")
            (folder / "done").touch()
    return folder


def manifest_of(folder: Path) -> Path:
    """The manifest of a pair."""
    return next(folder / name for name in ("pixi.toml", "pyproject.toml") if (folder / name).is_file())
