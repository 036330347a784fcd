"""A real JupyterHub: its users' kernels, the REST interface and the magic below its prefix, and a launch link."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from jupyter_pixi.demo.channel import channel
from jupyter_pixi.demo.python_package import interpreter
from support.git_server import git_server, publish
from support.homes import make_home
from support.jupyterhub import PASSWORD, Hub, jupyterhub, make_environment
from support.recipe import TEST
from support.workspaces import PLAIN, Workspace
from websocket import create_connection

pytestmark = pytest.mark.full
LONG = 120_000
NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def workspace(folder: Path, name: str, text: str = PLAIN) -> Path:
    made = folder / name
    made.mkdir(parents=True)
    values = {"name": name, "channel": channel(TEST).as_uri(), "subdir": interpreter().subdir}
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    (made / "pixi.toml").write_text(text)
    return made


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, str]]:
    """A hub whose user alice has the workspace `weather`, and a repository that links may name."""
    folder = tmp_path_factory.mktemp("hub")
    home = make_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("packages"))
    programs = make_environment(folder)
    workspace(folder / "users/alice", "weather")
    shared = workspace(tmp_path_factory.mktemp("source"), "shared")
    (shared / "tour.ipynb").write_text(json.dumps(NOTEBOOK))
    Workspace(shared, home).do("lock")
    shutil.rmtree(shared / ".pixi", ignore_errors=True)
    repositories = tmp_path_factory.mktemp("repositories")
    publish(shared, repositories / "shared.git")
    allowed = "--JupyterPixi.launch_hosts=http://127.0.0.1"
    with git_server(repositories) as url, jupyterhub(folder, programs, home, allowed) as running:
        yield running, f"{url}/shared.git"


@pytest.fixture(scope="module")
def alice(hub: tuple[Hub, str]) -> str:
    """Alice's token; her server runs."""
    return hub[0].spawn("alice")


def until(reached: Callable[[], Any]) -> Any:
    """What is reached in the end."""
    end = time.monotonic() + 120
    while not (found := reached()):
        assert time.monotonic() < end, found
        time.sleep(0.2)
    return found


def workspaces(hub: Hub, user: str, token: str) -> Any:
    """What a user's server has found, once it has looked everywhere."""
    path = f"user/{user}/jupyter-pixi/api/workspaces"
    return until(lambda: (found := hub.ask(path, token)[1])["complete"] and found)


def executed(hub: Hub, token: str, kernel: str, code: str) -> str:
    """What a cell printed, through the hub's proxy."""
    id = uuid.uuid4().hex
    header = {"msg_id": id, "msg_type": "execute_request", "username": "", "session": id, "date": "", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": True}
    message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
    address = hub.url.replace("http", "ws", 1) + f"user/alice/api/kernels/{kernel}/channels"
    said = ""
    socket = create_connection(address, timeout=120, header=[f"Authorization: token {token}"], suppress_origin=True)
    try:
        socket.send(json.dumps(message))
        while True:
            heard = json.loads(socket.recv())
            if heard["parent_header"].get("msg_id") != id:
                continue
            if heard["msg_type"] == "stream":
                said += heard["content"]["text"]
            elif heard["msg_type"] == "execute_reply":
                assert heard["content"]["status"] == "ok", heard["content"]
            elif heard["msg_type"] == "status" and heard["content"]["execution_state"] == "idle":
                return said
    finally:
        socket.close()


def test_the_rest_interface_is_the_users_own(hub: tuple[Hub, str], alice: str):
    running, _ = hub
    assert "weather" in json.dumps(workspaces(running, "alice", alice))
    bob = running.spawn("bob")
    for path in ("jupyter-pixi/api/workspaces", "jupyter-pixi/launch?repo=x", "api/kernelspecs"):
        assert running.ask(f"user/alice/{path}", bob)[0] == 403
        assert running.ask(f"user/alice/{path}", "no-token")[0] == (302 if "launch" in path else 403), path
    assert "weather" not in json.dumps(workspaces(running, "bob", bob))


def test_a_kernel_and_the_magic(hub: tuple[Hub, str], alice: str):
    running, _ = hub
    manifest = running.home_of("alice") / "weather/pixi.toml"
    workspaces(running, "alice", alice)
    asked = {"manifest": str(manifest), "command": "install"}
    status, operation = running.ask("user/alice/jupyter-pixi/api/operations", alice, "POST", asked)
    assert status in (200, 201, 202), operation
    path = f"user/alice/jupyter-pixi/api/operations/{operation['id']}?{urlencode({'manifest': str(manifest)})}"
    found = until(lambda: (now := running.ask(path, alice)[1])["state"] != "running" and now)
    assert found["state"] == "done", found
    specs = running.ask("user/alice/api/kernelspecs", alice)[1]["kernelspecs"]
    assert specs["pixi.weather.default"]["spec"]["display_name"] == "weather · default"
    place = {"name": "pixi.weather.default", "path": "weather"}
    status, kernel = running.ask("user/alice/api/kernels", alice, "POST", place)
    assert status == 201
    told = executed(
        running,
        alice,
        kernel["id"],
        "import sys; print(sys.prefix)\n%pixi add cowsay\nimport cowsay; print('it is', cowsay.__version__)",
    )
    assert str(manifest.parent / ".pixi/envs/default") in told and "it is 6.1" in told
    assert "cowsay" in manifest.read_text()
    assert running.ask(f"user/alice/api/kernels/{kernel['id']}", alice, "DELETE")[0] == 204


def test_a_link_that_the_hub_hands_out(hub: tuple[Hub, str], alice: str, chromium: Any):
    running, repo = hub
    page = chromium.new_context().new_page()
    asked = urlencode({"repo": repo, "urlpath": "lab/tree/tour.ipynb"})
    page.goto(f"{running.url}hub/user-redirect/jupyter-pixi/launch?{asked}", timeout=LONG)
    page.locator("input[name=username]").fill("alice")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[type=submit], button[type=submit]").first.click()
    page.locator("h1", has_text="Open this workspace?").wait_for(timeout=LONG)
    assert "/jhub/user/alice/jupyter-pixi/launch" in page.url
    page.locator("#agree").click()
    page.wait_for_url("**/jhub/user/alice/lab/tree/shared/tour.ipynb", timeout=LONG)
    page.wait_for_selector(".jp-NotebookPanel", timeout=LONG)
    assert (running.home_of("alice") / "shared/.pixi/envs/default/bin/python").exists()
