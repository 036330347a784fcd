"""A kernel's description becomes the program that runs; ipykernels get the bridge besides."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from jupyter_pixi.kernels import command

IPYKERNEL = {"argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]}


def test_an_ipykernel_gets_our_configuration_last():
    argv, variables = command.arguments(IPYKERNEL, "/p", "/run/kernel.json", ["--debug"])
    assert argv == [
        *("python", "-m", "ipykernel_launcher", "-f", "/run/kernel.json", "--debug"),
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
