"""Turns a small installed workspace into one whose commands are killed, and tells whether what is left is whole."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_pixi import trust
from jupyter_pixi.operations.context import Context
from jupyter_pixi.operations.targets import prefix_of, target_platform
from jupyter_pixi.operations.workspace import open_workspace
from jupyter_pixi.prefix import orphans
from jupyter_pixi.prefix.drift import drift
from jupyter_pixi.prefix.installed import conda_records

from .workspaces import Workspace

_EARLIEST = 0.1
"""Seconds before which a command has only been loaded."""

FAULTY = Path(__file__).with_name("faulty.py")
SMALL = """\
# kept by every change
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}", "osx-arm64"]

[dependencies]
everywhere = "1.*"  # kept, too
"""


def faulty(workspace: Workspace, point: str, action: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Runs a command with a fault (see faulty.py) and waits."""
    return subprocess.run(
        [sys.executable, "-P", str(FAULTY), point, action, *argv],
        cwd=workspace.root,
        env=workspace.home.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def held(workspace: Workspace, point: str, gate: Path, *argv: str) -> subprocess.Popen[str]:
    """Starts a command that waits at a point until the file `gate` is there; `gate`.reached tells that it waits."""
    return subprocess.Popen(
        [sys.executable, "-P", str(FAULTY), point, f"hold:{gate}", *argv],
        cwd=workspace.root,
        env=workspace.home.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def changes(workspace: Workspace, *argv: str) -> int:
    """How many changes of the file system (of Python code) a command makes. It is carried out."""
    done = faulty(workspace, "none", "count", *argv)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.rsplit("changes: ", 1)[1])


def wrong(workspace: Workspace) -> list[str]:
    """What is not as it should be: lock and manifest, prefix and lock, files that a crash left."""
    context = Context(cwd=workspace.root, environ=workspace.home.environ)
    opened = open_workspace(context)
    found = []
    if opened.lock is None or not opened.verdict.up_to_date:
        return [f"the lock does not fulfil the manifest: {opened.verdict.reason}"]
    platform = target_platform(opened, "default", context, opened.lock)
    assert platform is not None
    prefix = prefix_of(opened, "default")
    rows = drift(prefix, opened.lock, opened.environments["default"], platform, opened.root)
    found += [row.sentence() for row in rows]
    meta = prefix / "conda-meta"
    if (meta / ".pixi-environment-fingerprint").read_text() == "pixi:installing!":
        found.append("the prefix says that it is being installed")
    if json.loads((meta / "pixi").read_text())["environment_lock_file_hash"] == "invalid-hash":
        found.append("the marker is invalid")
    records = conda_records(prefix)
    if "python" not in records:
        owned = {file for record in records.values() for file in record.files} | {"CACHEDIR.TAG"}
        files = {str(p.relative_to(prefix)) for p in prefix.rglob("*") if p.is_file() and p.parent != meta}
        found += [f"nobody owns {name}" for name in sorted(files - owned)]
    if (meta / orphans.FILE).exists():
        found.append("the prefix says that packages are being linked")
    found += [f"left over: {path}" for path in left_over(workspace.root)]
    if (workspace.root / ".pixi/jupyter-pixi/journal.json").exists():
        found.append("the journal is still there")
    return found


def left_over(root: Path) -> list[str]:
    """Files and folders that were to become others, or to go, anywhere in a workspace."""
    found = [path for ending in ("*.new", "*.part", "*.removed") for path in root.rglob(ending)]
    return sorted(str(path.relative_to(root)) for path in found)


def is_trusted(workspace: Workspace) -> bool:
    """Whether a kernel would start without asking."""
    return trust.check(str(workspace.root), workspace.home.environ).trusted


@dataclass
class Victim:
    """A workspace in one of two states, with and without `native`, whose commands are killed."""

    workspace: Workspace
    without: dict[str, bytes] = field(default_factory=dict)
    with_it: dict[str, bytes] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def prepare(self) -> None:
        """Installs it, and learns both states, and how many changes each command makes in how long."""
        self.workspace.do("install")
        self.without = self.workspace.state()
        self.workspace.do("add", "native")  # the first time fills caches, which is more work
        self.workspace.do("undo")
        self._learn("add", "add", "native")
        self.with_it = self.workspace.state()
        self._learn("undo", "undo")
        assert self.workspace.state() == self.without
        self.workspace.do("add", "native")
        self._learn("remove", "remove", "native")
        assert self.workspace.state() == self.without
        self._uninstall()
        self._learn("install", "install")

    def _learn(self, command: str, *argv: str) -> None:
        begin = time.monotonic()
        self.counts[command] = changes(self.workspace, *argv)
        self.seconds[command] = time.monotonic() - begin

    def _uninstall(self) -> None:
        import shutil

        shutil.rmtree(self.workspace.prefix())

    def kill(self, command: str, point: str) -> tuple[bool, list[str]]:
        """Kills a command at a point, lets a kernel's start repair it. Whether it was killed, and what is wrong.

        A moment that came after the command's end is tried again at half the time.
        """
        killed, found = self._kill(command, point)
        while not killed and not found and point.startswith("after:") and float(point[6:]) > _EARLIEST:
            point = f"after:{float(point[6:]) / 2:.3f}"
            killed, found = self._kill(command, point)
        return killed, [f"{command} killed at {point}: {text}" for text in found]

    def _kill(self, command: str, point: str) -> tuple[bool, list[str]]:
        argv = {"add": ("add", "native"), "remove": ("remove", "native")}.get(command, (command,))
        before = self.without if command == "add" else self.with_it
        if command == "install":
            self._uninstall()
            before = self.workspace.state()
        elif self.workspace.state() != before:
            self.workspace.do(*(("remove", "native") if command == "add" else ("add", "native")))
        done = faulty(self.workspace, point, "kill", *argv)
        killed = done.returncode == -9
        found = [] if is_trusted(self.workspace) else ["the next start asks whether the workspace is trusted"]
        started = self.workspace.run("kernels", "prepare")
        if started.returncode:
            found.append(f"the next start failed: {started.stderr}")
        if done.returncode not in (0, -9):
            found.append(f"it failed: {done.stderr}")
        if self.workspace.state() not in (self.without, self.with_it):
            found.append("manifest and lock are neither the old pair nor the new one")
        return killed, found + wrong(self.workspace)
