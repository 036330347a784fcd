"""Turns a folder into a real JupyterHub on loopback, in an environment of its own, with the proxy from npm."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .homes import Home

REPOSITORY = Path(__file__).resolve().parents[2]
ADMIN = "a-token-for-the-tests-own-service"
PASSWORD = "a-password-for-tests"
PREFIX = "/jhub/"
PATIENCE = 120.0

_CONFIG = """\
import json, pathlib

given = json.loads(pathlib.Path({given!r}).read_text())
c = get_config()
c.JupyterHub.bind_url = given["url"]
c.JupyterHub.hub_port = given["hub_port"]
c.JupyterHub.db_url = f"sqlite:///{{given['folder']}}/hub.sqlite"
c.JupyterHub.cookie_secret_file = f"{{given['folder']}}/cookie"
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{{given['proxy_port']}}"
c.ConfigurableHTTPProxy.command = given["proxy"]
c.ConfigurableHTTPProxy.pid_file = f"{{given['folder']}}/proxy.pid"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = given["password"]
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = given["folder"] + "/users/{{username}}"
c.Spawner.cmd = given["singleuser"]
c.Spawner.args = ["--allow-root", *given["arguments"]]
c.Spawner.environment = given["environ"]
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = 120
c.Spawner.start_timeout = 120
c.JupyterHub.services = [{{"name": "tests", "api_token": given["admin"]}}]
c.JupyterHub.load_roles = [
    {{"name": "tests", "scopes": ["admin:users", "admin:servers", "tokens", "access:servers"], "services": ["tests"]}},
    {{"name": "user", "scopes": ["self"]}},
]
"""


@dataclass(frozen=True)
class Hub:
    """A running hub: its address with a trailing slash, and where its users' homes are."""

    url: str
    folder: Path

    def ask(self, path: str, token: str = ADMIN, method: str = "GET", document: Any = None) -> tuple[int, Any]:
        """The status and the JSON document of an answer, of the hub or of a user's server; 302 for the login page."""
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        data = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                if "/hub/login" in answer.url:
                    return 302, None
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            return error.code, None

    def home_of(self, user: str) -> Path:
        """The folder in which a user's server starts."""
        return self.folder / "users" / user

    def stop(self) -> None:
        """Ends the users' servers."""
        users = [user["name"] for user in self.ask("hub/api/users")[1] or () if user["servers"]]
        for user in users:
            self.ask(f"hub/api/users/{user}/server", method="DELETE")
        end = time.monotonic() + 30
        while users and time.monotonic() < end:
            users = [user for user in users if self.ask(f"hub/api/users/{user}")[1]["servers"]]
            time.sleep(0.2)

    def spawn(self, user: str) -> str:
        """A user, whose server is started. Returns a token of theirs."""
        self.ask(f"hub/api/users/{user}", method="POST")
        status, _ = self.ask(f"hub/api/users/{user}/server", method="POST")
        assert status in (201, 202), status
        end = time.monotonic() + PATIENCE
        while not (self.ask(f"hub/api/users/{user}")[1]["servers"].get("", {}).get("ready")):
            assert time.monotonic() < end, "the hub did not start the server"
            time.sleep(0.2)
        status, made = self.ask(f"hub/api/users/{user}/tokens", method="POST", document={})
        assert status == 201, status
        return str(made["token"])


def make_environment(folder: Path) -> Path:
    """JupyterHub, JupyterLab, this package from a wheel, and the proxy. Returns the environment's `bin`."""
    venv = folder / "venv"
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or "uv"
    subprocess.run([uv, "venv", "-q", "-p", sys.executable, venv], check=True)
    wanted = ["jupyterhub>=5,<7", "jupyterlab", str(REPOSITORY)]
    subprocess.run([uv, "pip", "install", "-q", "-p", str(venv / "bin/python"), *wanted], check=True)
    subprocess.run(["npm", "install", "--silent", "--prefix", str(folder), "configurable-http-proxy@5"], check=True)
    return venv / "bin"


@contextmanager
def jupyterhub(folder: Path, programs: Path, home: Home, *arguments: str) -> Iterator[Hub]:
    """A hub until left, with its users' servers. `arguments` go to these."""
    port, hub_port, proxy_port = (_free_port() for _ in range(3))
    hub = Hub(f"http://127.0.0.1:{port}{PREFIX}", folder)
    kept = ("PIXI_", "RATTLER_", "XDG_RUNTIME_DIR", "NO_COLOR")  # a user's own home is the spawner's business
    given = {
        "url": hub.url,
        "folder": str(folder),
        "hub_port": hub_port,
        "proxy_port": proxy_port,
        "proxy": [str(programs.parents[1] / "node_modules/.bin/configurable-http-proxy")],
        "password": PASSWORD,
        "singleuser": [str(programs / "jupyterhub-singleuser")],
        "arguments": arguments,
        "environ": {k: v for k, v in home.environ.items() if k.startswith(kept) and k != "PIXI_HOME"},
        "admin": ADMIN,
    }
    (folder / "given.json").write_text(json.dumps(given))
    config = folder / "jupyterhub_config.py"
    config.write_text(_CONFIG.format(given=str(folder / "given.json")))
    environ = {**home.environ, "PATH": f"{programs}:{home.environ['PATH']}", "CONFIGPROXY_AUTH_TOKEN": "a-proxy-token"}
    environ.pop("JUPYTER_PATH", None)
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [str(programs / "jupyterhub"), "-f", str(config)], cwd=folder, env=environ, stdout=log, stderr=log
        )
    try:
        _wait(hub, process)
        yield hub
    finally:
        hub.stop()
        process.terminate()  # it ends the proxy
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(hub: Hub, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, (hub.folder / "hub.log").read_text()
        try:
            if hub.ask("hub/api/")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    raise AssertionError((hub.folder / "hub.log").read_text())


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
