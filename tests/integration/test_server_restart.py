"""An operation is a process of its own: the server that is there at its end tells it."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_pixi.demo.channel import channel
from jupyter_pixi.server.schemas import OPERATION
from support.homes import make_home
from support.jupyter_server import Running, events, jupyter_server, next_of
from support.recipe import TEST
from support.servers import Server
from support.servers import server as slow_server
from support.waiting import wait
from support.workspaces import write_manifest

API = "jupyter-pixi/api"
MANIFEST = """\
[workspace]
name = "slow"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
everywhere = "*"
"""


@pytest.fixture
def slow() -> Iterator[Server]:
    with slow_server(channel(TEST)) as running:
        yield running


def manifest(server: Running) -> str:
    return str(server.root / "slow" / "pixi.toml")


def quoted(server: Running) -> str:
    return urllib.parse.quote(manifest(server), safe="")


def test_an_operation_outlives_its_server(tmp_path: Path, slow: Server, package_cache: Path) -> None:
    root, home = tmp_path / "root", make_home(tmp_path / "home", package_cache)
    write_manifest(root / "slow", MANIFEST, slow.url)

    def known(server: Running) -> bool:
        return server.status(f"{API}/workspaces?manifest={quoted(server)}") == 200

    def begin(server: Running) -> str:
        slow.stall = "repodata"
        slow.release.clear()
        slow.stalled.clear()
        wait(lambda: known(server), 20)
        started = server.post(f"{API}/operations", {"manifest": manifest(server), "command": "lock"})
        assert slow.stalled.wait(30)
        return str(started["id"])

    try:
        with jupyter_server(root, home, app=("jupyter_server",)) as server:
            id = begin(server)
        with jupyter_server(root, home, app=("jupyter_server",)) as server, events(server) as heard:
            wait(lambda: known(server), 20)
            path = f"{API}/operations/{id}?manifest={quoted(server)}"
            assert server.get(path)["state"] == "running"
            slow.stall = None
            slow.release.set()
            told = next_of(heard, OPERATION, 30)
            while told["event"]["event"] != "result":
                told = next_of(heard, OPERATION, 30)
            assert told["operation"] == id
            assert server.get(path)["state"] == "done"
            assert f"operation {id} done" in server.log.read_text()
    finally:
        slow.stall = None
        slow.release.set()
