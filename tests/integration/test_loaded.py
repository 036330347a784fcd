"""Changes under a running kernel: what it has imported stays as it is, or the user has said otherwise."""

from __future__ import annotations

import json
import time
import tomllib
from queue import Empty

import pytest
from support.workspaces import PLAIN


@pytest.fixture
def kernel(installed, notebook):
    workspace = installed(PLAIN + 'cowsay = "*"\n')
    started = notebook(workspace)
    started.workspace = workspace
    assert started.value("import cowsay; print(cowsay.__version__)") == "6.1"
    return started


def declared(workspace):
    return tomllib.loads(workspace.manifest.read_text())["dependencies"]


def test_what_is_imported_stays(kernel):
    workspace = kernel.workspace
    channels = tomllib.loads(workspace.manifest.read_text())["workspace"]["channels"]
    block = f"# /// script\n# dependencies = []\n# [tool.pixi.workspace]\n# channels = {channels}\n# ///\n"
    (workspace.root / "script.py").write_text(block)
    other = kernel.run("%pixi add --script script.py humanize")  # whose packages are none of this kernel's
    assert other.status == "ok" and "humanize" in (workspace.root / "script.py").read_text(), other.text

    fine = kernel.run("%pixi add six\nimport six\nprint(six.__version__)")
    assert fine.status == "ok", fine.text

    before = workspace.state()
    refused = kernel.run("%pixi add calf")
    assert refused.status == "error"
    assert "This kernel has packages loaded that the change would move" in refused.text
    assert "cowsay would move from 6.1 to 6.0" in refused.text
    assert "Kept as they are, there is no solution" in refused.text and "calf" in refused.text
    assert "--restart" in refused.text and "ask for another version" in refused.text
    assert workspace.state() == before

    asked = kernel.run('%pixi add "cowsay <6.1"')
    assert asked.status == "error" and "The change itself asks for cowsay <6.1" in asked.text
    assert workspace.state() == before

    assert kernel.run('%pixi add "humanize <4.12" "everywhere <1.1"\nimport humanize').status == "ok"
    around = kernel.run("%pixi upgrade humanize everywhere")
    assert around.status == "ok", around.text
    assert "Solved with what this kernel has loaded kept as it is: humanize" in around.text
    assert declared(workspace)["humanize"] == ">=4.9.0,<5" and declared(workspace)["everywhere"] == ">=2.0,<3"
    assert kernel.value("print(humanize.__version__)") == "4.9.0"

    upgraded = kernel.run("%pixi upgrade humanize --force-loaded")
    assert upgraded.status == "ok" and "Stale in this kernel until it restarts: humanize" in upgraded.text
    assert not list(workspace.prefix().glob("conda-meta/humanize-4.9.0-*"))

    forced = kernel.run("%pixi add calf --force-loaded")
    assert forced.status == "ok", forced.text
    assert "Stale in this kernel until it restarts" in forced.text and "cowsay" in forced.text
    assert kernel.value("print(cowsay.__version__)") == "6.1"
    assert list(workspace.prefix().glob("conda-meta/cowsay-6.0-*"))
    status = kernel.run("%pixi status").text  # what this kernel itself has forced
    assert "humanize 4.9.0 is loaded, 4.12.3 is installed" in status and "cowsay 6.1 is loaded, 6.0" in status
    assert "Changed outside" not in kernel.run("%pixi list").text
    status = kernel.run("import importlib\nimportlib.reload(humanize)\n%pixi status").text
    assert "humanize 4.9.0 is loaded" in status  # its other modules
    forget = "for name in [n for n in sys.modules if n.partition('.')[0] == 'humanize']: del sys.modules[name]"
    status = kernel.run(f"import sys\n{forget}\nimport humanize\n%pixi status").text
    assert "humanize" not in status and "cowsay 6.1 is loaded, 6.0" in status

    gone = kernel.run("%pixi remove six")
    assert gone.status == "ok", gone.text
    assert "six stays loaded until the kernel restarts" in gone.text
    assert "six 1.16.0 is loaded, and no longer installed" in kernel.run("%pixi status").text
    back = kernel.run("%pixi add six")
    assert back.status == "ok" and "uses as six" not in back.text  # the very same files
    assert "six" not in kernel.run("%pixi status").text


def test_restart_is_a_way_out(kernel):
    done = kernel.run("%pixi add calf --restart")
    assert "This kernel starts again" in done.text  # and what waits behind this cell is not run
    assert declared(kernel.workspace)["calf"]
    end = time.monotonic() + 40
    while time.monotonic() < end:
        try:
            if kernel.run("import cowsay; print(cowsay.__version__)", timeout=5).stdout.strip() == "6.0":
                return
        except (TimeoutError, Empty):
            continue
    pytest.fail("the kernel did not come back with the other cowsay")


def test_what_another_tool_installed_is_loaded_too(kernel):
    workspace = kernel.workspace
    (site,) = workspace.prefix().glob("lib/python3*/site-packages")
    info = site / "humanize-4.8.0.dist-info"
    for folder in (info, site / "humanize"):
        folder.mkdir()
    (site / "humanize/__init__.py").write_text("__version__ = '4.8.0'\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: humanize\nVersion: 4.8.0\n")
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text(
        "humanize/__init__.py,,\n" + "".join(f"{info.name}/{name},,\n" for name in ("METADATA", "INSTALLER", "RECORD"))
    )
    assert kernel.value("import humanize; print(humanize.__version__)") == "4.8.0"
    for words, text in {
        "add humanize": "humanize (installed by pip) would move from 4.8.0 to 4.12.3",
        "install --repair": "humanize would be removed",
    }.items():
        refused = kernel.run(f"%pixi {words}")
        assert refused.status == "error" and text in refused.text and "--restart" in refused.text
        assert info.exists()
    assert kernel.run("%pixi add six").status == "ok"  # which leaves it alone
    assert kernel.run("%pixi add humanize --force-loaded").status == "ok"
    assert "humanize 4.8.0 is loaded, 4.12.3 is installed" in kernel.run("%pixi status").text


def test_new_programs_and_path_files_work_at_once(kernel):
    outcome = kernel.run("%pixi add --pypi iniconfig humanize\n!which python\nimport iniconfig, os")
    assert outcome.status == "ok", outcome.text
    assert str(kernel.workspace.prefix() / "bin/python") in outcome.stdout


def test_hints_below_the_cell(kernel):
    failed = kernel.run("from humanize.time import naturalday")
    assert failed.error["ename"] == "ModuleNotFoundError"
    assert failed.stderr.strip() == "`humanize` is in the package humanize: %pixi add humanize"
    assert kernel.run("import humanize_of_nowhere").stderr == ""
    assert "%pixi add --pypi iniconfig" in kernel.run("%pip install iniconfig").stderr
    assert "%pixi" not in kernel.run("%pip install iniconfig").stderr  # once is enough


def test_undo_in_a_kernel(kernel):
    workspace = kernel.workspace
    before = workspace.state()
    assert kernel.run("%pixi add humanize\nimport humanize").status == "ok"
    undone = kernel.run("%pixi undo")
    assert undone.status == "ok", undone.text
    assert "Took back `add humanize`" in undone.text and "humanize stays loaded until" in undone.text
    assert workspace.state() == before
    assert not list(workspace.prefix().glob("conda-meta/humanize-*"))
    listing = kernel.run("%pixi history")
    assert "add humanize (taken back)" in listing.text
    rows = json.loads(kernel.run("%pixi history --json").stdout)
    assert rows[-2]["command"] == ["add", "humanize"] and rows[-2]["kernel"] and rows[-2]["undone"]
    assert kernel.run("%pixi redo\nimport humanize").status == "ok"

    workspace.do("add", "cowsay=6.0")
    told = kernel.run("%pixi list")
    assert "Changed outside of this kernel: cowsay 6.1 is loaded, 6.0 is installed. Restart it" in told.text
    assert "Changed outside" not in kernel.run("%pixi list").text  # once is enough
    assert "restart it to be sure:\n  cowsay 6.1 is loaded, 6.0 is installed" in kernel.run("%pixi status").text
    here = workspace.state()
    refused = kernel.run("%pixi undo")  # exactly, or not at all
    assert refused.status == "error" and "cowsay would move from 6.0 to 6.1" in refused.text
    assert "--restart" in refused.text and workspace.state() == here
    assert kernel.run("%pixi undo --force-loaded").status == "ok"
    assert list(workspace.prefix().glob("conda-meta/cowsay-6.1-*"))


def test_nothing_exchanges_what_is_loaded_when_the_lock_went_on(kernel):
    workspace = kernel.workspace
    workspace.do("add", "cowsay=6.0", "--no-install")
    for words in ("install", "run python --version", "add six"):
        refused = kernel.run(f"%pixi {words}")
        assert refused.status == "error", words
        assert "cowsay would move from 6.1 to 6.0" in refused.text and "--restart" in refused.text
        assert list(workspace.prefix().glob("conda-meta/cowsay-6.1-*"))
    assert "Python" in kernel.run("%pixi run --as-is python --version").text
    for words in ("undo", "redo --force-loaded"):  # undo goes to what is installed, so nothing that is loaded moves
        moved = kernel.run(f"%pixi {words}")
        assert moved.status == "ok", moved.text
    assert list(workspace.prefix().glob("conda-meta/cowsay-6.0-*"))
    mood = "import os; print(os.environ.get('GREETER_MOOD'))"  # what the environment activates is there at once
    workspace.do("add", "greeter", "--no-install")
    assert kernel.run("%pixi run python --version").status == "ok" and kernel.value(mood) == "sunny"
    workspace.do("remove", "greeter", "--no-install")
    assert kernel.run("%pixi install").status == "ok" and kernel.value(mood) == "None"
