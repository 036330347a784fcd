"""What an administrator forbids is forbidden in every face: commands, scripts, kernels, the magic, the server."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.parse
from pathlib import Path

import pytest
from jupyter_pixi.policy import VARIABLE
from support.homes import make_home
from support.jupyter_server import Running, jupyter_server
from support.readonly import run_read_only
from support.servers import server as serving
from support.waiting import wait
from support.workspaces import Workspace, write_manifest

WHO = "the rules of this room"
OTHER = "https://conda.example.org/other"
PLAIN = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
everywhere = "1.*"
"""


def rules(**tables: object) -> dict[str, str]:
    return {VARIABLE: json.dumps({**tables, "who": WHO})}


def only(*channels: str, **more: object) -> dict[str, str]:
    return rules(sources={"channels": list(channels), **more})


def refused(done, *words: str) -> None:
    assert done.returncode == 1, done.stderr
    assert WHO in done.stderr, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_channels_on_the_command_line(workspace, test_channel):
    made = workspace(PLAIN)
    before = made.state()
    refused(made.run("lock", env=only(OTHER)), f"channels only: {OTHER}", f"the channel '{test_channel}'")
    refused(made.run("add", "native", env=only(OTHER)))
    refused(made.run("install", env=only(OTHER)))
    refused(made.run("search", "native", env=only(OTHER)))
    refused(made.run("exec", "-c", test_channel, "-s", "native", "true", env=only(OTHER)))
    refused(made.run("launch", str(made.root), "--yes", "--no-lab", "-e", "default", env=only(OTHER)))
    assert made.state() == before and not made.prefix().exists()

    made.do("install", env=only(test_channel))
    # What is there stays usable, what is cached is not linked into another environment.
    made.do("run", "true", env=only(OTHER))
    text = made.manifest.read_text() + '\n[feature.x.dependencies]\nnative = "*"\n[environments]\nx = ["x"]\n'
    made.manifest.write_text(text)
    made.do("lock")
    refused(made.run("install", "--frozen", "-e", "x", env=only(OTHER)))
    assert not made.prefix("x").exists()


def test_a_locked_package_from_elsewhere(workspace, test_channel):
    made = workspace(PLAIN)
    made.do("lock")
    locked = made.lock.read_text()
    folder = test_channel.removeprefix("file://")
    made.lock.write_text(locked.replace(f"{folder}/noarch/everywhere", f"{OTHER}/noarch/everywhere"))
    assert made.lock.read_text() != locked
    refused(made.run("install", "--frozen", env=only(test_channel)), "the lock file has 'everywhere'", OTHER)


def test_a_mirror_of_the_users(workspace, test_channel, isolated_home):
    made = workspace(PLAIN.replace("{channel}", "https://conda.example.org/team"))
    for folder in (made.root / ".pixi", Path(isolated_home.environ["PIXI_HOME"])):
        folder.mkdir(exist_ok=True)
        config = folder / "config.toml"
        config.write_text(f'[mirrors]\n"https://conda.example.org/team" = ["{test_channel}"]\n')
        refused(made.run("lock", env=only("https://conda.example.org/team")), "a mirror at", test_channel)
        config.unlink()


def test_indexes(workspace):
    made = workspace(PLAIN + 'python = "*"\n\n[pypi-dependencies]\nsix = "*"\n')
    own = "https://pypi.example.org/simple"
    refused(made.run("lock", env=rules(sources={"indexes": [own]})), f"indexes only: {own}", "asks for PyPI")
    refused(made.run("add", "--pypi", "attrs", env=rules(sources={"indexes": [own]})))
    refused(
        made.run("demo", "--check", "--channel", "embedded", env=rules(sources={"indexes": [own]})), "the demo asks"
    )
    text = made.manifest.read_text()
    made.manifest.write_text(text + 'wheel = { url = "https://files.example.org/wheel-1-py3-none-any.whl" }\n')
    refused(made.run("lock", env=rules(sources={"indexes": ["pypi"]})), "'wheel' from https://files.example.org/")


def test_scripts(workspace, test_channel):
    made = workspace(PLAIN)
    script = made.root / "tool.py"
    block = f'[tool.pixi.workspace]\nchannels = ["{test_channel}"]\n[tool.pixi.dependencies]\neverywhere = "*"\n'
    commented = "".join(f"# {line}\n" for line in block.splitlines())
    script.write_text(f"# /// script\n{commented}# ///\nprint('ran')\n")
    before = script.read_bytes()
    done = made.run("run", "--script", "tool.py", env=only(OTHER))
    refused(done)
    assert "ran" not in done.stdout
    refused(made.run("add", "--script", "tool.py", "native", env=rules(changes={"frozen": True})))
    assert script.read_bytes() == before


def test_frozen(workspace, test_channel):
    made = workspace(PLAIN)
    made.do("lock")
    before = made.state()
    frozen = rules(changes={"frozen": [str(made.root)]})
    for words in (
        ("add", "native"),
        ("remove", "everywhere"),
        ("update",),
        ("upgrade",),
        ("task", "add", "x", "true"),
        ("workspace", "name", "set", "other"),
        ("workspace", "channel", "add", "bioconda"),
        ("exec", "-c", test_channel, "-s", "native", "true"),
    ):
        refused(made.run(*words, env=frozen), str(made.root))
    assert made.state() == before
    made.do("install", env=frozen)
    made.do("run", "true", env=frozen)
    made.do("lock", "--check", env=frozen)
    refused(made.run("init", "new", env=frozen))
    assert not (made.root / "new").exists()


def test_nobody_may_be_trusted(workspace):
    made = workspace(PLAIN + '\n[activation]\nscripts = ["go.sh"]\n')
    (made.root / "go.sh").write_text(f"touch '{made.root}/was-run'\n")
    made.do("lock")
    none = rules(trust={"mode": "none", "folders": ["/srv/courses"]})
    for words in (("install",), ("run", "true"), ("shell-hook",), ("trust",), ("run", "-x", "true")):
        refused(made.run(*words, env=none))
    refused(made.run("launch", str(made.root), "--yes", "--no-lab", "-e", "default", env=none))
    assert not (made.root / "was-run").exists() and not made.prefix().exists()


KERNEL = PLAIN.replace('everywhere = "1.*"', 'python = "*"\nipykernel = "*"')


def test_no_install_at_a_start(workspace, start_kernel):
    made = workspace(KERNEL)
    made.do("lock")
    made.do("kernels", "install", "--prefix", str(made.home.kernels))
    quiet = rules(start={"install": False})
    kernel = start_kernel("pixi.weather.default", made.root, env=quiet)
    outcome = kernel.run("1 + 1")
    assert outcome.status == "error" and WHO in outcome.text and "%pixi install" in outcome.text
    assert not made.prefix().exists()
    assert kernel.run("%pixi install").status == "ok"  # asked for, and no start
    made.manifest.write_text(made.manifest.read_text() + "# only a comment\n")
    made.do("trust")
    again = start_kernel("pixi.weather.default", made.root, env=quiet)
    assert again.value("import sys\nprint(sys.prefix)") == str(made.prefix())


def test_a_start_and_the_magic(workspace, start_kernel, test_channel):
    made = workspace(KERNEL)
    made.do("lock")
    made.do("kernels", "install", "--prefix", str(made.home.kernels))
    rescue = start_kernel("pixi.weather.default", made.root, env=only(OTHER))
    assert WHO in rescue.run("1 + 1").text and not made.prefix().exists()
    made.do("install")
    kernel = start_kernel("pixi.weather.default", made.root, env=only(OTHER))
    outcome = kernel.run(f"%env {VARIABLE}=\n%pixi add native")  # the kernel's own variables do not count
    assert WHO in outcome.text and "native" not in made.manifest.read_text()


@pytest.fixture
def server(tmp_path: Path, test_channel: str, package_cache: Path):
    root = tmp_path / "root"
    write_manifest(root / "weather", PLAIN, test_channel)
    home = make_home(tmp_path / "home", package_cache)
    shut = f"--JupyterPixi.policy={{'sources': {{'channels': ['{OTHER}']}}, 'trust': {{'mode': 'none'}}}}"
    with jupyter_server(root, home, shut, app=("jupyter_server",)) as running:
        yield running


def status_of(call) -> tuple[int, dict[str, object]]:
    try:
        return 200, call()
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_the_server(server: Running):
    manifest = str(server.root / "weather" / "pixi.toml")
    api = "jupyter-pixi/api"
    quoted = urllib.parse.quote(manifest, safe="")
    assert status_of(lambda: server.get(f"{api}/workspaces?manifest={quoted}"))[0] in (200, 404)
    wait(lambda: server.status(f"{api}/workspaces?manifest={quoted}") == 200)
    asked = {"manifest": manifest, "command": "add", "packages": ["native"]}
    for call in (
        lambda: server.post(f"{api}/preview", asked),
        lambda: server.get(f"{api}/search?manifest={quoted}&query=native"),
        lambda: server.get(f"{api}/search/native?manifest={quoted}"),
        lambda: server.post(f"{api}/trust", {"manifest": manifest}),
    ):
        status, answer = status_of(call)
        assert status in (409, 422, 424), answer
        assert "JupyterPixi.policy" in f"{answer['message']} {answer['help']}", answer
    assert server.get(f"{api}/trust?manifest={quoted}")["forbidden"] is True
    assert "keeps to the policy of the Jupyter server's configuration" in server.log.read_text()


def placed(root: Path, text: str, channel: str, cache: Path) -> Workspace:
    """A workspace in a home with this package cache."""
    cache.mkdir(exist_ok=True)
    write_manifest(root, text, channel)
    return Workspace(root, make_home(root.with_name(f"home-{root.name}"), cache))


def test_a_shared_package_cache(tmp_path: Path, test_channel_folder: Path):
    """What a read-only cache holds is not fetched again, online and offline, and nothing is written there."""
    with serving(test_channel_folder) as channel:
        text = PLAIN + 'greeter = "*"\n'
        full = placed(tmp_path / "one", text, channel.url, tmp_path / "shared")
        full.do("install")
        before = sorted(str(path) for path in (tmp_path / "shared").rglob("*"))
        channel.asked.clear()

        shared = {VARIABLE: json.dumps({"cache": {"shared": [str(tmp_path / "shared")]}})}
        own = placed(tmp_path / "two", text, channel.url, tmp_path / "own")
        install = [sys.executable, "-P", "-m", "jupyter_pixi", "install", "--manifest-path", str(own.manifest)]
        done = run_read_only(tmp_path / "shared", install, own.home.environ | shared)
        assert done.returncode == 0, done.stderr
        assert (own.prefix() / "etc/conda/activate.d/greeter.sh").is_file()
        assert [path for path in channel.asked if path.endswith(".conda")] == []
        assert sorted(str(path) for path in (tmp_path / "shared").rglob("*")) == before
        assert own.run("reinstall", env=shared).returncode == 0
        assert [path for path in channel.asked if path.endswith(".conda")] == []

        own.do("clean")
        own.lock.unlink()
        own.do("install", "--offline", env=shared)
        assert own.run("install", "--offline", env=shared | {VARIABLE: ""}).returncode == 0  # it is there already
        own.do("clean")
        assert own.run("install", "--offline").returncode == 1
