"""Turns folders, as they change, into one snapshot of all workspaces after another, on a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..operations.editing.registry import registry_path
from .collecting import no_collection
from .scan import MANIFESTS, Limits, Scan, above, registered, scan
from .snapshot import Snapshot, WorkspaceState
from .watch import Watcher

Stamp = tuple[tuple[int, int, int] | None, ...]
"""What `stat` says of a workspace's files: time, size and inode, None for one that is not there."""

_TREE_FILES = frozenset({*MANIFESTS, ".gitignore", "workspaces.toml"})
_QUIET = 0.2  # seconds between two looks at least
_SHARE = 4  # and at least so many times as long as the last look took


@dataclass(frozen=True)
class Roots:
    """Where to look: `below` is searched downwards, `at` upwards, and `beside` is only watched.

    Without any notification, what is known is looked at again after `poll` seconds, and the whole tree after `search`.
    `base` is the folder that JupyterLab's file browser shows.
    """

    below: tuple[Path, ...]
    at: tuple[Path, ...] = ()
    beside: tuple[Path, ...] = ()
    base: Path | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    poll: float = 10.0
    search: float = 60.0


class Observer:
    """Looks, tells, waits for a change, looks again. Everything it is given is called on its thread.

    `read` makes the state of one manifest, given its last one (it does not raise for a user's mistake), `publish`
    gets each new snapshot, `noticed` the paths that changed, whatever they are; `idle` is called about every second.
    """

    def __init__(
        self,
        roots: Roots,
        read: Callable[[Path, WorkspaceState | None], WorkspaceState],
        publish: Callable[[Snapshot], None],
        noticed: Callable[[Iterable[Path]], None],
        log: logging.Logger,
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        self._roots = roots
        self._read = read
        self._publish = publish
        self._noticed = noticed
        self._log = log
        self._idle = idle
        self._stop = threading.Event()
        self._poked = threading.Event()
        self._watcher = Watcher(self._stop)
        self._thread = threading.Thread(target=self._run, name="jupyter-pixi-observer", daemon=True)
        self._scan = Scan()
        self._known: dict[Path, tuple[Stamp | None, WorkspaceState]] = {}
        self._snapshot = Snapshot()
        self._searched = (0.0, 0.0)  # when the tree was last searched, and how long that took
        self._folders_seen: frozenset[Path] = frozenset()
        self._files_watched: frozenset[Path] = frozenset()

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def look_in(self, roots: Roots) -> None:
        """Look elsewhere from now on, and at once."""
        self._roots = roots
        self.poke()

    def poke(self) -> None:
        """Look again within a second, whatever the system has told."""
        self._poked.set()

    def stop(self, seconds: float = 3.0) -> None:
        """End the thread; waits at most so long."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        search = True
        while not self._stop.is_set():
            started = time.monotonic()
            new_watch = False
            try:
                with no_collection():
                    new_watch = self._look(search)
            except Exception:  # a mistake of ours must not end discovery for the life of the server
                self._log.exception("jupyter-pixi could not look for workspaces")
            search = self._wait(started, time.monotonic() - started, new_watch)
        self._watcher.close()

    def _look(self, search: bool) -> bool:
        """Look once, at the whole tree or only at what is known. Returns whether new folders are watched now."""
        if search:
            started = time.monotonic()
            self._scan = self._search()
            self._folders_seen = frozenset(self._scan.folders)
            self._searched = (started, time.monotonic() - started)
        workspaces = tuple(self._state(manifest) for manifest in self._scan.manifests if manifest.exists())
        for gone in self._known.keys() - {w.manifest for w in workspaces}:
            del self._known[gone]
        snapshot = Snapshot(workspaces, self._scan.truncated, True, self._scan.folders)
        if snapshot != self._snapshot:
            self._files_watched = frozenset(path for w in workspaces for path in w.watched)
            self._publish(snapshot)
        self._snapshot = snapshot
        return self._watcher.watch(_folders(snapshot, self._roots))

    def _search(self) -> Scan:
        roots = self._roots
        found = scan(roots.below, roots.limits, stopped=self._stop.is_set)
        upwards = (above(start) for start in (*roots.below, *roots.at))
        named = (above(folder) for folder in registered(roots.environ))
        manifests = dict.fromkeys(m for m in (*upwards, *found.manifests, *named) if m is not None)
        return Scan(tuple(manifests), found.folders, found.truncated)

    def _state(self, manifest: Path) -> WorkspaceState:
        known = self._known.get(manifest)
        if known is not None and known[0] == _stamp(known[1].watched):
            return known[1]
        started = time.time()
        try:
            state = self._shown(self._read(manifest, known[1] if known is not None else None))
        except Exception as error:  # a mistake of ours in one workspace must not hide the others
            self._log.exception("jupyter-pixi could not read the workspace %s", manifest)
            return self._shown(_unreadable(manifest, error))
        stamp = _stamp(state.watched)
        # A file that changed while it was read bears a time after the beginning: it is read again.
        fresh = any(one is not None and one[0] / 1e9 >= started - 0.02 for one in stamp)
        self._known[manifest] = (None if fresh else stamp, state)
        return state

    def _shown(self, state: WorkspaceState) -> WorkspaceState:
        """The state with its place in the file browser, and with its text: the event loop is not to make it."""
        base = self._roots.base
        if base is not None and state.root.is_relative_to(base):
            path = state.root.relative_to(base).as_posix()
            state = replace(state, path="" if path == "." else path)
        assert state.text
        return state

    def _wait(self, started: float, took: float, new_watch: bool) -> bool:
        """Wait until there is a reason to look; returns whether the whole tree has to be searched."""
        earliest = started + took + max(_QUIET, _SHARE * took)
        poll = started + max(self._roots.poll, 20 * took)
        search = self._searched[0] + max(self._roots.search, 50 * self._searched[1])
        gathered: set[Path] = set()
        while not self._stop.is_set():
            batch = self._watcher.changes()
            if batch:
                gathered |= batch
                self._noticed(batch)
            self._idle()
            now = time.monotonic()
            if now >= search or new_watch or self._poked.is_set():
                self._poked.clear()
                return True
            if now >= poll:
                return False
            if gathered and now >= earliest:
                if any(map(self._changes_tree, gathered)):
                    return True
                if any(map(self._concerns_workspace, gathered)):
                    return False
                gathered.clear()
        return False

    def _changes_tree(self, path: Path) -> bool:
        """Whether a change means that there may be more or fewer workspaces, or other folders to watch."""
        if path.name in _TREE_FILES:
            return True
        if path.name.startswith(".") and path.name != ".pixi":
            return False
        return path in self._folders_seen or path.is_dir()

    def _concerns_workspace(self, path: Path) -> bool:
        return path in self._files_watched or path.parent in self._files_watched


def _unreadable(manifest: Path, error: Exception) -> WorkspaceState:
    message = f"This workspace could not be read ({type(error).__name__}); the server's log tells more."
    document = {"message": message, "help": None, "file": str(manifest), "line": None, "column": None}
    return WorkspaceState(manifest, manifest.parent.name, error=document)


def _stamp(paths: Iterable[Path]) -> Stamp:
    def one(path: Path) -> tuple[int, int, int] | None:
        try:
            found = path.stat()
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    return tuple(one(path) for path in paths)


def _folders(snapshot: Snapshot, roots: Roots) -> Iterator[Path]:
    """The folders to watch, the workspaces' own first."""
    for workspace in snapshot.workspaces:
        yield workspace.root
        pixi = workspace.root / ".pixi"
        yield from (pixi, pixi / "envs", pixi / "jupyter-pixi", pixi / "jupyter-pixi" / "operations")
        yield from (path if path.is_dir() else path.parent for path in workspace.watched)
    yield from (registry_path(roots.environ).parent, *roots.beside)
    yield from snapshot.scanned
