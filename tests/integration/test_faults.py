"""What goes wrong outside of us: the message, and that nothing is lost or half done."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.killing import SMALL, faulty, held, wrong
from support.readonly import run_read_only, without_privileges
from support.servers import server
from support.waiting import wait
from support.workspaces import PLAIN, Workspace


@pytest.fixture
def small(workspace):
    made = workspace(SMALL)
    made.do("install")
    return made


def two_seconds() -> float:
    """Two seconds, and more where others use the machine at the same time."""
    return 2 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.mark.parametrize("point", ["staged.manifest", "journal.publish", "published.pixi.toml", "published.pixi.lock"])
def test_disk_full_while_publishing(small, point):
    before = small.state()
    done = faulty(small, point, "error:28", "add", "native")
    assert done.returncode == 1
    assert "No space left on device" in done.stderr and "Nothing was changed. Make room" in done.stderr
    assert small.state() == before
    assert wrong(small) == []
    small.do("add", "native")


def on_small_disk(size: str, script: str, source: Workspace, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs shell text on a file system of that size.

    In it `$1` is where that is mounted and `$2` the workspace's folder; the rest are the words of the engine.
    """
    mount = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    if os.geteuid() or mount.returncode:
        pytest.skip("a small file system cannot be mounted here")
    folder.mkdir()
    mounted = f'mount -t tmpfs -o size={size} tmpfs "$1" && {script}'
    engine = (sys.executable, "-P", "-m", "jupyter_pixi")
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", mounted, "sh", str(folder), str(source.root), *engine],
        env=source.home.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


def test_a_disk_that_really_is_full(small, tmp_path):
    script = (
        'cp "$2/pixi.toml" "$2/pixi.lock" "$1" && cd "$1" && shift 2 && '
        "mkdir -p .pixi/jupyter-pixi && head -c 190000 /dev/zero > .pixi/filler; "
        '"$@" add native; echo "status $?"; cat pixi.toml; ls -A; ls -A .pixi/jupyter-pixi'
    )
    done = on_small_disk("200k", script, small, tmp_path / "full")
    assert "status 1" in done.stdout, done.stdout + done.stderr
    assert "No space left on device" in done.stderr or "The disk is full" in done.stderr
    assert "native" not in done.stdout
    assert ".new" not in done.stdout and "journal.json" not in done.stdout


def test_a_disk_that_is_full_while_it_links(workspace, tmp_path):
    """Neither manifest nor lock keeps the change, and no file of a package that was only begun stays."""
    made = workspace(PLAIN.replace('ipykernel = "*"\n', ""))
    script = (
        'cp "$2/pixi.toml" "$1" && cd "$1" && shift 2 && "$@" install && '
        '{ "$@" add ipykernel; echo "status $?"; } && cat pixi.toml && '
        '"$@" lock --check && "$@" install && "$@" status && find .pixi/envs -name "*.py"'
    )
    done = on_small_disk("2500k", script, made, tmp_path / "full")
    assert done.returncode == 0 and "status 1" in done.stdout, done.stdout + done.stderr
    assert "The disk is full: " in done.stderr and "Manifest and lock file are as they were before." in done.stderr
    assert "ipykernel" not in done.stdout and ".py\n" not in done.stdout and "differs" not in done.stdout


def test_a_read_only_folder(small):
    argv = [sys.executable, "-P", "-m", "jupyter_pixi"]
    before = small.state()
    refused = run_read_only(small.root, [*argv, "add", "native"], small.home.environ)
    assert refused.returncode == 1
    assert "cannot be written to" in refused.stderr and "Copy it to a folder of your own" in refused.stderr
    again = run_read_only(small.root, [*argv, "add", "everywhere", "--offline"], small.home.environ)
    assert again.returncode == 0, again.stderr
    assert "`everywhere` is already a dependency" in again.stderr
    assert small.state() == before


def test_a_committed_add_runs_again_and_writes_nothing(small):
    def everything():
        return {p: p.stat().st_mtime_ns for p in small.root.rglob("*") if "__pycache__" not in p.parts}

    before = everything()
    small.do("add", "everywhere", "--offline")
    assert everything() == before


def test_edited_by_hand_between_solve_and_publish(small, tmp_path):
    gate = tmp_path / "gate"
    running = held(small, "solved", gate, "add", "native")
    wait((tmp_path / "gate.reached").exists)
    edited = small.manifest.read_text() + '\n[tasks]\nhi = "echo hi"\n'
    small.manifest.write_text(edited)
    lock = small.lock.read_bytes()
    gate.touch()
    _, told = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "pixi.toml was changed by somebody else while this was solved; nothing was written." in told
    assert "Run the command again" in told
    assert small.manifest.read_text() == edited and small.lock.read_bytes() == lock
    small.do("add", "native")
    assert 'hi = "echo hi"' in small.manifest.read_text() and wrong(small) == []


@pytest.mark.parametrize(
    ("point", "name"),
    [
        ("solved", "pixi.lock"),
        ("journal.publish", "pixi.toml"),
        pytest.param("published.pixi.toml", "pixi.lock", marks=pytest.mark.full),
    ],
)
def test_edited_by_hand_at_the_last_moment(small, tmp_path, point, name):
    """Nothing of it is lost, and nothing of the change is left."""
    gate = tmp_path / "gate"
    running = held(small, point, gate, "add", "native")
    wait((tmp_path / "gate.reached").exists)
    expected = small.state()
    expected[name] = (small.root / name).read_bytes() + b"# by hand\n"
    (small.root / name).write_bytes(expected[name])
    gate.touch()
    _, told = running.communicate(timeout=60)
    assert running.returncode == 1 and f"{name} was changed by somebody else" in told
    assert small.state()[name] == expected[name] and "native" not in small.manifest.read_text()
    assert "cut short" not in small.run("install").stderr and wrong(small) == []


@pytest.mark.parametrize("name", [pytest.param("pixi.toml", marks=pytest.mark.full), "pixi.lock"])
def test_a_file_that_is_write_protected(small, name):
    before = small.state()
    (small.root / name).chmod(0o444)
    done = without_privileges(small.root, [sys.executable, "-P", "-m", "jupyter_pixi", "add", "native"], small.home)
    assert done.returncode == 1 and f"{name}: Permission denied" in done.stderr and "Nothing was changed" in done.stderr
    assert small.state() == before and wrong(small) == []


def test_another_change_is_waited_for(small, tmp_path):
    gate = tmp_path / "gate"
    first = held(small, "solved", gate, "add", "native")
    wait((tmp_path / "gate.reached").exists)
    second = subprocess.Popen(
        [sys.executable, "-P", "-m", "jupyter_pixi", "add", "here-only", "--platform", subdir(small)],
        cwd=small.root,
        env=small.home.environ,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "Waiting for another change of this workspace to finish" in second.stderr.readline()
    assert second.poll() is None
    gate.touch()
    assert first.wait(60) == 0
    told = second.communicate(timeout=60)[1]
    assert second.returncode == 0, told
    text = small.manifest.read_text()
    assert "native" in text and "here-only" in text and wrong(small) == []


def test_stop_while_waiting(small, tmp_path):
    gate = tmp_path / "gate"
    first = held(small, "solved", gate, "add", "native")
    wait((tmp_path / "gate.reached").exists)
    argv = [sys.executable, "-P", "-m", "jupyter_pixi", "add", "greeter"]
    second = subprocess.Popen(argv, cwd=small.root, env=small.home.environ, stderr=subprocess.PIPE, text=True)
    assert "Waiting" in second.stderr.readline()
    second.send_signal(signal.SIGINT)
    begin = time.monotonic()
    told = second.communicate(timeout=30)[1]
    assert time.monotonic() - begin < two_seconds()
    assert second.returncode == 130 and "Interrupted" in told
    gate.touch()
    assert first.wait(60) == 0
    assert "greeter" not in small.manifest.read_text()


def test_a_lock_held_by_a_dead_process(small):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); "
            "time.sleep(60)",
            str(small.root / ".pixi/jupyter-pixi/workspace.lock"),
        ],
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline()
    holder.kill()
    holder.wait()
    assert "Waiting" not in small.run("add", "native").stderr
    assert "native" in small.manifest.read_text()


def test_a_wrong_hash_is_refused_and_taken_back(workspace, test_channel_folder, tmp_path):
    broken = tmp_path / "channel"
    shutil.copytree(test_channel_folder, broken)
    archive = next(broken.glob("*/native-1.1-*.conda"))
    archive.write_bytes(archive.read_bytes()[:-10] + b"0123456789")
    with server(broken) as running:
        made = workspace(SMALL, channel=running.url)
        environ = {"PIXI_CACHE_DIR": str(tmp_path / "cache"), "RATTLER_CACHE_DIR": str(tmp_path / "cache")}
        made.do("install", env=environ)
        before = made.state()
        done = made.run("add", "native", env=environ)
    assert done.returncode == 1
    assert re.search(r"native 1\.1.* is not the one in the lock file: its SHA-256 is [0-9a-f]{64}", done.stderr)
    assert "Manifest and lock file are as they were before." in done.stderr
    assert made.state() == before and wrong(made) == []


def test_a_download_that_is_cut_is_taken_back(workspace, test_channel_folder, tmp_path):
    with server(test_channel_folder) as running:
        made = workspace(SMALL, channel=running.url)
        environ = {"PIXI_CACHE_DIR": str(tmp_path / "cache"), "RATTLER_CACHE_DIR": str(tmp_path / "cache")}
        made.do("install", env=environ)
        before = made.state()
        running.fail = "native-1.1"
        done = made.run("add", "native", env=environ)
        assert done.returncode == 1
        assert "native 1.1" in done.stderr and "could not be downloaded" in done.stderr
        assert "Manifest and lock file are as they were before." in done.stderr
        assert made.state() == before and wrong(made) == []
        running.fail = None
        made.do("add", "native", env=environ)
        assert wrong(made) == []


def test_a_frozen_workspace_refuses_changes(workspace):
    made = workspace(SMALL)
    made.do("install")
    made.manifest.write_text(made.manifest.read_text() + "\n[tool.jupyter-pixi]\nfrozen = true\n")
    before = made.state()
    done = made.run("add", "native")
    assert done.returncode == 1 and "This workspace is frozen" in done.stderr
    assert "This workspace is frozen" in made.run("remove", "everywhere").stderr
    assert made.state() == before
    made.do("add", "everywhere")
    made.do("install")


@pytest.mark.parametrize(
    ("argv", "place"),
    [
        (("add", "https://me:secret@packages.example/conda::thing"), "packages.example"),
        (("add", "--pypi", "thing @ https://token@files.example/thing-1.0-py3-none-any.whl"), "files.example"),
        (("add", "--pypi", "--git", "https://me:secret@git.example/thing.git", "thing"), "git.example"),
        (("add", "https://packages.example/t/abcdefgh12/conda::thing"), "packages.example"),
    ],
)
def test_credentials_stay_out_of_the_manifest(small, argv, place):
    before = small.state()
    done = small.run(*argv)
    assert done.returncode == 1
    assert f"The URL for {place} holds credentials" in done.stderr and "secret" not in done.stderr
    assert "Store them for this user" in done.stderr
    assert small.state() == before


def subdir(made) -> str:
    return re.search(r'platforms = \["([^"]+)"', made.manifest.read_text())[1]


def test_a_workspace_behind_links_with_letters_of_all_kinds(small, tmp_path):
    shared = tmp_path / "geteilt — 共有 (x)"
    small.root.rename(shared)
    small.root.symlink_to(shared)
    (shared / "pixi.toml").rename(tmp_path / "wirklich.toml")
    (shared / "pixi.toml").symlink_to(tmp_path / "wirklich.toml")
    assert faulty(small, "published.pixi.toml", "kill", "add", "native").returncode == -9
    assert "has been finished" in small.run("install").stderr
    assert (shared / "pixi.toml").is_symlink() and "native" in (tmp_path / "wirklich.toml").read_text()
    assert wrong(small) == []
    small.do("undo")
    assert "native" not in (tmp_path / "wirklich.toml").read_text() and wrong(small) == []
    assert [p.name for p in tmp_path.glob(".*.new")] == []


def test_detached_environments(small, tmp_path):
    away = tmp_path / "fern ab"
    shutil.rmtree(small.prefix().parent)
    (small.root / ".pixi/config.toml").write_text(f'detached-environments = "{away}"\n')
    assert faulty(small, "published", "kill", "add", "native").returncode == -9
    small.do("install")
    (record,) = away.glob("*/envs/default/conda-meta/native-*.json")
    assert record.is_file() and (small.root / ".pixi/envs").is_symlink()
    assert wrong(small) == []


PACKAGE = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "weather"
version = "1.0"
requires-python = ">=3.11"
dependencies = []

[tool.pixi.workspace]
channels = ["{channel}"]
platforms = ["{subdir}"]

[tool.pixi.dependencies]
python = "*"

[tool.pixi.pypi-dependencies]
weather = { path = ".", editable = true }
"""


def test_a_package_of_the_workspace_itself(workspace):
    made = workspace(PACKAGE)
    manifest = made.root / "pyproject.toml"
    made.manifest.rename(manifest)
    before = manifest.read_bytes()
    made.do("lock")
    killed = faulty(made, "tentative", "kill", "add", "--pypi", "iniconfig", "--no-install")
    assert killed.returncode == -9 and b'["iniconfig"]' in manifest.read_bytes()  # on trial, for the resolver
    told = made.run("lock", "--check")
    assert "A change was cut short before it was decided; the manifest is as it was before." in told.stderr
    assert told.returncode == 0 and manifest.read_bytes() == before
    failed = made.run("add", "--pypi", "no-such-package-of-that-name-at-all", "--no-install")
    assert failed.returncode == 1 and manifest.read_bytes() == before
    made.do("add", "--pypi", "iniconfig", "--no-install")
    assert re.search(r'dependencies = \["iniconfig>=', manifest.read_text())
    made.do("lock", "--check")
    made.do("remove", "--pypi", "iniconfig", "--no-install")
    assert manifest.read_bytes() == before.replace(b"dependencies = []\n", b"")  # an emptied array goes, as in Pixi
    assert b"iniconfig" not in made.lock.read_bytes()
    made.do("lock", "--check")


@pytest.mark.parametrize("at", ["repodata", "native-1.1"])
def test_the_stop_button_ends_it_within_two_seconds(workspace, test_channel_folder, tmp_path, at):
    with server(test_channel_folder) as running:
        made = workspace(SMALL, channel=running.url)
        cache = {"PIXI_CACHE_DIR": str(tmp_path / "cache"), "RATTLER_CACHE_DIR": str(tmp_path / "cache")}
        made.do("install", env=cache)
        before = made.state()
        if at == "repodata":
            shutil.rmtree(tmp_path / "cache/repodata", ignore_errors=True)
        running.stall = at
        command = subprocess.Popen(
            [sys.executable, "-P", "-m", "jupyter_pixi", "add", "native", "--platform", subdir(made)],
            cwd=made.root,
            env=made.home.environ | cache,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert running.stalled.wait(30)
        begin = time.monotonic()
        os.killpg(command.pid, signal.SIGINT)
        told = command.communicate(timeout=30)[1]
        assert time.monotonic() - begin < two_seconds()
        assert command.returncode == 130 and "Interrupted" in told
        assert made.state() == before
        running.stall = None
        running.release.set()
        made.do("add", "native", "--platform", subdir(made), env=cache)
        assert wrong(made) == []


def test_a_file_system_without_locks_is_told(small, monkeypatch):
    from jupyter_pixi import system
    from jupyter_pixi.operations.context import Context
    from jupyter_pixi.operations.publishing.publication import workspace_lock

    def none(fd: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(system, "_os_lock", none)
    said = []
    with workspace_lock(small.root, Context(cwd=small.root, sink=said.append)):
        pass
    assert "This file system has no locks" in said[0].text and said[0].code == "no-locks"
