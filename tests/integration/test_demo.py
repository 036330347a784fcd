"""`jupyter pixi demo --check`: the README's command, without a browser."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import urllib.request

import pytest


@pytest.fixture
def ready(demo_channel, isolated_home, monkeypatch):
    """A home whose cache holds the demo's channel (made by the session's fixture)."""
    folder = demo_channel.removeprefix("file://").rsplit("/channels/", 1)[0]
    isolated_home.environ["JUPYTER_PIXI_CACHE_DIR"] = folder
    return isolated_home


def test_check(ready, engine):
    done = engine("demo", "--check", "--channel", "embedded", timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "%pixi add polars" in done.stdout and "shape: (12, 5)" in done.stdout
    assert 'polars = ">=' in done.stdout


def test_opens_jupyterlab_and_ends_it(ready, tmp_path):
    command = [sys.executable, "-P", "-m", "jupyter_pixi", "demo", "--channel", "embedded", "--no-browser"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=ready.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        url = next(m[0] for line in process.stdout if (m := re.search(r"http://127\.0\.0\.1:\d+/lab\S+", line)))
        with urllib.request.urlopen(url) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        with pytest.raises(OSError):
            urllib.request.urlopen(url, timeout=2)
    finally:
        process.kill()
        process.wait()
    assert (tmp_path / "jupyter-pixi-demo/pixi.lock").exists()
