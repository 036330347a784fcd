"""A kernel's description becomes the program that runs; ipykernels get the bridge besides."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from jupyter_pixi.kernels import attempts, command
from jupyter_pixi.kernels.bridge.context import NOTE

IPYKERNEL = {"argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]}


def test_an_ipykernel_gets_our_configuration_last():
    argv, variables = command.arguments(IPYKERNEL, "/p", "/run/kernel.json", ["--debug"])
    assert argv == [
        *("python", command.KERNEL_START, "ipykernel_launcher", "", "-f", "/run/kernel.json", "--debug"),
        f"--config={command.CONFIG}",
    ]
    assert variables == {}


def test_a_configuration_of_its_own_is_kept():
    kernel = {"argv": [*IPYKERNEL["argv"], "--config=/etc/site.py"]}
    argv, variables = command.arguments(kernel, "/p", "c")
    assert [word for word in argv if word.startswith("--config")] == [f"--config={command.CONFIG}"]
    assert variables == {command.OTHER_CONFIG: "/etc/site.py"}


def test_other_kernels_start_as_they_are():
    kernel = {"argv": ["{prefix}/bin/R", "--args", "{resource_dir}/x", "{connection_file}"], "dir": "/p/share/k"}
    argv, variables = command.arguments(kernel, "/p", "c")
    assert argv == ["/p/bin/R", "--args", "/p/share/k/x", "c"] and variables == {}


@pytest.mark.parametrize(
    ("argv", "yes"),
    [
        (["python", "-m", "ipykernel", "-f", "c"], True),
        (["/p/bin/python3.11", "-Xfrozen_modules=off", "-m", "ipykernel_launcher"], True),
        (["xpython", "-f", "c"], False),
        (["python", "-m", "xpython_launcher"], False),
        (["python", "-m", "calysto_bash", "-f", "ipykernel_launcher"], False),
        (["python", "-m"], False),
    ],
)
def test_what_is_an_ipykernel(argv, yes):
    assert command.is_ipykernel(argv) is yes


def test_described_prefers_the_state_file_and_falls_back_to_the_prefix(tmp_path):
    folder = tmp_path / "share/jupyter/kernels/bash"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": ["bash-kernel"], "display_name": "Bash"}))
    assert command.described("bash", str(tmp_path), {})["dir"] == str(folder)
    known = {"kernels": {"bash": {"argv": ["other"]}}}
    assert command.described("bash", str(tmp_path), known)["argv"] == ["other"]
    assert command.described("ir", str(tmp_path), known) is None


def test_variables_of_a_description_are_filled_in():
    kernel = {"env": {"A": "${HOME}/x", "B": "$NOBODY", "C": "plain"}}
    assert command.own_variables(kernel, {"HOME": "/h"}) == {"A": "/h/x", "B": "$NOBODY", "C": "plain"}


def test_the_environments_own_program_comes_first(tmp_path):
    own = tmp_path / "bin"
    own.mkdir()
    (own / "sh").write_text("#!/bin/sh\n")
    (own / "sh").chmod(0o755)
    assert command.program("sh", str(tmp_path), {"PATH": "/bin"}) == str(own / "sh")
    assert command.program("bin/sh", str(tmp_path), {}) == str(own / "sh")
    assert command.program("env", str(tmp_path), {"PATH": "/usr/bin:/bin"}).endswith("/env")
    assert command.program("no-such-kernel", str(tmp_path), {"PATH": "/bin"}) is None


def test_the_quick_way_imports_nothing_heavy():
    code = "import sys; import jupyter_pixi.kernels.launch; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    heavy = "rattler tomllib tomli yaml importlib.metadata asyncio subprocess dataclasses pathlib argparse typing"
    assert not loaded & set(heavy.split())


def test_a_kernel_that_begins_or_ends_by_itself_is_no_failed_start(tmp_path):
    """`kernel_start` gives back what could not start, with its reason, and nothing else."""
    (tmp_path / "fails.py").write_text("import sys\nraise ImportError('no such thing')\n")
    (tmp_path / "ends.py").write_text("import sys\nprint(sys.argv[1:], sys.path[-1])\nraise SystemExit(0)\n")
    (tmp_path / "launcher.py").write_text("import os\nprint('again:', os.environ['JUPYTER_PIXI_START_FAILED'])\n")

    def run(module):
        reading, writing = os.pipe()
        handed = {"environ": {}, "launcher": [sys.executable, str(tmp_path / "launcher.py")]}
        os.write(writing, json.dumps(handed).encode())
        os.close(writing)
        done = subprocess.run(
            [sys.executable, command.KERNEL_START, module, "/overlay", "-f", "c.json"],
            env={"PYTHONPATH": str(tmp_path), "JUPYTER_PIXI_BRIDGE": str(reading)},
            pass_fds=(reading,),
            capture_output=True,
            text=True,
            check=True,
        )
        os.close(reading)
        return done

    assert run("ends").stdout == "['-f', 'c.json'] /overlay\n"
    failed = run("fails")
    assert failed.stdout == "again: ImportError: no such thing\n" and "Traceback" in failed.stderr
    assert run("not_there").stdout.startswith("again: ")


def test_starts_in_vain_are_counted_and_forgotten(tmp_path, monkeypatch):
    file = str(tmp_path / "kernel.json")
    assert attempts.NOTE == NOTE and not attempts.were_in_vain(file)
    for _ in range(attempts.LIMIT):
        assert not attempts.were_in_vain(file)
        attempts.note(file)
    assert attempts.were_in_vain(file)
    later = time.monotonic() + attempts.WINDOW
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert not attempts.were_in_vain(file)
    (tmp_path / f"kernel.json{NOTE}").write_text("{")
    assert not attempts.were_in_vain(file)


WATCHED = """
import json, socket, sys, time
from jupyter_pixi.kernels import attempts, witness
attempts.note(sys.argv[1])
witness.watch(sys.argv[1])
if sys.argv[2] == "begins":
    port = json.load(open(sys.argv[1]))["hb_port"]
    heart = socket.create_server(("127.0.0.1", port))
    print("there", flush=True)
    sys.stdin.read()
"""


def test_a_kernel_that_cannot_tell_is_watched_from_outside(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file, note = tmp_path / "kernel.json", tmp_path / f"kernel.json{NOTE}"
    file.write_text(json.dumps({"transport": "tcp", "ip": "127.0.0.1", "hb_port": port}))

    def start(how: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", WATCHED, str(file), how]
        return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    ended = start("ends at once")
    assert ended.communicate()[0] == "" and note.exists()  # nobody holds its pipes
    with start("begins") as begun:
        assert begun.stdout is not None and begun.stdout.readline() == "there\n"
        end = time.monotonic() + 30
        while note.exists() and time.monotonic() < end:
            time.sleep(0.05)
        begun.kill()
    assert not note.exists()
