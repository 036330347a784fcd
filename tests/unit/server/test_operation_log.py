"""Operations' files become summaries, and new events as they are written."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_pixi.events import Event, Failed, Phase, Progress, Result, Started, to_line
from jupyter_pixi.server.operation_log import Follower, events, recent, summarise


def record(path: Path, *what: Event) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.writelines(map(to_line, what))
    return path


def started(pid: int = os.getpid()) -> Started:
    return Started("op", ("add", "polars"), manifest="/w/pixi.toml", environment="default", pid=pid)


def state(*what: Event) -> str | None:
    summary = summarise([e.to_dict() for e in what], "op")
    return summary.state if summary else None


def test_states() -> None:
    assert state(started(), Phase("solve", "Solving")) == "running"
    assert state(started(pid=2**22 + 1), Phase("solve", "Solving")) == "lost"
    assert state(started(), Result({})) == "done"
    assert state(started(), Failed("solve", "No.")) == "failed"
    assert state(started(), Failed("interrupted", "Stopped.")) == "interrupted"
    assert state(Phase("solve", "Solving")) is None
    assert state() is None


def test_recent_is_newest_first_and_survives_torn_files(tmp_path: Path) -> None:
    for i, name in enumerate(("a", "b", "c")):
        path = record(tmp_path / f"{name}.jsonl", started(), Result({"n": i}))
        os.utime(path, (1000 + i, 1000 + i))
    (tmp_path / "torn.jsonl").write_text('{"event": "star')
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\n[1]\n3\n")
    found = recent(tmp_path)
    assert [s.id for s in found] == ["c", "b", "a"]
    assert found[0].to_json()["last"]["data"] == {"n": 2}
    assert recent(tmp_path / "none") == ()


def test_follower_tells_each_event_once(tmp_path: Path) -> None:
    follower = Follower()
    path = record(tmp_path / "op.jsonl", started())
    assert [e["event"] for e in follower.read(path)] == ["started"]
    assert follower.read(path) == []
    assert follower.running == ("op",)
    assert follower.first(path)["manifest"] == "/w/pixi.toml"
    line = to_line(Progress("link", 1, 2))
    with path.open("a") as file:
        file.write(line[:10])
    assert follower.read(path) == []
    with path.open("a") as file:
        file.write(line[10:])
    record(path, Result({}))
    assert [e["event"] for e in follower.read(path)] == ["progress", "result"]
    assert follower.running == ()


def test_follower_does_not_tell_old_operations(tmp_path: Path) -> None:
    path = record(tmp_path / "old.jsonl", started(), Result({}))
    os.utime(path, (1000, 1000))
    follower = Follower()
    assert follower.read(path) == []
    path.unlink()
    assert follower.read(path) == []


def test_unreadable_file_has_no_events(tmp_path: Path) -> None:
    assert events(tmp_path / "none.jsonl") == []
