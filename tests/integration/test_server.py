"""A real Jupyter server with the extension: who may ask, what it lists, and how soon it tells of changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from jupyter_pixi.events import Phase, Result, Started, to_line
from jupyter_pixi.server.schemas import ENVIRONMENTS_CHANGED, OPERATION
from support.homes import Home, make_home
from support.jupyter_server import Running, events, jupyter_server, next_of
from support.waiting import wait
from support.workspaces import WITH_CUDA, write_manifest

API = "jupyter-pixi/api"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return make_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, home: Home) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("root")
    write_manifest(root / "weather", WITH_CUDA)
    outside = tmp_path_factory.mktemp("outside")
    write_manifest(outside, WITH_CUDA.replace("{name}", "secret"))
    env = {"CONDA_OVERRIDE_CUDA": "12"}
    with jupyter_server(root, home, app=("jupyter_server",), env=env) as running:
        wait(lambda: running.get(f"{API}/workspaces")["complete"], 10)
        yield running


@pytest.mark.parametrize("path", ["workspaces", "operations", "operations/x?manifest=y"])
def test_nobody_without_a_token(server: Running, path: str) -> None:
    assert server.status(f"{API}/{path}", token=None) == 403
    assert server.status(f"{API}/{path}", token="wrong") == 403


def test_workspaces_and_states(server: Running) -> None:
    document = server.get(f"{API}/workspaces")
    (weather,) = document["workspaces"]
    assert weather["name"] == "weather"
    assert weather["manifest"] == str(server.root / "weather" / "pixi.toml")
    states = {e["name"]: (e["state"], e["reason"]["text"]) for e in weather["environments"]}
    assert states["cpu"][0] == "not-locked"
    assert states["cuda"][0] == "cannot-run"
    assert "__cuda" in states["cuda"][1]
    assert server.get(f"{API}/workspaces?manifest={weather['manifest']}") == weather


def test_other_folders_are_not_answered_for(server: Running, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.getbasetemp() / "outside0" / "pixi.toml"
    for manifest in (outside, Path("/etc/passwd"), server.root / ".." / "outside0" / "pixi.toml"):
        assert server.status(f"{API}/workspaces?manifest={manifest}") == 404
        assert server.status(f"{API}/operations?manifest={manifest}") == 404
        assert server.status(f"{API}/operations/x?manifest={manifest}") == 404
    manifest = server.root / "weather" / "pixi.toml"
    for id in ("..%2F..%2Fx", "..", "%00", "none"):
        assert server.status(f"{API}/operations/{id}?manifest={manifest}") in (400, 404)


def test_errors_are_sentences(server: Running) -> None:
    import urllib.error

    with pytest.raises(urllib.error.HTTPError) as raised:
        server.get(f"{API}/workspaces?manifest=/nowhere/pixi.toml")
    message = json.load(raised.value)["message"]
    assert message == "This server knows no workspace with the manifest '/nowhere/pixi.toml'."


def test_kernelspecs_are_listed(server: Running) -> None:
    specs = server.kernelspecs()
    assert {"pixi.weather.cpu", "pixi.weather.cuda"} <= specs.keys()
    cuda = specs["pixi.weather.cuda"]
    assert cuda["spec"]["display_name"] == "weather · cuda (unavailable)"
    assert cuda["spec"]["metadata"]["jupyter-pixi"]["state"] == "cannot-run"
    assert "logo-svg" in cuda["resources"]
    assert server.status(cuda["resources"]["logo-svg"].lstrip("/")) == 200
    assert specs["pixi.weather.cpu"]["spec"]["display_name"] == "weather · cpu"


def test_a_new_workspace_within_two_seconds(server: Running) -> None:
    # The machine may be busy with other tests: one of three must make it.
    took = []
    with events(server) as heard:
        time.sleep(1.5)  # the look that follows a new set of watches
        for name in ("tides", "winds", "waves"):
            manifest = write_manifest(server.root / name, WITH_CUDA)
            began = time.monotonic()
            wait(lambda: f"pixi.{name}.cpu" in server.kernelspecs(), 10)  # noqa: B023
            took.append(time.monotonic() - began)
            event = next_of(heard, ENVIRONMENTS_CHANGED)
            assert event["kernels"] is True
            assert event["workspaces"] == [str(manifest)]

            manifest.unlink()
            wait(lambda: f"pixi.{name}.cpu" not in server.kernelspecs(), 10)  # noqa: B023
            assert next_of(heard, ENVIRONMENTS_CHANGED)["workspaces"] == [str(manifest)]
            if took[-1] < 2:
                break
    assert min(took) < 2, took


def test_a_mistake_in_a_manifest_keeps_the_kernels(server: Running) -> None:
    manifest = write_manifest(server.root / "typo", WITH_CUDA)
    text = manifest.read_text()
    wait(lambda: "pixi.typo.cpu" in server.kernelspecs(), 10)
    manifest.write_text(text + "\nchannels = [\n")

    def state() -> str:
        return str(server.kernelspecs()["pixi.typo.cpu"]["spec"]["metadata"]["jupyter-pixi"]["state"])

    wait(lambda: state() == "broken", 10)
    wait(lambda: server.get(f"{API}/workspaces?manifest={manifest}")["error"], 5)
    workspace = server.get(f"{API}/workspaces?manifest={manifest}")
    assert workspace["error"]["file"] == str(manifest)
    assert workspace["error"]["line"] is not None
    manifest.write_text(text)
    wait(lambda: state() == "not-locked", 10)
    manifest.unlink()


def test_operations_are_told_and_kept(server: Running) -> None:
    manifest = str(server.root / "weather" / "pixi.toml")
    folder = server.root / "weather" / ".pixi" / "jupyter-pixi" / "operations"
    with events(server) as heard:
        folder.mkdir(parents=True)
        time.sleep(3)  # until the new folder is watched
        path = folder / "20261101T000000-ab12cd34.jsonl"
        started = Started(path.stem, ("add", "polars"), manifest=manifest, environment="cpu", pid=os.getpid())
        path.write_text(to_line(started) + to_line(Phase("solve", "Solving", 2)))
        first = next_of(heard, OPERATION)
        assert (first["operation"], first["manifest"], first["event"]["event"]) == (path.stem, manifest, "started")
        assert next_of(heard, OPERATION)["event"]["phase"] == "solve"
        (running,) = server.get(f"{API}/operations")["operations"]
        assert (running["state"], running["command"]) == ("running", ["add", "polars"])
        last = server.get("api/status")["last_activity"]  # asking for it is none
        wait(lambda: server.get("api/status")["last_activity"] > last, 15)
        with path.open("a") as file:
            file.write(to_line(Result({"message": "Added polars"})))
        assert next_of(heard, OPERATION)["event"]["data"] == {"message": "Added polars"}
    document = server.get(f"{API}/operations/{path.stem}?manifest={manifest}")
    assert document["state"] == "done"
    assert [event["event"] for event in document["events"]] == ["started", "phase", "result"]


def test_the_kernel_that_asked_is_restarted(server: Running) -> None:
    manifest = str(server.root / "weather" / "pixi.toml")
    folder = server.root / "weather" / ".pixi" / "jupyter-pixi" / "operations"
    folder.mkdir(parents=True, exist_ok=True)
    kernel, other = (server.post("api/kernels", {"name": "python3"})["id"] for _ in range(2))
    before, untouched = kernel_pid(server, kernel), kernel_pid(server, other)
    time.sleep(3)  # until the folder is watched
    path = folder / "20261101T000001-ab12cd34.jsonl"
    started = Started(path.stem, ("add", "x"), manifest=manifest, kernel=f"kernel-{kernel}.json", pid=os.getpid())
    path.write_text(to_line(started) + to_line(Result({"restart_requested": True})))
    wait(lambda: kernel_pid(server, kernel) != before, 30)
    assert kernel_pid(server, other) == untouched
    for id in (kernel, other):
        assert server.status(f"api/kernels/{id}", method="DELETE") == 204


def kernel_pid(server: Running, kernel: str) -> int:
    """The process id of a server's kernel, once it has one."""
    import psutil

    pids: list[int] = []

    def found() -> list[int]:
        pids[:] = [
            process.pid
            for process in psutil.process_iter(["cmdline"])
            if any(f"kernel-{kernel}.json" in word for word in process.info["cmdline"] or ())
        ]
        return pids

    wait(found, 30)
    return pids[0]


def test_nothing_is_called(tmp_path: Path, package_cache: Path) -> None:
    """A server that finds workspaces, tells of them and lists their kernels reaches for no other machine."""
    root = tmp_path / "root"
    write_manifest(root / "weather", WITH_CUDA)
    command = [sys.executable, "-m", "support.no_network", str(root), str(tmp_path / "home"), str(package_cache)]
    namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    if not shutil.which("unshare") or subprocess.run([*namespace, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no network namespaces")
    tests = Path(__file__).resolve().parent.parent
    done = subprocess.run([*namespace, *command], cwd=tests, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert "pixi.weather.cpu" in told["kernels"]
    assert told["after"] == told["before"]
    assert told["own"] > told["after"], "attempts are counted"
