"""Real lock files, of projects and of the recordings: all are read, and what is written is what Pixi would write."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
from jupyter_pixi.lockfile import LockFile, LockTooNew, load, packages, read_lock, write_lock
from jupyter_pixi.lockfile.records import from_record, to_record

from . import pairs, recordings

HAND_MADE = re.compile(rb"^\s*#|^\s+- name: |\A#|\[\]\n  -|&id\d+", re.MULTILINE)
"""Comments, indented lists and anchors: not what serde_yaml writes."""
NOT_AS_PIXI_WRITES = {"conditional-dependency-cuda": "its `platforms` are not sorted"}


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return sorted(pairs.unpack(tmp_path_factory).rglob("pixi.lock"))


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    if not recordings.GOLDEN.is_dir():
        pytest.skip("the recordings of the real Pixi (../shared/golden) are not beside this checkout")
    base = tmp_path_factory.getbasetemp()
    folder = recordings.unpack((base.parent if base.name.startswith("popen-") else base) / "golden")
    return sorted(path for path in folder.rglob("pixi.lock") if "lock-newer" not in str(path))


@functools.cache
def loaded(path: Path) -> LockFile | None:
    if "lock-truncated" in str(path) and b"environments" not in path.read_bytes():
        return None
    lock = load(path)
    assert lock is not None
    return lock


def readable(paths: list[Path], below: int = 10_000_000) -> list[tuple[Path, LockFile]]:
    """The locks that can be read, of at most `below` bytes."""
    locks = ((path, loaded(path)) for path in paths if path.stat().st_size <= below)
    return [(path, lock) for path, lock in locks if lock is not None]


def test_every_real_lock_is_read(real: list[Path]) -> None:
    locks = readable(real)
    assert len(locks) >= 75
    assert {lock.version for _, lock in locks} == {4, 5, 6, 7}


def test_unchanged_locks_are_written_byte_for_byte(real: list[Path], recorded: list[Path]) -> None:
    compared = 0
    for path, lock in readable(real) + readable(recorded):
        data = path.read_bytes()
        if lock.version == 7 and not HAND_MADE.search(data) and path.parent.name not in NOT_AS_PIXI_WRITES:
            assert write_lock(lock).encode() == data, path
            compared += 1
    assert compared > 400


def test_older_locks_are_brought_up_as_rattler_does(real: list[Path], tmp_path: Path) -> None:
    from rattler import LockFile as Rattler

    compared = 0
    for path, lock in readable(real, below=1_000_000):
        sources = any(
            p.kind == "conda_source" for e in lock.environments.values() for x in e.packages.values() for p in x
        )
        if lock.version == 7 or sources:
            continue
        Rattler.from_path(path).to_path(tmp_path / "seven.lock")
        assert write_lock(lock) == (tmp_path / "seven.lock").read_text(encoding="utf-8"), path
        compared += 1
    assert compared > 18


def test_what_is_written_is_read_by_rattler_and_by_us(real: list[Path], tmp_path: Path) -> None:
    from rattler import LockFile as Rattler

    for path, lock in readable(real, below=500_000):
        text = write_lock(lock)
        out = tmp_path / "out.lock"
        out.write_text(text, encoding="utf-8")
        Rattler.from_path(out)
        assert write_lock(read_lock(text.encode(), path)) == text


def test_records_come_back_as_they_were_locked(real: list[Path], recorded: list[Path]) -> None:
    seen: set[str] = set()
    for _, lock in readable(recorded) + readable(real, below=400_000):
        for environment in lock.environments.values():
            for package in (p for chosen in environment.packages.values() for p in chosen):
                if package.kind != "conda" or package.location in seen or lock.version < 6:
                    continue
                seen.add(package.location)
                again = from_record(
                    to_record(package), packages.purls(package), named_by_url="channel" in package.fields
                )
                kept = {k: v for k, v in package.fields.items() if k != "run_exports" and (v != [] or k == "purls")}
                assert dict(again.fields) == kept, package.location
    assert len(seen) > 1000


def test_a_newer_lock_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "pixi.lock").write_text("version: 8\nwhatever: {a: [1}\n")
    with pytest.raises(LockTooNew):
        load(tmp_path / "pixi.lock")
