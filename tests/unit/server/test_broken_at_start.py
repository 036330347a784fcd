"""Whatever is wrong in one folder when the server starts, all others are listed, and a repair is seen."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from jupyter_pixi.server import state
from jupyter_pixi.server.observer import Observer, Roots
from jupyter_pixi.server.snapshot import Snapshot, WorkspaceState

FINE = '[workspace]\nname = "{name}"\nchannels = []\nplatforms = ["linux-64"]\n[dependencies]\npython = "*"\n'


def broken_toml(folder: Path) -> None:
    (folder / "pixi.toml").write_text('[workspace]\nname = "b\nchannels = [')


def wrong_type(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "b"\n[tool.pixi.workspace]\nchannels = 3\n')


def not_utf8(folder: Path) -> None:
    (folder / "pixi.toml").write_bytes(b'[workspace]\nname = "\xff\xfe"\n')


def lock_is_a_folder(folder: Path) -> None:
    (folder / "pixi.toml").write_text(FINE.replace("{name}", "bad"))
    (folder / "pixi.lock").mkdir()


def lock_is_a_pipe(folder: Path) -> None:
    (folder / "pixi.toml").write_text(FINE.replace("{name}", "bad"))
    os.mkfifo(folder / "pixi.lock")


def lock_is_damaged(folder: Path) -> None:
    (folder / "pixi.toml").write_text(FINE.replace("{name}", "bad"))
    (folder / "pixi.lock").write_text("version: 7\n<<<<<<< HEAD\n")


def manifest_is_a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pixi.toml")


def links_in_circles(folder: Path) -> None:
    (folder / "pixi.toml").symlink_to("pixi.toml")
    (folder / "again").symlink_to(folder)
    (folder / "up").symlink_to("..")


def configuration_is_damaged(folder: Path) -> None:
    (folder / "pixi.toml").write_text(FINE.replace("{name}", "bad"))
    (folder / ".pixi").mkdir()
    (folder / ".pixi" / "config.toml").write_text("[[[")
    (folder / ".pixi" / "envs").write_text("a file where a folder should be")


class Seen:
    def __init__(self) -> None:
        self.last = Snapshot()
        self._new = threading.Condition()

    def publish(self, snapshot: Snapshot) -> None:
        state.kernelspecs(snapshot)
        with self._new:
            self.last = snapshot
            self._new.notify_all()

    def until(self, wanted: Callable[[dict[str, WorkspaceState]], bool]) -> dict[str, WorkspaceState]:
        def reached() -> bool:
            return self.last.complete and wanted({w.root.name: w for w in self.last.workspaces})

        with self._new:
            assert self._new.wait_for(reached, 30), self.last
        return {w.root.name: w for w in self.last.workspaces}


@pytest.fixture
def observed(tmp_path: Path):
    root = tmp_path / "root"
    for name in ("a-fine", "m-bad", "z-fine"):
        (root / name).mkdir(parents=True)
        if "fine" in name:
            (root / name / "pixi.toml").write_text(FINE.replace("{name}", name))
    seen, running = Seen(), []

    def start(read: Callable[..., WorkspaceState] = state.read) -> Seen:
        roots = Roots((root,), (root,), base=root, environ={"HOME": str(tmp_path), "PIXI_HOME": str(tmp_path / "none")})
        observer = Observer(roots, read, seen.publish, lambda paths: None, logging.getLogger("test"))
        running.append(observer)
        observer.start()
        return seen

    yield root, start
    for observer in running:
        observer.stop()


@pytest.mark.parametrize(
    "spoil",
    [
        broken_toml,
        wrong_type,
        not_utf8,
        lock_is_a_folder,
        lock_is_a_pipe,
        lock_is_damaged,
        manifest_is_a_pipe,
        links_in_circles,
        configuration_is_damaged,
    ],
)
def test_the_others_are_listed_and_a_repair_is_seen(observed, spoil):
    root, start = observed
    bad = root / "m-bad"
    spoil(bad)
    found = (seen := start()).until(lambda found: {"a-fine", "z-fine"} <= found.keys())
    assert all(found[name].error is None and found[name].environments for name in ("a-fine", "z-fine"))
    assert found["a-fine"].path == "a-fine"
    if "m-bad" in found and spoil is not configuration_is_damaged:
        told = found["m-bad"].error or found["m-bad"].environments[0].reason.to_json()
        assert told["message" if "message" in told else "text"]

    for path in sorted(bad.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
    (bad / "pixi.toml").write_text(FINE.replace("{name}", "good"))
    repaired = seen.until(lambda found: "m-bad" in found and found["m-bad"].name == "good")
    assert repaired["m-bad"].error is None
    assert repaired["m-bad"].environments[0].state == "not-locked"


def test_a_folder_that_goes_while_it_is_looked_at(observed):
    root, start = observed
    (root / "m-bad" / "pixi.toml").write_text(FINE.replace("{name}", "going"))

    def read(manifest: Path, last: WorkspaceState | None) -> WorkspaceState:
        if manifest.parent.name == "a-fine":
            shutil.rmtree(root / "m-bad", ignore_errors=True)
        return state.read(manifest, last)

    found = start(read).until(lambda found: "z-fine" in found and "m-bad" not in found)
    assert found.keys() == {"a-fine", "z-fine"}


def test_a_folder_that_may_not_be_looked_into(observed, monkeypatch):
    """(The tests may run as root, whom no permission stops: the system's answer is made here.)"""
    root, start = observed
    (root / "m-bad" / "pixi.toml").write_text(FINE.replace("{name}", "hidden"))
    scandir, read_bytes = os.scandir, Path.read_bytes

    def no_entry(path: str | os.PathLike[str]):
        if str(path).endswith("m-bad"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    def no_content(path: Path) -> bytes:
        if path.parent.name == "z-fine" and path.name == "pixi.toml":
            raise PermissionError(13, "Permission denied", str(path))
        return read_bytes(path)

    monkeypatch.setattr(os, "scandir", no_entry)
    found = start().until(lambda found: {"a-fine", "z-fine"} <= found.keys())
    assert "m-bad" not in found
    monkeypatch.setattr(Path, "read_bytes", no_content)
    assert state.read(root / "z-fine" / "pixi.toml").error["message"].endswith("Permission denied")
