"""The REST interface against a real server and the test channel: look, preview, change, cancel, and who may not."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_pixi.demo.channel import channel
from jupyter_pixi.demo.python_package import interpreter
from jupyter_pixi.server.answers import ANSWERS
from jupyter_pixi.server.requests import COMMANDS
from support.homes import make_home
from support.jupyter_server import TOKEN, Running, jupyter_server
from support.recipe import TEST
from support.servers import Server
from support.servers import server as slow_server
from support.waiting import wait
from support.workspaces import write_manifest

API = "jupyter-pixi/api"
MANIFEST = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}", "win-64"]

[dependencies]
everywhere = "1.*"

[activation.env]
GREETING = "hello"

[feature.tools.dependencies]
greeter = "*"

[environments]
tools = ["tools"]
"""


@pytest.fixture(scope="module")
def slow() -> Iterator[Server]:
    with slow_server(channel(TEST)) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, slow: Server) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("root")
    home = make_home(tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("packages"))
    for name, url in (("weather", channel(TEST).as_uri()), ("slow", slow.url), ("fuzzed", channel(TEST).as_uri())):
        write_manifest(root / name, MANIFEST, url)
    with jupyter_server(root, home, app=("jupyter_server",)) as running:
        wait(lambda: len(running.get(f"{API}/workspaces")["workspaces"]) == 3, 20)
        yield running


def manifest(server: Running, name: str = "weather") -> str:
    return str(server.root / name / "pixi.toml")


def quoted(server: Running, name: str = "weather") -> str:
    return urllib.parse.quote(manifest(server, name), safe="")


def send(server: Running, path: str, document: Any, method: str = "POST", **headers: str) -> tuple[int, Any]:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    given = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"} | headers
    request = urllib.request.Request(f"{server.url}{API}/{path}", data=data, headers=given, method=method)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, json.loads(text) if text[:1] == b"{" else text


def operation(server: Running, command: str, name: str = "weather", **fields: Any) -> dict[str, Any]:
    """Starts one and waits for its end."""
    status, started = send(server, "operations", {"manifest": manifest(server, name), "command": command, **fields})
    assert status == 202, started
    return ended(server, started["id"], name)


def ended(server: Running, id: str, name: str = "weather") -> dict[str, Any]:
    path = f"{API}/operations/{id}?manifest={quoted(server, name)}"
    return wait(lambda: (found := server.get(path))["state"] != "running" and found, 60)


def test_look_preview_add_and_install(server: Running) -> None:
    workspace = server.get(f"{API}/workspace?manifest={quoted(server)}")
    assert workspace["lock"] == {"exists": False, "up_to_date": False, "reason": None}
    assert [e["name"] for e in workspace["environments"]] == ["default", "tools"]

    before = Path(manifest(server)).read_bytes()
    asked = {"manifest": manifest(server), "command": "add", "packages": ["native"]}
    status, preview = send(server, "preview", asked)
    assert status == 200, preview
    assert {c["name"] for c in preview["result"]["changes"] + preview["result"]["others"]} >= {"native", "everywhere"}
    assert Path(manifest(server)).read_bytes() == before
    assert preview["result"]["preview"] == {"loaded": [], "download": None}, "no environment is installed by this"
    kernel = {"environment": "default", "manifest": manifest(server), "prefix": str(server.root / "weather/.pixi/x")}
    status, preview = send(server, "preview", {**asked, "caller": kernel})
    told = preview["result"]["preview"]["download"]
    assert {r["name"]: r["kind"] for r in preview["result"]["changes"]} == {"native": "added", "everywhere": "added"}
    assert (told["packages"], told["unknown"]) == (2, 0)
    assert 0 < told["bytes"] < 100_000

    done = operation(server, "add", packages=["native"])
    assert done["state"] == "done", done["last"]
    assert done["command"][0] == "add"
    assert b"native" in Path(manifest(server)).read_bytes()
    assert server.get(f"{API}/operations?manifest={quoted(server)}")["operations"][0]["id"] == done["id"]

    workspace = server.get(f"{API}/workspace?manifest={quoted(server)}")
    default = workspace["environments"][0]
    native = next(d for d in default["dependencies"] if d["name"] == "native")
    assert native["locked"] == {interpreter().subdir: "1.1", "win-64": "1.0"}
    assert native["feature"] == "default"
    assert [p["why_not_here"] is None for p in default["platforms"]] == [True, False]

    packages = server.get(f"{API}/packages?manifest={quoted(server)}&environment=tools&platform=win-64")
    assert {"native", "everywhere", "greeter"} <= {p["name"] for p in packages["packages"]}

    installed = operation(server, "install", environments=["tools"])
    assert installed["state"] == "done", installed["last"]
    assert server.get(f"{API}/disk?manifest={quoted(server)}")["environments"]["tools"] > 0
    assert server.get(f"{API}/drift?manifest={quoted(server)}&environment=tools")["rows"] == []
    next((server.root / "weather/.pixi/envs/tools/conda-meta").glob("native-*.json")).unlink()
    drift = server.get(f"{API}/drift?manifest={quoted(server)}&environment=tools")["rows"]
    assert [(row["name"], row["what"]) for row in drift] == [("native", "missing")]
    assert server.status(f"{API}/drift?manifest={quoted(server)}&environment=nowhere") == 422


def test_trust(server: Running) -> None:
    def start() -> dict[str, Any]:
        told = server.get(f"{API}/trust?manifest={quoted(server, 'fuzzed')}")
        return next(e for e in told["environments"] if e["name"] == "tools")

    url = channel(TEST).as_uri()
    assert (start()["solve"], start()["packages"], start()["sources"]) == (True, 0, [url])
    operation(server, "lock", "fuzzed")
    tools = start()
    assert (tools["solve"], tools["packages"], tools["sources"]) == (False, 2, [url])
    assert tools["variables"] == {"GREETING": "hello"} and tools["bytes"] > 0
    assert (tools["builds"], tools["scripts"], tools["refused"]) == ([], [], None)
    operation(server, "install", "fuzzed", environments=["tools"])
    assert (start()["packages"], start()["bytes"], start()["sources"]) == (0, 0, [])
    status, agreed = send(server, "trust", {"manifest": manifest(server, "fuzzed")})
    assert (status, agreed["trusted"]) == (200, True)
    Path(manifest(server, "fuzzed")).write_text(Path(manifest(server, "fuzzed")).read_text() + "# other\n")
    told = server.get(f"{API}/trust?manifest={quoted(server, 'fuzzed')}")
    assert (told["trusted"], told["changed"]) == (False, ["pixi.toml"])


def test_search(server: Running) -> None:
    found = server.get(f"{API}/search?manifest={quoted(server)}&query=cow")
    assert found["names"] == ["cowsay"]
    assert "cowsay" in server.get(f"{API}/search?manifest={quoted(server)}&query=say")["names"]
    versions = server.get(f"{API}/search/cowsay?manifest={quoted(server)}")["versions"]
    assert [v["version"] for v in versions] == ["6.1", "6.0"]
    about = server.get(f"{API}/about/cowsay?manifest={quoted(server, 'slow')}")
    assert (about["version"], about["summary"].startswith("The famous cowsay")) == ("6.1", True)
    assert about["size"] > 1000
    nothing = server.get(f"{API}/about/no-such-package?manifest={quoted(server)}")
    assert set(nothing.values()) == {None}
    assert server.get(f"{API}/imports/zmq?manifest={quoted(server)}")["conda"] == "pyzmq"
    assert server.get(f"{API}/imports/nowhere?manifest={quoted(server)}")["conda"] is None


def test_lock_diff(server: Running) -> None:
    import subprocess

    root = server.root / "compared"
    write_manifest(root, MANIFEST, channel(TEST).as_uri())
    wait(lambda: server.status(f"{API}/workspaces?manifest={quoted(server, 'compared')}") == 200, 10)
    operation(server, "lock", "compared")
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "pixi.lock"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "a"], check=True)
    assert server.get(f"{API}/diff?manifest={quoted(server, 'compared')}")["rows"] == []
    operation(server, "add", "compared", packages=["native"], no_install=True)
    rows = server.get(f"{API}/diff?manifest={quoted(server, 'compared')}")["rows"]
    assert {(r["name"], r["kind"], r["explicit"]) for r in rows} == {("native", "added", True)}
    assert server.get(f"{API}/history?manifest={quoted(server, 'compared')}")["head"] is True
    assert server.status(f"{API}/diff?manifest={quoted(server, 'compared')}&against=none") == 422


def test_where_is_searched_can_be_set(server: Running) -> None:
    deep = server.root / "a/b/c/d/e/f"
    aside = server.home.path / "aside"
    for folder in (deep, aside):
        write_manifest(folder, MANIFEST, channel(TEST).as_uri())

    def known() -> set[str]:
        return {w["root"] for w in server.get(f"{API}/workspaces")["workspaces"]}

    before = server.get(f"{API}/discovery")
    assert (before["roots"], before["depth"], before["mine"]) == ([str(server.root)], 4, True)
    status, told = send(server, "discovery", {"roots": ["~/aside", "~/nowhere"], "depth": 6}, "PUT")
    assert (status, told["depth"], told["missing"]) == (200, 6, [str(server.home.path / "nowhere")])
    wait(lambda: {str(deep), str(aside)} <= known(), 20)
    for folders in (["/etc"], ["../.."], ["~/../.."], ["~nobody/x"]):
        assert send(server, "discovery", {"roots": folders}, "PUT")[0] in (200, 403), folders
        assert not any(root.startswith("/etc") for root in server.get(f"{API}/discovery")["roots"])
    assert send(server, "discovery", {"depth": 99}, "PUT")[0] == 400
    assert send(server, "discovery", {"roots": "x"}, "PUT")[0] == 400
    assert send(server, "discovery", {}, "PUT")[0] == 200
    wait(lambda: not {str(deep), str(aside)} & known(), 20)


def test_cancel(server: Running, slow: Server) -> None:
    before = Path(manifest(server, "slow")).read_bytes()
    slow.stall = "repodata"
    try:
        status, started = send(
            server, "operations", {"manifest": manifest(server, "slow"), "command": "add", "packages": ["native"]}
        )
        assert status == 202, started
        assert slow.stalled.wait(30)
        path = f"operations/{started['id']}?manifest={quoted(server, 'slow')}"
        assert send(server, path, b"", "DELETE")[0] == 202
        assert ended(server, started["id"], "slow")["state"] == "interrupted"
        assert Path(manifest(server, "slow")).read_bytes() == before
        assert send(server, path, b"", "DELETE")[0] == 409
    finally:
        slow.stall = None
        slow.release.set()


def test_errors_say_why(server: Running) -> None:
    status, told = send(
        server, "preview", {"manifest": manifest(server), "command": "add", "packages": ["no-such-package"]}
    )
    assert status == 409
    assert "no-such-package" in told["message"]
    asked = {"manifest": manifest(server), "command": "add", "packages": ["cowsay"], "environment": "nowhere"}
    done = operation(server, **{k: v for k, v in asked.items() if k != "manifest"})
    assert done["state"] == "failed"


@pytest.mark.parametrize(
    ("document", "status"),
    [
        (b"no json", 400),
        ([], 400),
        ({"command": "add", "packages": ["x"]}, 400),
        ({"manifest": "/etc/pixi.toml", "command": "lock"}, 404),
        ({"manifest": None, "command": "run"}, 400),
        ({"manifest": None, "command": "add", "packages": ["--git=x"]}, 400),
        ({"manifest": None, "command": "add", "packages": []}, 400),
        ({"manifest": None, "command": "add", "packages": ["a\nb"]}, 400),
        ({"manifest": None, "command": "add", "packages": ["a"], "environment": "-e"}, 400),
        ({"manifest": None, "command": "install", "dry_run": True}, 400),
        ({"manifest": None, "command": "lock", "caller": []}, 400),
    ],
)
def test_what_cannot_be_asked(server: Running, document: Any, status: int) -> None:
    if isinstance(document, dict) and document.get("manifest", 0) is None:
        document["manifest"] = manifest(server)
    assert send(server, "operations", document)[0] == status


def test_nobody_without_a_token_or_a_cookie(server: Running) -> None:
    document = {"manifest": manifest(server), "command": "lock"}
    for path, method in (("operations", "POST"), ("preview", "POST"), ("trust", "POST"), ("discovery", "PUT")):
        assert send(server, path, document, method, Authorization="token wrong")[0] == 403
    # A browser's own request from another site carries the cookie of a login, but no XSRF token.
    with urllib.request.urlopen(f"{server.url}lab/../login?token={TOKEN}&next=/api/status", timeout=30) as answer:
        cookies = "; ".join(c.partition(";")[0] for c in answer.headers.get_all("Set-Cookie") or [])
    request = urllib.request.Request(
        f"{server.url}{API}/operations", data=json.dumps(document).encode(), headers={"Cookie": cookies}, method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=30)
    assert raised.value.code == 403


def test_every_route_is_described(server: Running) -> None:
    from jupyter_pixi.server.discovery import route
    from jupyter_pixi.server.handlers import NAMESPACE, handlers
    from jupyter_pixi.server.operation_handlers import operation_handlers
    from jupyter_pixi.server.search_handlers import search_handlers

    document = server.get(f"{API}/openapi.json")
    described = {path.split("{")[0].rstrip("/") for path in document["paths"]}
    looking, changing, searching = handlers(None), operation_handlers(None, None, None), search_handlers(None, None)
    routes = [*looking, *changing, *searching, route(None, None, None)]
    served = {route[0].removeprefix(NAMESPACE).split("(")[0].rstrip("/") for route in routes}
    assert described == served | {"/openapi.json"}
    assert len(document["components"]["schemas"]) == len(COMMANDS) + len(ANSWERS) + 1
