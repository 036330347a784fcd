"""Bad input gets a clear sentence, nothing on disk changes, and the kernel lives on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.readonly import run_read_only

FOREIGN = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}", "osx-arm64"]

[dependencies]
native = "*"
"""

SMALL = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
everywhere = "1.*"
"""


def refused(workspace, *argv: str, **options) -> str:
    """Runs a command that must fail without a traceback and without a change. Returns what it said."""
    before = workspace.state()
    done = workspace.run(*argv, **options)
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert workspace.state() == before
    return done.stderr


@pytest.fixture
def small(workspace):
    made = workspace(SMALL)
    made.do("install")
    return made


def test_a_package_that_does_not_exist(small):
    said = refused(small, "add", "cowsey")
    assert "cowsey" in said and "cowsay" in said


def test_a_package_that_one_platform_lacks(workspace, host):
    made = workspace(FOREIGN)
    made.do("lock")
    said = refused(made, "add", "here-only")
    assert "osx-arm64" in said and f"--platform {host.subdir}" in said
    made.do("add", "here-only", "--platform", host.subdir)
    assert "here-only" in made.manifest.read_text()


def test_a_conflict_is_explained(small):
    small.do("add", "herd")
    said = refused(small, "add", "calf")
    assert "cowsay" in said and "herd" in said and "calf" in said


def test_a_broken_manifest_is_pointed_at(small):
    small.manifest.write_text(small.manifest.read_text().replace("[dependencies]", "[dependencys]"))
    said = refused(small, "lock")
    assert "pixi.toml:6" in said and "dependencies" in said
    small.manifest.write_text("[workspace\n")
    assert "pixi.toml:1" in refused(small, "lock")
    assert {row["state"] for row in small.json("status")["environments"]} <= {"broken"}
    assert "pixi.toml:1" in small.do("status")


def test_no_manifest(engine):
    done = engine("add", "cowsay")
    assert done.returncode == 1 and "init" in done.stderr and "Traceback" not in done.stderr


def test_an_unreachable_channel(small):
    text = small.manifest.read_text()
    first, _, rest = text.partition("channels = [")
    small.manifest.write_text(f'{first}channels = ["http://127.0.0.1:9/nowhere", {rest}')
    assert "127.0.0.1:9" in refused(small, "lock")


def test_a_read_only_folder(small):
    before = small.state()
    engine = [sys.executable, "-P", "-m", "jupyter_pixi"]
    for argv in (["status"], ["install"], ["add", "everywhere"], ["lock", "--check"]):  # nothing to do: no write
        done = run_read_only(small.root, [*engine, *argv], small.home.environ)
        assert done.returncode == 0, (argv, done.stderr)
    done = run_read_only(small.root, [*engine, "add", "cowsay"], small.home.environ)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert str(small.root) in done.stderr
    assert small.state() == before


def test_a_download_that_fails_takes_the_change_back(workspace, slow_channel):
    made = workspace(SMALL, channel=slow_channel.url)
    made.do("install")
    slow_channel.fail = "here-only-1.0"
    said = refused(made, "add", "here-only")
    assert "here-only" in said
    assert made.json("status")["environments"][0]["state"] == "ready"
    slow_channel.fail = None
    made.do("add", "here-only")
    assert list(made.prefix().glob("conda-meta/here-only-*"))


def test_an_interrupt_in_the_terminal(workspace, slow_channel):
    made = workspace(SMALL, channel=slow_channel.url)
    made.do("install")
    before = made.state()
    slow_channel.stall = "native-1.1"
    command = [sys.executable, "-P", "-m", "jupyter_pixi", "add", "native"]
    process = subprocess.Popen(
        command, cwd=made.root, env=made.home.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert slow_channel.stalled.wait(60)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130 and "Traceback" not in said
    assert made.state() == before
    slow_channel.release.set()
    assert made.json("status")["environments"][0]["state"] == "ready"


def test_an_interrupt_in_a_notebook(installed, notebook, slow_channel):
    workspace = installed(channel=slow_channel.url)
    kernel = notebook(workspace)
    before = workspace.state()
    slow_channel.stall = "native-1.1"
    message = kernel.send("%pixi add native")
    assert slow_channel.stalled.wait(60)
    time.sleep(0.2)
    kernel.manager.interrupt_kernel()
    outcome = kernel.wait(message, 30)
    assert outcome.status == "error"
    assert workspace.state() == before
    assert kernel.value("print(1 + 1)") == "2"
    slow_channel.release.set()
    again = kernel.run("%pixi add native")
    assert again.status == "ok", again.text


def test_errors_in_a_notebook_are_sentences(installed, notebook):
    workspace = installed()
    kernel = notebook(workspace)
    before = workspace.state()
    outcome = kernel.run("%pixi add cowsey\nprint('not reached')")
    assert outcome.status == "error" and "cowsay" in outcome.text and "not reached" not in outcome.stdout
    assert "jupyter_pixi/" not in outcome.text and "File " not in outcome.text
    assert workspace.state() == before
    assert kernel.value("print(1 + 1)") == "2"


def test_a_missing_channel_folder(small, tmp_path):
    gone = tmp_path / "gone"
    small.manifest.write_text(small.manifest.read_text().replace("channels = [", f'channels = ["{gone.as_uri()}", '))
    assert "gone" in refused(small, "lock")
    shutil.rmtree(small.root / ".pixi")


def test_a_locale_that_is_not_utf8(workspace, engine, tmp_path):
    """Old accounts and cron have such; what is read and written stays UTF-8, and `·` and `é` are no error."""
    locale = {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    made = workspace(SMALL, name="pré")
    assert made.run("install", env=locale).returncode == 0
    assert "everywhere 1.1" in made.run("tree", env=locale).stdout
    done = made.run("run", "sh", "-c", "echo $CONDA_PREFIX; echo ${PYTHONUTF8-}", env=locale)
    assert done.stdout.splitlines() == [str(made.prefix()), "0"], done.stderr


def test_a_folder_whose_name_is_no_text(small, engine, tmp_path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/od\xff")
    shutil.copytree(small.root, odd, ignore=shutil.ignore_patterns(".pixi"))
    done = engine("install", "--manifest-path", odd)
    assert done.returncode == 1 and "The path of the workspace is not UTF-8 text" in done.stderr
    assert "od\\xff" in done.stderr and not Path(odd, ".pixi").exists()
