"""The observer sees workspaces come, change and go, by notification and without."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from jupyter_pixi.operations.installing.status import EnvironmentState, Reason
from jupyter_pixi.server.collecting import no_collection
from jupyter_pixi.server.observer import Observer, Roots
from jupyter_pixi.server.snapshot import Snapshot, WorkspaceState
from jupyter_pixi.server.watch import Watcher

MANIFEST = "[workspace]\n"


class Seen:
    """Collects snapshots, and waits for one that is as wanted."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.noticed: list[Path] = []
        self.reads = 0
        self._new = threading.Condition()

    def read(self, manifest: Path, last: WorkspaceState | None) -> WorkspaceState:
        self.reads += 1
        text = manifest.read_text() if manifest.exists() else ""
        environment = EnvironmentState("default", "broken", Reason("x", text), manifest.parent, None)
        watched = (manifest, manifest.parent / "pixi.lock")
        return WorkspaceState(manifest, manifest.parent.name, (environment,), None, watched)

    def publish(self, snapshot: Snapshot) -> None:
        with self._new:
            self.snapshots.append(snapshot)
            self._new.notify_all()

    def notice(self, paths: Iterable[Path]) -> None:
        with self._new:
            self.noticed.extend(paths)
            self._new.notify_all()

    def until(self, wanted: Callable[[Snapshot], bool], seconds: float) -> Snapshot:
        with self._new:
            reached = self._new.wait_for(lambda: bool(self.snapshots) and wanted(self.snapshots[-1]), seconds)
        assert reached, self.snapshots[-1:] and self.snapshots[-1]
        return self.snapshots[-1]


@contextmanager
def observing(root: Path, **options: object) -> Iterator[tuple[Seen, Observer]]:
    seen = Seen()
    environ = {"PIXI_HOME": str(root.parent / "no-pixi-home")}
    roots = Roots((root,), (root,), environ=environ, **options)  # type: ignore[arg-type]
    observer = Observer(roots, seen.read, seen.publish, seen.notice, logging.getLogger("test"))
    observer.start()
    try:
        yield seen, observer
    finally:
        observer.stop()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    return folder


def text_of(snapshot: Snapshot) -> str:
    return "".join(e.reason.text for w in snapshot.workspaces for e in w.environments if e.reason)


def names(snapshot: Snapshot) -> list[str]:
    return [w.name for w in snapshot.workspaces]


def test_come_change_go(root: Path) -> None:
    with observing(root) as (seen, _):
        assert names(seen.until(lambda s: s.complete, 5)) == []

        workspace = root / "sub" / "weather"
        workspace.mkdir()
        (workspace / "pixi.toml").write_text(MANIFEST)
        seen.until(lambda s: names(s) == ["weather"], 5)

        (workspace / "pixi.toml").write_text("[workspace]\nname = 'changed'\n")
        seen.until(lambda s: "changed" in text_of(s), 5)

        (workspace / "pixi.toml").unlink()
        seen.until(lambda s: names(s) == [], 5)


def test_without_notifications(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watcher, "changes", lambda self: time.sleep(0.05) or set())
    monkeypatch.setattr(Watcher, "watch", lambda self, folders: False)
    workspace = root / "weather"
    workspace.mkdir()
    (workspace / "pixi.toml").write_text(MANIFEST)
    with observing(root, poll=0.2, search=0.5) as (seen, _):
        seen.until(lambda s: names(s) == ["weather"], 5)
        (workspace / "pixi.toml").write_text("[workspace]\nname = 'changed'\n")
        seen.until(lambda s: "changed" in text_of(s), 5)
        (root / "sub" / "pixi.toml").write_text(MANIFEST)
        seen.until(lambda s: names(s) == ["sub", "weather"], 5)


def test_root_above_the_server_and_no_more_reads_than_needed(root: Path) -> None:
    (root / "pixi.toml").write_text(MANIFEST)
    time.sleep(0.05)
    with observing(root / "sub", poll=0.2, search=0.4) as (seen, _):
        assert names(seen.until(lambda s: s.complete, 5)) == ["root"]
        time.sleep(1.5)
        assert seen.reads == 1
        assert len(seen.snapshots) == 1


def test_editing_a_notebook_is_no_reason_to_look(root: Path) -> None:
    (root / "pixi.toml").write_text(MANIFEST)
    with observing(root) as (seen, observer):
        seen.until(lambda s: s.complete, 5)
        time.sleep(1.2)  # the look that follows a new set of watches
        searches = 0
        search = observer._search

        def counted() -> object:
            nonlocal searches
            searches += 1
            return search()

        observer._search = counted  # type: ignore[method-assign, assignment]
        (root / "notebook.ipynb").write_text("{}")
        (root / "data.csv").write_text("1")
        time.sleep(1)
        assert root / "notebook.ipynb" in seen.noticed
        assert searches == 0


def test_a_mistake_of_ours_hides_no_other_workspace(root: Path) -> None:
    (root / "pixi.toml").write_text(MANIFEST)
    (root / "sub" / "pixi.toml").write_text(MANIFEST)
    with observing(root, poll=0.2, search=0.3) as (seen, observer):
        seen.until(lambda s: len(s.workspaces) == 2, 5)
        read = observer._read

        def failing(manifest: Path, last: WorkspaceState | None) -> WorkspaceState:
            if manifest.parent == root:
                raise ZeroDivisionError
            return read(manifest, last)

        observer._read = failing  # type: ignore[method-assign]
        (root / "pixi.toml").write_text("[workspace]\nname = 'changed'\n")
        snapshot = seen.until(lambda s: s.workspaces[0].error is not None, 5)
        assert "ZeroDivisionError" in str(snapshot.workspaces[0].error)
        assert snapshot.workspaces[1].environments
        observer._read = read  # type: ignore[method-assign]
        seen.until(lambda s: "changed" in text_of(s), 5)


def test_a_look_makes_the_collector_stop_nobody(root: Path) -> None:
    """A full collection stops all threads. (How long the loop waits is measured in benchmarks/scanning.py.)"""
    (root / "pixi.toml").write_text(MANIFEST)
    with observing(root) as (seen, observer):
        seen.until(lambda s: s.complete, 5)
        was_on: list[bool] = []
        read = observer._read

        def watched(manifest: Path, last: WorkspaceState | None) -> WorkspaceState:
            was_on.append(gc.isenabled())
            return read(manifest, last)

        observer._read = watched  # type: ignore[method-assign]
        (root / "pixi.toml").write_text("[workspace]\nname = 'changed'\n")
        seen.until(lambda s: "changed" in text_of(s), 5)
    assert was_on and not any(was_on)
    assert gc.isenabled()


def test_what_was_made_meanwhile_counts_as_old() -> None:
    with no_collection():
        kept = [[number] for number in range(100_000)]
        assert not gc.isenabled()
        with no_collection():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    assert kept and len(gc.get_objects(generation=0)) < 20_000
    assert gc.get_freeze_count() == 0


def test_stops_at_once(root: Path) -> None:
    with observing(root) as (seen, observer):
        seen.until(lambda s: s.complete, 5)
        began = time.monotonic()
        observer.stop()
        assert time.monotonic() - began < 1.5
        assert not observer._thread.is_alive()
