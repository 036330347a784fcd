"""What runs without a workspace of its own: throw-away environments of `exec`, and scripts with an inline block."""

from __future__ import annotations

import time
from pathlib import Path

SCRIPT = """\
# /// script
# [tool.pixi.workspace]
# channels = ["{channel}"]
# [tool.pixi.dependencies]
# python = "*"
# greeter = "*"
# ///
import os, sys
print(os.environ["GREETER_MOOD"], sys.argv[1:], os.getcwd())
"""


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_script_with_an_inline_block(engine, test_channel, tmp_path):
    folder = tmp_path / "it's here"
    folder.mkdir()
    (folder / "tool.py").write_text(SCRIPT.replace("{channel}", test_channel))
    first = engine("run", "--script", str(folder / "tool.py"), "a b", "-v")
    assert (first.returncode, first.stdout) == (0, f"sunny ['a b', '-v'] {tmp_path}\n"), first.stderr
    again = engine("run", "--offline", "--script", "it's here/tool.py")
    assert again.stdout == f"sunny [] {tmp_path}\n"
    assert names(folder) == ["tool.py"]
    locked = engine("run", "--locked", "--script", str(folder / "tool.py"))
    assert locked.returncode == 1 and "needs a lock file" in locked.stderr
    assert engine("lock", "--script", str(folder / "tool.py")).returncode == 0
    assert engine("run", "--locked", "--script", str(folder / "tool.py")).returncode == 0
    assert names(folder) == ["tool.py", "tool.py.pixi.lock"]
    assert engine("run", "-e", "x", "--script", str(folder / "tool.py")).returncode == 1


def test_throw_away_environments(engine, test_channel, isolated_home, package_cache):
    channel = ("-c", test_channel)
    done = engine(
        "exec", *channel, "-s", "greeter", "sh", "-c", "echo $GREETER_MOOD $1 $PIXI_PROJECT_NAME", "x", "$(id)"
    )
    assert (done.returncode, done.stdout) == (0, "sunny $(id)\n"), done.stderr
    folder = package_cache / "cached-envs-v0"
    made = [entry for entry in folder.iterdir() if entry.name.startswith("greeter-") and entry.is_dir()]
    assert len(made) == 1
    begin = time.monotonic()
    again = engine("exec", *channel, "-s", "greeter", "--offline", "sh", "-c", "echo $CONDA_PREFIX; exit 3")
    assert again.returncode == 3 and Path(again.stdout.strip()) == made[0]
    assert time.monotonic() - begin < 5  # on a busy machine; benchmarks measure it

    listed = engine("exec", *channel, "-s", "greeter", "-s", "everywhere<2", "--list", "sh", "-c", "exit 0")
    assert listed.returncode == 0 and "The environment has 2 packages:" in listed.stdout
    assert any(line.split()[:3] == ["everywhere", "*", "1.1"] for line in listed.stdout.splitlines())
    some = engine("exec", *channel, "-s", "greeter", "-s", "everywhere<2", "--list=every", "echo", "--list")
    assert (
        "filtered by regex `every`" in some.stdout and some.stdout.endswith("--list\n") and "greeter" not in some.stdout
    )

    variables = made[0] / "etc/conda/env_vars.d/greeter.json"
    variables.unlink()  # a hard link to the package cache, which other tests use
    variables.write_text("{}")
    forced = engine("exec", *channel, "-s", "greeter", "--force-reinstall", "sh", "-c", "echo $GREETER_MOOD")
    assert forced.stdout == "sunny\n"
    mixed = engine("exec", *channel, "-w", "greeter", "sh", "-c", "echo $GREETER_MOOD")
    assert mixed.stdout == "sunny\n", mixed.stderr
    missing = engine("exec", *channel, "-s", "no-such-package", "true")
    assert missing.returncode == 1 and "failed to solve environment" in missing.stderr
    assert engine("exec", *channel, "-s", "greeter").returncode == 1
    assert engine("exec").returncode == 2
    unknown = engine("exec", *channel, "-s", "greeter", "no-such-command")
    assert unknown.returncode == 1 and "failed to execute 'no-such-command'" in unknown.stderr


GPU = """\
# /// script
# [tool.pixi.workspace]
# channels = ["{channel}"]
# [tool.pixi.dependencies]
# python = "*"
# driver-needed = "*"
# ///
print("ran")
"""


def test_a_script_without_platforms_is_for_this_machine_and_its_cuda(engine, test_channel, tmp_path):
    (tmp_path / "gpu.py").write_text(GPU.replace("{channel}", test_channel))
    twelve, eleven = {"CONDA_OVERRIDE_CUDA": "12"}, {"CONDA_OVERRIDE_CUDA": "11"}
    assert engine("run", "--script", "gpu.py", env=twelve).stdout == "ran\n"
    assert "__cuda >=12" in engine("run", "--script", "gpu.py", env=eleven).stderr
    locked = engine("lock", "--script", "gpu.py", env=twelve)
    assert locked.returncode == 0 and "declares no platforms" in locked.stderr and "--auto-detect" in locked.stderr
    before = (tmp_path / "gpu.py.pixi.lock").read_bytes()
    assert engine("run", "--script", "gpu.py", "--locked", env=twelve).stdout == "ran\n"
    assert engine("run", "--script", "gpu.py", "--locked", env=eleven).returncode == 1
    assert (tmp_path / "gpu.py.pixi.lock").read_bytes() == before
