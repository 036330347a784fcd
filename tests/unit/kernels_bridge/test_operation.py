"""Events become a state, and the state JSON, HTML and text."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest
from jupyter_pixi import events
from jupyter_pixi.kernels.bridge.display import Display, LineDisplay, TerminalDisplay
from jupyter_pixi.kernels.bridge.draw import rows, to_html, to_text
from jupyter_pixi.kernels.bridge.operation import Operation
from jupyter_pixi.kernels.bridge.output import Output

NASTY = "<script>alert('x')</script>&\"'"


def operation(*happened: events.Event, command: tuple[str, ...] = ("add", "polars")) -> Operation:
    """The operation after these events, which went through the engine's own JSON lines."""
    state = Operation(command=command)
    for event in happened:
        state.update(json.loads(events.to_line(event)))
    return state


def change(**more: Any) -> events.Result:
    data = {
        "kind": "change",
        "environment": "default",
        "changes": [
            {"name": "libfoo", "before": "1.0", "after": "1.1", "type": "conda", "explicit": False},
            {"name": "polars", "before": None, "after": {"version": "1.43"}, "type": "pypi", "explicit": True},
        ],
        "written": [{"file": str(Path("pixi.toml").resolve()), "line": 7, "text": 'polars = ">=1.43,<2"'}],
        "others": [{"name": "polars"}],
        "install": {"prefix": "/p", "linked": ["polars"], "unlinked": []},
        "restart": ["libfoo"],
        "activation": {"set": {"TOKEN": "hunter2"}, "unset": []},
        "message": "Added polars >=1.43,<2",
        **more,
    }
    return events.Result(data)


STARTED = events.Started("id-1", ("add", "polars"), manifest="/w/pixi.toml", environment="default", pid=3)
SOLVE = events.Phase("solve", "Solving 4 environments", 4)
DOWNLOAD = events.Phase("download", "Downloading", 12)


def test_progress_belongs_to_its_phase() -> None:
    state = operation(
        STARTED,
        SOLVE,
        DOWNLOAD,
        events.Progress("solve", 4, 4),
        events.Progress("download", 3, 12, item="polars", bytes_done=4_100_000, bytes_total=9_800_000),
    )
    assert [phase["finished"] for phase in state.phases] == [True, False]
    assert to_text(state) == "Downloading  3/12 · 4.1 of 9.8 MB · polars"
    assert '<progress value="3" max="12"></progress>' in to_html(state)
    document = state.to_json()
    assert (document["version"], document["operation"], document["state"]) == (1, "id-1", "running")
    assert document["current"] == 1 and document["phases"][1]["bytes_total"] == 9_800_000
    assert document["ended"] is None and document["result"] is None


def test_unknown_events_and_fields_are_passed_over() -> None:
    state = Operation()
    state.update({"event": "hologram", "x": 1})
    state.update({"event": None})
    state.update({"event": "progress", "phase": "new", "done": 2, "colour": "red"})
    assert state.phases[0]["done"] == 2 and state.state == "running"


def test_final_text() -> None:
    assert to_text(operation(STARTED, SOLVE, change())).split("\n") == [
        "Added polars >=1.43,<2",
        "  package  old  new   source",
        "  polars   —    1.43  PyPI",
        "  libfoo   1.0  1.1   conda",
        'pixi.toml:7  polars = ">=1.43,<2"',
        "1 change for other environments or platforms",
        "Restart the kernel to use the new libfoo",
    ]


def test_result_for_the_front_end_has_no_values_of_variables() -> None:
    state = operation(STARTED, SOLVE, change(message="Added polars\nA second line"))
    result = state.to_json()["result"]
    assert "hunter2" not in json.dumps(state.to_json())
    assert result["message"] == "Added polars" and state.notes == ["A second line"]
    assert [row["after"] for row in result["changes"]] == ["1.1", "1.43"]
    assert state.to_json()["phases"][0]["finished"]


def test_many_changes_are_bounded() -> None:
    rows = [{"name": f"p{i}", "before": None, "after": "1", "type": "conda", "explicit": False} for i in range(1000)]
    state = operation(change(changes=rows))
    assert len(state.to_json()["result"]["changes"]) == 200 and state.to_json()["result"]["left_out"] == 800
    assert "and 800 more packages" in to_text(state) and to_html(state).count("<tr>") == 201


def test_everything_is_escaped() -> None:
    nasty = [{"name": NASTY, "before": NASTY, "after": NASTY, "type": NASTY, "explicit": True}]
    running = operation(events.Phase(NASTY, NASTY, 3), events.Progress(NASTY, 1, 3, item=NASTY))
    done = operation(
        events.Warn(NASTY), events.Note(NASTY), change(changes=nasty, message=NASTY, restart=[NASTY], written=[])
    )
    failed = operation(SOLVE, events.Failed(NASTY, NASTY, NASTY, NASTY), command=("add", NASTY))
    for state in (running, done, failed):
        assert "<script" not in to_html(state) and "alert(" in to_html(state)
    hostile = Operation()
    hostile.update({"event": "phase", "phase": "x", "title": "x", "total": '"><script>'})
    assert "script" not in to_html(hostile).partition("<small>")[0]


def test_a_lock_s_difference_becomes_a_table() -> None:
    row = {"name": "numpy", "before": {"version": "1"}, "after": {"version": "2"}, "type": "conda", "explicit": True}
    diff = {"version": 1, "environment": {"default": {"linux-64": [row], "osx-64": [row]}, "test": {"linux-64": [row]}}}
    state = operation(events.Result({"kind": "update", "diff": diff}), command=("update",))
    assert [rows(state)] == [[("numpy", "1", "2", "conda")]]
    assert to_text(state).startswith("The lock file is updated.\n")
    assert to_text(operation(events.Result({"kind": "lock", "changed": False}))) == "The lock file was up to date."
    done = events.Result({"kind": "install", "environments": {"default": {"prefix": "/p"}, "test": {}}})
    assert to_text(operation(done)) == "Installed: default, test."


def test_a_status_with_environments_is_text() -> None:
    document = {"kind": "status", "environments": [{"name": "default"}], "message": "one\ntwo"}
    state = operation(events.Result(document))
    assert not state.telling and state.result == document


def test_what_is_data_is_not_drawn() -> None:
    state = operation(events.Result({"kind": "list", "packages": [1, 2]}), command=("list",))
    assert not state.telling and state.to_json()["result"] is None


def test_failures() -> None:
    state = operation(SOLVE, events.Failed("solve", "No way", "go round", "/w/pixi.toml", 3, 1))
    assert state.state == "failed" and state.to_json()["error"]["line"] == 3
    assert to_text(state) == "pixi add polars failed"
    assert operation(events.Failed("interrupted", "Stopped")).state == "interrupted"


def test_displays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    lines, terminal = io.StringIO(), io.StringIO()
    displays: list[Display] = [LineDisplay(lines), TerminalDisplay(terminal)]
    state = Operation(command=("add", "x"))
    for event in (SOLVE, *[events.Progress("solve", i, 4) for i in range(5)], DOWNLOAD, change(changes=[])):
        state.update(event.to_dict())
        for display in displays:
            display.tick(state, final=state.state != "running")
    assert lines.getvalue().startswith("Solving 4 environments\nDownloading\nAdded polars")
    shown = terminal.getvalue().split("\r\x1b[2K")
    assert shown[1] == "Solving 4 environments  0/4", "the first state is shown, the next only after a while"
    assert len(shown) == 3 and shown[2].startswith("Added polars") and shown[2].endswith("\n")


def test_updates_are_few() -> None:
    class Counted(Display):
        times: list[float] = []  # noqa: RUF012

        def show(self, operation: Operation, final: bool) -> None:
            self.times.append(time.monotonic())

    display, state = Counted(), operation(SOLVE)
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        display.tick(state)
        time.sleep(0.001)
    assert 3 <= len(display.times) <= 5
    display.tick(state, final=True)
    assert time.monotonic() - display.times[-1] < 0.1


def test_output_keeps_head_and_tail() -> None:
    written: list[str] = []
    output = Output(written.append, head=10, tail=20)
    for index in range(100):
        output.feed(f"line {index:02}\n".encode())
    output.close()
    text = "".join(written)
    assert text.startswith("line 00\nli") and text.endswith("line 98\nline 99\n")
    left_out = int(text.split("[… ")[1].split()[0])
    assert left_out + len(text.replace(f"\n[… {left_out} characters left out …]\n", "")) == 800


def test_output_puts_split_characters_together() -> None:
    written: list[str] = []
    output = Output(written.append)
    for byte in "…é🦊\x1b[31m".encode():
        output.feed(bytes([byte]))
    output.feed(b"\xff")
    output.close()
    assert "".join(written) == "…é🦊\x1b[31m�"
