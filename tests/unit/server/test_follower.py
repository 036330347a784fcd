"""Operations are followed while they are written, over the end of a server, and over the end of their process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_pixi import system
from jupyter_pixi.events import Event, Failed, Progress, Result, Started, to_line
from jupyter_pixi.server.follower import LOST, Follower
from jupyter_pixi.server.operation_log import events


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "run").mkdir()
    return {"XDG_RUNTIME_DIR": str(tmp_path / "run")}


@pytest.fixture
def child():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.wait()


def record(path: Path, *what: Event) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(map(to_line, what))
    return path


def started(pid: int | None = None, **more: object) -> Started:
    pid = pid or os.getpid()
    born = system.birth(pid)
    return Started("op", ("add",), manifest="/w/pixi.toml", pid=pid, born=born, host=system.host_name(), **more)


def kinds(heard: object) -> list[str]:
    return [event["event"] for event in getattr(heard, "events", ())]


def test_each_event_is_told_once(tmp_path: Path, environ: dict[str, str]) -> None:
    follower = Follower(environ)
    path = record(tmp_path / "op.jsonl", started())
    heard = follower.read(path)
    assert heard and kinds(heard) == ["started"] and heard.first["manifest"] == "/w/pixi.toml"
    assert follower.read(path) is None
    assert follower.running == ("op",)
    line = to_line(Progress("link", 1, 2))
    with path.open("a") as file:
        file.write(line[:10])
    assert follower.read(path) is None
    with path.open("a") as file:
        file.write(line[10:])
    record(path, Result({}))
    assert kinds(follower.read(path)) == ["progress", "result"]
    assert follower.running == ()


def test_old_operations_are_not_told(tmp_path: Path, environ: dict[str, str]) -> None:
    path = record(tmp_path / "old.jsonl", started(), Result({}))
    os.utime(path, (1000, 1000))
    follower = Follower(environ)
    assert list(follower.adopt(tmp_path)) == []
    assert follower.read(path) is None
    path.unlink()
    assert follower.read(path) is None
    assert follower.running == ()


def test_the_next_server_follows_what_still_runs(tmp_path: Path, environ: dict[str, str], child) -> None:
    path = record(tmp_path / "op.jsonl", started(child.pid), Progress("link", 1, 2))
    time.sleep(0.01)
    follower = Follower(environ)
    assert list(follower.adopt(tmp_path)) == []
    assert follower.running == ("op",)
    record(path, Result({"n": 1}))
    heard = follower.read(path)
    assert kinds(heard) == ["result"] and heard and heard.first["pid"] == child.pid
    assert follower.running == ()


def test_the_next_server_tells_the_end_that_nobody_heard(tmp_path: Path, environ: dict[str, str], child) -> None:
    path = record(tmp_path / "op.jsonl", started(child.pid))
    first = Follower(environ)
    list(first.adopt(tmp_path))
    assert list(first.sweep()) == []  # it listens now
    time.sleep(0.05)
    record(path, Result({"n": 1}))
    time.sleep(0.01)
    second = Follower(environ)
    (heard,) = second.adopt(tmp_path)
    assert kinds(heard) == ["result"]
    assert list(second.adopt(tmp_path)) == []
    second._listened()
    third = Follower(environ)
    assert list(third.adopt(tmp_path)) == []


def test_a_process_that_is_killed_has_failed(tmp_path: Path, environ: dict[str, str], child) -> None:
    follower = Follower(environ)
    path = record(tmp_path / "op.jsonl", started(child.pid))
    follower.read(path)
    assert list(follower.sweep()) == []
    child.kill()
    child.wait()
    follower._looked = 0.0
    (heard,) = follower.sweep()
    assert kinds(heard) == ["failed"] and heard.events[0]["code"] == LOST
    assert follower.running == ()
    assert events(path)[-1]["code"] == LOST
    assert follower.read(path) is None


def test_a_process_that_was_gone_before_the_server_began(tmp_path: Path, environ: dict[str, str]) -> None:
    gone = Started("op", ("add",), manifest="/w/pixi.toml", pid=os.getpid(), born="another boot:1")
    path = record(tmp_path / "op.jsonl", gone)
    time.sleep(0.01)
    follower = Follower(environ)
    (heard,) = follower.adopt(tmp_path)
    assert kinds(heard) == ["failed"]
    assert events(path)[-1]["code"] == LOST
    assert list(Follower(environ).adopt(tmp_path)) == []


def test_nothing_is_written_for_another_machines_operation(tmp_path: Path, environ: dict[str, str]) -> None:
    there = Started("op", ("add",), manifest="/w/pixi.toml", pid=1, host="elsewhere.example", time=1000.0)
    path = record(tmp_path / "op.jsonl", there)
    before = path.read_bytes()
    follower = Follower(environ)
    assert list(follower.adopt(tmp_path)) == [] and follower.running == ()
    assert path.read_bytes() == before
    record(path, Failed("network", "No."))
    assert kinds(follower.read(path)) == ["failed"]
