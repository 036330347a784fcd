"""`run`, `shell-hook`, `clean` and tasks with real processes: streams, signals, odd paths, hostile words."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.workspaces import Workspace

MANIFEST = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}"]

[dependencies]
greeter = "*"

[tasks]
hello = "echo $GREETER_MOOD $GREETING"
greet = { cmd = "echo hi {{ who }}", args = ["who"] }
first = "echo first"
second = { cmd = "echo second", depends-on = ["first"] }
broken = { cmd = "echo never", depends-on = ["fails"] }
fails = "exit 5"
where = { cmd = "pwd && echo $INIT_CWD", cwd = "sub dir" }
made = { cmd = "cat 'in put.txt' > out.txt && echo ran", inputs = ["in put.txt"], outputs = ["out.txt"] }
bare = { cmd = "echo [$SECRET]", clean-env = true }
loop = [{ task = "pool" }]
pool = { cmd = "echo x", depends-on = ["loop"] }
_hidden = "echo hidden"
"""
SH = {"JUPYTER_PIXI_TASK_SHELL": "sh"}


@pytest.fixture
def tasks(workspace) -> Workspace:
    """A workspace with tasks, in a folder whose name holds blanks and quotes."""
    made = workspace(MANIFEST, name='it\'s a "ws"'.replace('"', ""))
    (made.root / "sub dir").mkdir()
    (made.root / "in put.txt").write_text("1\n")
    return made


def test_tasks_from_nothing(tasks):
    done = tasks.run("run", "hello", env=SH)
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"sunny hello from {tasks.prefix()}\n"
    assert "✨ Pixi task (hello): echo $GREETER_MOOD $GREETING\n" in done.stderr
    assert tasks.lock.exists()

    second = tasks.run("run", "second", "it's", "$(touch pwned)", "a;b", env=SH)
    assert second.stdout == "first\nsecond it's $(touch pwned) a;b\n"
    assert second.stderr == (
        "✨ Pixi task (first): echo first\n\n✨ Pixi task (second): echo second it's $(touch pwned) a;b\n"
    )
    assert tasks.run("run", "-q", "second", env=SH).stderr == ""
    assert tasks.run("run", "--skip-deps", "second", env=SH).stdout == "second\n"
    assert tasks.run("run", "-n", "second", env=SH).stdout == ""
    assert tasks.run("run", "greet", "$(touch pwned); touch pwned", env=SH).stdout == "hi $(touch pwned); touch pwned\n"
    assert tasks.do("run", "_hidden", env=SH) == "hidden\n"
    assert tasks.do("run", "echo $GREETER_MOOD; echo 'a  b'", env=SH) == "sunny\na  b\n"
    assert tasks.do("run", "--templated", "echo", "{{ pixi.environment.name }}") == "default\n"
    assert tasks.do("run", "echo", "{{ x }}") == "{{ x }}\n"
    assert not list(tasks.root.rglob("pwned"))

    failed = tasks.run("run", "broken", env=SH)
    assert (failed.returncode, failed.stdout) == (5, "")
    cycle = tasks.run("run", "loop")
    assert cycle.returncode == 1 and "loop -> pool -> loop" in cycle.stderr
    unknown = tasks.run("run", "no-such-command", "x")
    assert unknown.returncode == 127 and unknown.stdout == ""
    assert unknown.stderr.startswith("no-such-command: command not found\n\nAvailable tasks:\n\tbare\n\tbroken\n")
    assert "_hidden" not in unknown.stderr
    listing = tasks.run("run")
    assert listing.returncode == 0 and listing.stdout == "" and "Available tasks:" in listing.stderr
    assert tasks.run("run", "-e", "nope", "hello").returncode == 1
    assert tasks.run("run", "--nonsense", "hello").returncode == 2


def test_where_things_run_and_with_what(tasks):
    inside = tasks.root / "sub dir"
    there = subprocess.run(
        [sys.executable, "-P", "-m", "jupyter_pixi", "run", "where"],
        cwd=tasks.root / ".." / tasks.root.name,
        env=tasks.home.environ | SH,
        capture_output=True,
        text=True,
        check=True,
    )
    assert there.stdout == f"{inside}\n{tasks.root}\n"
    assert tasks.do("run", "pwd") == f"{tasks.root}\n"
    secret = {"SECRET": "s", **SH}
    assert tasks.do("run", "bare", env=secret) == "[]\n"
    assert tasks.do("run", "/bin/sh", "-c", "echo [$SECRET]", env=secret) == "[s]\n"
    assert (
        tasks.do("run", "--clean-env", "/bin/sh", "-c", "echo [$SECRET]$PATH", env=secret)
        == f"[]{tasks.prefix()}/bin\n"
    )
    values = tasks.do("run", "sh", "-c", "echo $PIXI_PROJECT_NAME,$CONDA_PREFIX,$PIXI_IN_SHELL,$CONDA_SHLVL")
    assert values == f"its a ws,{tasks.prefix()},1,1\n".replace("its", "it's")


def test_a_task_is_skipped_while_nothing_changes(tasks):
    assert tasks.do("run", "made", env=SH) == "ran\n"
    again = tasks.run("run", "made", env=SH)
    assert again.stdout == "" and "Task 'made' can be skipped (cache hit)" in again.stderr
    (tasks.root / "in put.txt").write_text("2\n")
    assert tasks.do("run", "made", env=SH) == "ran\n"


def test_a_current_run_touches_nothing_and_loads_no_engine(tasks):
    tasks.do("run", "first", env=SH)
    before = {path: path.stat().st_mtime_ns for path in tasks.root.rglob("*")}
    done = tasks.run("run", "first", env={**SH, "PYTHONPROFILEIMPORTTIME": "1"})
    assert done.returncode == 0
    assert {path: path.stat().st_mtime_ns for path in tasks.root.rglob("*")} == before
    for heavy in ("rattler", "asyncio", "tomlkit", "packaging", "yaml", "minijinja"):
        assert f" {heavy}\n" not in done.stderr, heavy


def test_what_changed_is_installed_first(tasks):
    tasks.do("run", "first", env=SH)
    (tasks.prefix() / "etc/conda/env_vars.d/greeter.json").unlink()
    record = next(tasks.prefix().glob("conda-meta/greeter-*.json"))
    record.unlink()
    (tasks.prefix() / "conda-meta/.pixi-environment-fingerprint").write_text("pixi:installing!")
    assert tasks.do("run", "hello", env=SH).startswith("sunny ")
    tasks.manifest.write_text(tasks.manifest.read_text().replace('greeter = "*"', 'greeter = "*"\neverywhere = "<2"'))
    assert tasks.run("run", "--locked", "first", env=SH).returncode == 1
    assert not list(tasks.prefix().glob("conda-meta/everywhere-*.json"))
    assert tasks.do("run", "--frozen", "first", env=SH) == "first\n"
    tasks.do("run", "first", env=SH)
    assert list(tasks.prefix().glob("conda-meta/everywhere-1.1-*.json"))


def test_as_is_neither_locks_nor_installs(tasks):
    assert tasks.do("run", "--as-is", "first", env=SH) == "first\n"
    assert not tasks.lock.exists() and not tasks.prefix().exists()


def start(workspace: Workspace, *argv: str, shell: Mapping[str, str] = SH, **options) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "jupyter_pixi", *argv],
        cwd=workspace.root,
        env=workspace.home.environ | dict(shell),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
        **options,
    )


def script(workspace: Workspace, text: str) -> str:
    path = workspace.root / "sub dir" / "a 'script'.py"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("task", [False, True])
def test_interrupted_in_the_middle(tasks, task):
    """The child decides what an interrupt means, as a command and behind a task's shell."""
    path = script(
        tasks,
        "import sys, time\ntry:\n print('up', flush=True)\n time.sleep(60)\nexcept KeyboardInterrupt: sys.exit(42)\n",
    )
    tasks.do("run", "first", env=SH)
    if task:
        tasks.do("task", "add", "long", f'{sys.executable} "{path}" && echo after')
    child = start(tasks, "run", *(["long"] if task else [sys.executable, path]))
    assert child.stdout is not None and child.stdout.readline() == b"up\n"
    os.killpg(child.pid, signal.SIGINT)
    out, _ = child.communicate(timeout=20)
    # a shell that waits for a command is ended by the interrupt itself
    assert child.returncode in ((42,) if not task else (42, 130, -signal.SIGINT)) and out == b""


def test_a_child_that_ignores_interrupts_is_ended_by_an_order(tasks):
    path = script(
        tasks,
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(60)\n",
    )
    tasks.do("run", "first", env=SH)
    child = start(tasks, "run", sys.executable, path)
    assert child.stdout is not None and child.stdout.readline() == b"up\n"
    os.killpg(child.pid, signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(1)
    os.killpg(child.pid, signal.SIGTERM)
    child.communicate(timeout=10)
    assert child.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)


@pytest.mark.parametrize("shell", [SH, {}], ids=["sh", "deno"])
def test_a_signal_to_this_process_alone_reaches_the_tasks_program(tasks, shell):
    """As a supervisor, `timeout` or a container's stop sends it: to the process it started, and to no group."""
    (tasks.root / "serve.py").write_text(
        "import signal, sys, time\n"
        "for n in (signal.SIGINT, signal.SIGTERM): signal.signal(n, lambda *_: sys.exit(12))\n"
        "print('up', flush=True)\ntime.sleep(60)\n"
    )
    tasks.do("task", "add", "serve", f"{sys.executable} serve.py")
    for number in (signal.SIGINT, signal.SIGTERM):
        child = start(tasks, "run", "serve", shell=shell)
        assert child.stdout is not None and child.stdout.readline() == b"up\n"
        child.send_signal(number)
        try:
            assert child.wait(30) == 12
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)


def test_much_output_passes_through_without_being_kept(tasks):
    tasks.do("run", "first", env=SH)
    code = "import sys\nfor _ in range(1600): sys.stdout.write('x' * 65535 + '\\n')"
    child = start(tasks, "run", sys.executable, "-c", code)
    assert child.stdout is not None
    size = most = 0
    status = Path(f"/proc/{child.pid}/status")
    while part := child.stdout.read(1 << 20):
        size += len(part)
        # Not what `wait4` tells: that counts the memory of this process before the child became another program.
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        most = max(most, int(found[1]) if found else 0)
    assert child.wait() == 0 and size == 1600 * 65536
    assert 0 < most < 100_000, "kB in memory at once"


def test_standard_input_reaches_the_command(tasks):
    done = subprocess.run(
        [sys.executable, "-P", "-m", "jupyter_pixi", "run", "cat"],
        cwd=tasks.root,
        env=tasks.home.environ | SH,
        input="a line\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "a line\n"


def test_a_closed_pipe_ends_quietly(tasks):
    tasks.do("run", "first", env=SH)
    child = start(tasks, "run", "yes", stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"y\n"
    child.stdout.close()
    assert child.stderr is not None
    assert b"Traceback" not in child.stderr.read()
    child.wait(10)


def test_tasks_are_edited_in_the_manifest(tasks):
    tasks.do("run", "first", env=SH)
    lock = tasks.lock.read_bytes()
    tasks.do("task", "add", "new", "echo", "a b", "--env", "K=v w", "--description", "Says it", "--depends-on", "first")
    assert 'new = { cmd = "echo ' in tasks.manifest.read_text() or "new = { cmd = 'echo " in tasks.manifest.read_text()
    assert tasks.do("run", "new", env=SH) == "first\na b\n"
    tasks.do("task", "alias", "two", "first", "new")
    assert tasks.do("run", "two", env=SH) == "first\na b\n"
    assert tasks.run("task", "add", "new", "x").returncode == 1
    removed = tasks.run("task", "remove", "first", "nope")
    assert removed.returncode == 0
    assert "Task `nope` does not exist" in removed.stderr and "still named in `depends-on` of: second" in removed.stderr
    assert tasks.lock.read_bytes() == lock
    rows = {t["name"]: t for f in tasks.json("task", "list")[0]["features"] for t in f["tasks"]}
    assert rows["new"]["env"] == {"K": "v w"} and "first" not in rows
    before = tasks.manifest.read_bytes()
    assert tasks.run("task", "add", "bad", "x", "--arg", "a-b").returncode == 2
    assert tasks.manifest.read_bytes() == before


def test_the_hook_for_shells_and_programs(tasks):
    hook = tasks.do("shell-hook", "--shell", "bash")
    shown = subprocess.run(
        ["bash", "-c", f"{hook}\necho $GREETING $PIXI_PROJECT_NAME; type -t pixi; echo $PS1"],
        env=tasks.home.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.splitlines() == [f"hello from {tasks.prefix()} it's a ws", "function", "(it's a ws)"]
    document = tasks.json("shell-hook")
    assert document["environment_variables"]["GREETER_MOOD"] == "sunny"
    assert "PS1" not in tasks.do("shell-hook", "-s", "zsh", "--change-ps1", "false")
    assert tasks.run("shell-hook", "-s", "tcsh").returncode == 2


def test_a_name_is_never_a_command(workspace):
    made = workspace(MANIFEST, name="a $(touch pwned) `touch pwned` 'b'")
    (made.root / "sub dir").mkdir()
    text = made.do("shell-hook", "--shell", "bash")
    code = f'{text}\nprintf "%s\\n" "$CONDA_PREFIX" "${{PATH%%:*}}" "$GREETING" "$PIXI_PROJECT_NAME"'
    shown = subprocess.run(
        ["bash", "-c", code], cwd=made.root, env=made.home.environ, capture_output=True, text=True, check=True
    )
    prefix = made.prefix()
    assert shown.stdout.splitlines() == [str(prefix), f"{prefix}/bin", f"hello from {prefix}", made.root.name]
    assert made.do("run", "where", env=SH) == f"{made.root}/sub dir\n{made.root}\n"
    assert made.do("run", "sh", "-c", "echo $PIXI_PROJECT_NAME") == f"{made.root.name}\n"
    assert not list(made.root.rglob("pwned"))


def test_a_shell_in_the_environment(tasks):
    pexpect = pytest.importorskip("pexpect")
    tasks.do("install")
    (tasks.home.path / ".bashrc").write_text("export PATH=/usr/bin:/bin\n")
    child = pexpect.spawn(
        sys.executable,
        ["-P", "-m", "jupyter_pixi", "shell"],
        cwd=str(tasks.root),
        env={**tasks.home.environ, "SHELL": "/bin/bash", "TERM": "dumb"},
        encoding="utf-8",
        timeout=30,
    )
    child.sendline("echo [$GREETER_MOOD] ${PATH%%:*}; exit 6")
    child.expect_exact(f"[sunny] {tasks.prefix()}/bin")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 6


def test_clean_keeps_what_can_bring_changes_back(tasks):
    tasks.do("install")
    kept = tasks.root / ".pixi/jupyter-pixi"
    assert kept.is_dir()
    done = tasks.run("clean")
    assert done.returncode == 0 and done.stderr.startswith("Removed ")
    assert not tasks.prefix().exists() and kept.is_dir() and tasks.lock.exists()
    assert tasks.run("clean").stderr == "Nothing to remove\n"
    assert tasks.run("clean", "-e", "nope").returncode == 1
    assert tasks.do("run", "hello", env=SH).startswith("sunny")


def test_reinstall_repairs(tasks):
    tasks.do("install")
    variables = tasks.prefix() / "etc/conda/env_vars.d/greeter.json"
    variables.unlink()  # a hard link to the package cache, which other tests use
    variables.write_text("{}")
    done = tasks.run("reinstall", "greeter")
    assert done.stderr.endswith("The default environment has been re-installed.\n")
    assert json.loads(variables.read_text()) == {"GREETER_MOOD": "sunny"}


AMBIGUOUS = """\
[workspace]
name = "{name}"
channels = ["{channel}"]
platforms = ["{subdir}"]

[feature.one.tasks]
which = "echo first"
[feature.two.tasks]
which = "echo second"

[environments]
one = ["one"]
two = ["two"]
"""


def test_an_ambiguous_task_is_asked_about_on_a_terminal_only(workspace):
    made = workspace(AMBIGUOUS)
    refused = made.run("run", "which")
    assert refused.returncode == 1 and "These environments provide the task 'which': one, two" in refused.stderr
    assert made.do("run", "-e", "two", "which", env=SH) == "second\n"
    assert not made.prefix("two").exists(), "an environment without dependencies needs no prefix"
    pexpect = pytest.importorskip("pexpect")
    child = pexpect.spawn(
        sys.executable,
        ["-P", "-m", "jupyter_pixi", "run", "which"],
        cwd=str(made.root),
        env=made.home.environ | SH,
        encoding="utf-8",
        timeout=30,
    )
    child.expect_exact("Which one? [1]")
    child.sendline("2")
    child.expect_exact("second\r\n")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_an_activation_is_kept_only_where_that_was_asked_for(tasks):
    """What scripts computed may be a secret: without the setting it is never written."""
    kept = tasks.root / ".pixi/activation-env-v0/activation_default.json"
    assert tasks.do("run", "hello", env=SH).startswith("sunny hello")
    assert not kept.parent.exists()
    tasks.do("config", "set", "--local", "experimental.use-environment-activation-cache", "true")
    assert tasks.do("run", "hello", env=SH).startswith("sunny hello")
    assert kept.stat().st_mode & 0o077 == 0
    data = json.loads(kept.read_text())
    data["environment_variables"]["GREETER_MOOD"] = "cloudy"
    kept.write_text(json.dumps(data))
    assert tasks.do("run", "hello", env=SH).startswith("cloudy hello")
    assert tasks.do("run", "--force-activate", "hello", env=SH).startswith("sunny hello")
    script = tasks.prefix() / "etc/conda/activate.d/greeter.sh"
    script.unlink()  # it is a link into the package cache, which other tests share
    script.write_text("export GREETING=changed\n")
    assert tasks.do("run", "hello", env=SH) == "sunny changed\n"


def test_a_workspace_that_is_active_yields_to_the_one_of_this_folder(tasks, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "pixi.toml").write_text('[workspace]\nname = "other"\nchannels = []\nplatforms = []\n')
    inside = {"PIXI_IN_SHELL": "1", "PIXI_PROJECT_MANIFEST": str(other / "pixi.toml"), **SH}
    done = tasks.run("run", "first", env=inside)
    assert done.stdout == "first\n"
    assert done.stderr.count("Using local manifest") == 1 and str(other) in done.stderr


def test_revalidate_repairs_what_a_run_believes_to_be_there(tasks):
    tasks.do("install")
    next(tasks.prefix().glob("conda-meta/greeter-*.json")).unlink()
    tasks.do("run", "first", env=SH)
    assert not list(tasks.prefix().glob("conda-meta/greeter-*.json"))
    tasks.do("run", "--revalidate", "first", env=SH)
    assert list(tasks.prefix().glob("conda-meta/greeter-*.json"))
