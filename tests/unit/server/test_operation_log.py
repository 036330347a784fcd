"""Operations' files become summaries."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from jupyter_pixi import system
from jupyter_pixi.events import Event, Failed, Phase, Result, Started, to_line
from jupyter_pixi.server.operation_log import recent, summarise


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


def test_a_process_id_that_is_used_again() -> None:
    mine = replace(started(), born=system.birth(os.getpid()), host=system.host_name())
    assert state(mine) == "running"
    assert state(replace(mine, born="another boot:1")) == "lost"


def test_a_process_of_another_machine_is_believed_for_a_while() -> None:
    there = replace(started(), host="elsewhere.example", born="x:1")
    assert state(there, Phase("solve", "Solving")) == "running"
    assert state(replace(there, time=1000.0), Phase("solve", "Solving", time=1001.0)) == "lost"


def test_remains_of_a_process_do_not_run() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    born = system.birth(child.pid)
    deadline = time.monotonic() + 20
    while system.birth(child.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert system.is_alive(child.pid), "nobody has waited for it"
    assert not system.still_runs(child.pid, born)
    child.wait()


def test_an_end_that_is_told_between_two_looks_is_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read while its process works, which then tells the end and is gone when it is looked for."""
    path = record(tmp_path / "op.jsonl", started(pid=2**22 + 1), Phase("solve", "Solving"))
    still_runs = system.still_runs

    def ends_meanwhile(pid: int, born: str | None) -> bool:
        record(path, Result({}))
        return still_runs(pid, born)

    monkeypatch.setattr(system, "still_runs", ends_meanwhile)
    (summary,) = recent(tmp_path)
    assert summary.state == "done"
