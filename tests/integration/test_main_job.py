"""The main job, end to end: a workspace, its kernel, and packages added to it while it runs."""

from __future__ import annotations

import json
import time
import tomllib

import yaml
from support.workspaces import Workspace, run_engine

TWO = """\
# two environments for two kinds of machine
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}", { name = "with-cuda", platform = "{subdir}", cuda = "12" }]

[dependencies]
python = "*"   # any
ipykernel = "*"

[feature.cuda]
platforms = ["with-cuda"]
dependencies = { driver-needed = "*" }

[environments]
cuda = ["cuda"]
"""


def declared(workspace: Workspace) -> dict:
    return tomllib.loads(workspace.manifest.read_text())


def locked(workspace: Workspace, name: str, environment: str = "default") -> list[str]:
    """The locked files of a package, over all platforms of an environment."""
    rows = yaml.safe_load(workspace.lock.read_text())["environments"][environment]["packages"].values()
    urls = [url for packages in rows for package in packages for url in package.values()]
    return [url for url in urls if url.rsplit("/", 1)[-1].startswith(f"{name}-")]


def test_from_nothing_to_an_import(tmp_path, isolated_home, test_channel, start_kernel):
    root = tmp_path / "weather"
    root.mkdir()
    made = run_engine("init", "--channel", test_channel, cwd=root, home=isolated_home)
    assert made.returncode == 0, made.stderr
    workspace = Workspace(root, isolated_home)
    workspace.do("add", "python", "ipykernel")
    workspace.do("kernels", "install", "--prefix", str(isolated_home.kernels))
    kernel = start_kernel("pixi.weather.default", root)
    assert kernel.value("import sys; sys.prefix").strip("'") == str(workspace.prefix())

    first = kernel.run("%pixi add cowsay\nimport cowsay\nprint(cowsay.__version__, cowsay.__file__)")
    assert first.status == "ok", first.text
    assert f"6.1 {workspace.prefix()}" in first.stdout
    assert declared(workspace)["dependencies"]["cowsay"] == ">=6.1,<7"
    assert locked(workspace, "cowsay")

    before, begin = workspace.state(), time.monotonic()
    second = kernel.run("%pixi add cowsay\nimport cowsay")
    assert second.status == "ok", second.text
    assert "already" in second.text
    assert time.monotonic() - begin < 10  # no solve, no network: far less on a machine that is not busy
    assert workspace.state() == before

    third = kernel.run("%pixi remove cowsay")
    assert third.status == "ok", third.text
    assert "cowsay" not in declared(workspace)["dependencies"]
    assert not locked(workspace, "cowsay")
    assert not list(workspace.prefix().glob("conda-meta/cowsay-*"))


def test_several_at_once_with_versions(installed, notebook):
    workspace = installed()
    outcome = notebook(workspace).run(
        '%pixi add "humanize <4.12" everywhere=1.1 jinja2\nimport humanize, jinja2\nprint(humanize.__version__)'
    )
    assert outcome.status == "ok", outcome.text
    assert "4.9.0" in outcome.stdout
    assert {"humanize", "everywhere", "jinja2"} <= declared(workspace)["dependencies"].keys()
    assert declared(workspace)["dependencies"]["humanize"] == "<4.12"
    assert locked(workspace, "everywhere")[0].endswith("everywhere-1.1-0.conda")


def test_from_pypi(installed, notebook):
    workspace = installed()
    outcome = notebook(workspace).run("%pixi add --pypi iniconfig\nimport iniconfig\nprint(iniconfig.__file__)", 120)
    assert outcome.status == "ok", outcome.text
    assert str(workspace.prefix()) in outcome.stdout
    assert "iniconfig" in declared(workspace)["pypi-dependencies"]
    assert (next(workspace.prefix().rglob("iniconfig-*.dist-info")) / "INSTALLER").read_text() == "uv-pixi"


def test_another_environment_changes_on_disk_only(installed, notebook):
    workspace = installed(TWO)
    outcome = notebook(workspace).run("%pixi add --feature cuda everywhere")
    assert outcome.status == "ok", outcome.text
    assert "everywhere" in declared(workspace)["feature"]["cuda"]["dependencies"]
    assert locked(workspace, "everywhere", "cuda") and not locked(workspace, "everywhere")
    assert not list(workspace.prefix().glob("conda-meta/everywhere-*"))
    assert "cuda" in outcome.text


def test_the_manifest_keeps_everything_else(installed, notebook):
    workspace = installed(TWO)
    before = workspace.manifest.read_text()
    assert notebook(workspace).run("%pixi add cowsay").status == "ok"
    after = workspace.manifest.read_text()
    assert [line for line in after.splitlines() if line not in before.splitlines()] == ['cowsay = ">=6.1,<7"']
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []


def test_what_is_loaded_does_not_change_silently(installed, notebook):
    workspace = installed()
    kernel = notebook(workspace)
    assert kernel.run("%pixi add humanize\nimport humanize").status == "ok"
    before = workspace.state()
    outcome = kernel.run('%pixi add "humanize <4.12"')
    assert outcome.status == "error"
    assert "humanize" in outcome.text and "--restart" in outcome.text
    assert workspace.state() == before
    assert kernel.value("print(humanize.__version__)") == "4.12.3"


def test_activation_reaches_the_running_kernel(installed, notebook):
    workspace = installed()
    outcome = notebook(workspace).run(
        "%pixi add greeter\nimport os\nprint(os.environ['GREETER_MOOD'], os.environ['GREETING'])"
    )
    assert outcome.status == "ok", outcome.text
    assert f"sunny hello from {workspace.prefix()}" in outcome.stdout


def test_status_is_read_only_and_says_what_is(workspace):
    made = workspace(TWO)
    before = sorted(made.root.rglob("*"))
    status = made.json("status")
    assert status["manifest"] == str(made.manifest)
    assert status["lock"]["up_to_date"] is False
    states = {row["name"]: row["state"] for row in status["environments"]}
    assert states == {"default": "not-locked", "cuda": "cannot-run"}
    assert sorted(made.root.rglob("*")) == before

    made.do("lock")
    assert not (made.root / ".pixi/envs").exists()
    status = made.json("status")
    assert status["lock"]["up_to_date"] is True
    rows = {row["name"]: row for row in status["environments"]}
    assert rows["default"]["state"] == "not-installed"
    assert rows["cuda"]["state"] == "cannot-run" and "__cuda" in rows["cuda"]["reason"]["text"]

    made.do("install")
    rows = {row["name"]: row for row in made.json("status")["environments"]}
    assert rows["default"]["state"] == "ready" and rows["default"]["prefix"] == str(made.prefix())
    assert [kernel["language"] for kernel in rows["default"]["kernels"]] == ["python"]
    made.do("lock", "--check")
    assert "installed" in made.run("install").stderr.lower() or made.state()


def test_kernelspecs_are_listed_and_published(installed):
    workspace = installed(TWO)
    rows = {row["name"]: row for row in workspace.json("kernels", "list")}
    assert rows["pixi.weather.default"]["state"] == "ready"
    assert rows["pixi.weather.cuda"]["state"] == "cannot-run" and rows["pixi.weather.cuda"]["reason"]
    spec = json.loads((workspace.home.kernels / "share/jupyter/kernels/pixi.weather.cuda/kernel.json").read_text())
    assert spec["display_name"] == "weather · cuda (unavailable)"
    assert spec["argv"][1] == "-P" and "{connection_file}" in spec["argv"]
