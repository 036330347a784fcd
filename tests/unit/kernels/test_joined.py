"""Starts meet at one running operation: the first runs it, the others follow, and it outlives them all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from jupyter_pixi.kernels import joined

CHILD = """
import json, os, sys, time, signal
marker, seconds, end = sys.argv[1], float(sys.argv[2]), sys.argv[3]
fd = int(sys.argv[sys.argv.index("--events-fd") + 1])
def say(**event): os.write(fd, (json.dumps(event) + "\\n").encode())
def stop(*_): say(event="failed", code="interrupted", text="stopped"); sys.exit(130)
signal.signal(signal.SIGINT, stop)
with open(marker, "a") as file: file.write(f"{os.getpid()}\\n")
say(event="phase", phase="link", title="Linking 4 packages", total=4)
say(event="progress", phase="link", done=2, total=4)
time.sleep(seconds)
if end == "failed": say(event="failed", code="network", text="no route", help="look at the cable")
elif end == "silent": print("last words", file=sys.stderr); sys.exit(7)
else: say(event="result", data={"kind": "prepare"})
"""


@pytest.fixture
def run(tmp_path):
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    place = joined.meeting_place("/w/pixi.toml", "default", "prepare", environ)
    marker = tmp_path / "started"

    def go(seconds=0.0, end="done", wait=None):
        argv = [sys.executable, "-c", CHILD, str(marker), str(seconds), end]
        return joined.run_or_join(argv, place, environ, str(tmp_path), wait)

    go.started = lambda: marker.read_text().split() if marker.exists() else []
    return go


def test_it_runs_to_its_end(run):
    outcome = run()
    assert outcome.end == "done" and outcome.heard.result == {"kind": "prepare"}
    assert outcome.heard.where() == "Linking 4 packages, 2 of 4"


def test_a_failure_is_told(run):
    outcome = run(end="failed")
    assert outcome.end == "failed" and outcome.heard.failed["text"] == "no route"


def test_an_end_without_a_word_has_the_last_lines(run):
    outcome = run(end="silent")
    assert outcome.end == "failed" and outcome.log == "last words"


def test_a_second_start_joins_the_first(run):
    found = []
    threads = [threading.Thread(target=lambda: found.append(run(0.6))) for _ in range(3)]
    for thread in threads:
        thread.start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert [outcome.end for outcome in found] == ["done"] * 3
    assert len(run.started()) == 1
    assert run().end == "done" and len(run.started()) == 2  # afterwards a start works for itself


def test_patience_ends_and_the_work_goes_on(run):
    begun = time.monotonic()
    outcome = run(1.5, wait=0.4)
    assert outcome.end == "running" and time.monotonic() - begun < 1.3
    assert run().end == "done" and len(run.started()) == 1


def test_it_outlives_the_process_that_started_it(run, tmp_path):
    code = (
        "import os, sys; from jupyter_pixi.kernels import joined\n"
        f"place = joined.meeting_place('/w/pixi.toml', 'default', 'prepare', os.environ)\n"
        f"joined.run_or_join([sys.executable, '-c', {CHILD!r}, {str(tmp_path / 'started')!r}, '1', 'done'],"
        f" place, os.environ, {str(tmp_path)!r}, None)"
    )
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    starter = subprocess.Popen([sys.executable, "-c", code], env=environ, start_new_session=True)
    while not run.started():
        time.sleep(0.02)
    os.killpg(starter.pid, signal.SIGKILL)
    starter.wait()
    assert run().end == "done" and len(run.started()) == 1


def test_an_interrupt_cancels_our_own_child(run):
    main = threading.main_thread().ident
    threading.Timer(0.5, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    begun = time.monotonic()
    outcome = run(30)
    assert outcome.end == "interrupted" and time.monotonic() - begun < 10
    assert outcome.heard.failed["code"] == "interrupted"


def test_the_file_is_private(run, tmp_path):
    run()
    for path in (tmp_path / "jupyter-pixi").iterdir():
        assert path.stat().st_mode & 0o077 == 0
