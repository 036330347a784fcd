"""How commands become processes: which shell, which program, which status; and who decides about an interrupt."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from jupyter_pixi.errors import PixiError
from jupyter_pixi.operations.running import task_shell
from jupyter_pixi.operations.running.task_text import Script

DENO = task_shell.deno({"PATH": os.environ.get("PATH", os.defpath)})


def run(code: str, *, env: dict[str, str] | None = None, **options) -> subprocess.Popen[str]:
    """A process of its own in which some lines run with `shell` as the module."""
    head = "import os, sys\nfrom pathlib import Path\nfrom jupyter_pixi.operations.running import task_shell as shell\n"
    environ = {**os.environ, **(env or {})}
    return subprocess.Popen(
        [sys.executable, "-c", head + code],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def words(*argv: str, last: bool = False, path: str | None = None, cwd: str = "/") -> tuple[int, str, str]:
    environ = "dict(os.environ)" if path is None else f"{{'PATH': {path!r}}}"
    child = run(f"sys.exit(shell.run_words({argv!r}, Path({cwd!r}), {environ}, {{'PATH': ''}}, last={last}))")
    out, err = child.communicate(timeout=30)
    return child.returncode, out, err


@pytest.mark.parametrize("last", [False, True])
def test_words_are_never_read_by_a_shell(last):
    hostile = ["$(id)", "`id`", ";id", "a b", "'", '"', "*", "\n"]
    status, out, _ = words("printf", "[%s]", *hostile, last=last)
    assert status == 0 and out == "".join(f"[{word}]" for word in hostile)
    assert words("echo", "it's", "$HOME", "-n", last=last)[1] == "it's $HOME -n\n"


@pytest.mark.parametrize("last", [False, True])
def test_the_status_is_the_childs(last):
    assert words("sh", "-c", "exit 7", last=last)[0] == 7
    assert words("exit", "3", last=last)[0] == 3
    assert words("nothing-of-this-name", last=last) == (127, "", "nothing-of-this-name: command not found\n")
    assert words("sh", path="/nowhere", last=last)[0] == 127


def test_a_script_without_an_interpreter_line_runs_as_in_a_shell(tmp_path):
    script = tmp_path / "it's a script"
    script.write_text("echo $1 from $PWD\n")
    script.chmod(0o755)
    for last in (False, True):
        assert words(f"./{script.name}", "x", cwd=str(tmp_path), last=last)[1] == f"x from {tmp_path}\n"


def test_a_folder_is_no_program(tmp_path):
    (tmp_path / "sh").mkdir()
    assert task_shell.program("sh", {"PATH": f"{tmp_path}{os.pathsep}/bin"}, tmp_path) == "/bin/sh"
    assert task_shell.program("./sh", {}, tmp_path) is None


def test_the_systems_shell_where_there_is_no_deno(monkeypatch):
    monkeypatch.setattr(task_shell.sys, "executable", "/nowhere/python")
    assert task_shell.shell_argv("echo a", Path("/"), {"PATH": "/nowhere"}) == ["/bin/sh", "-c", "echo a"]


def test_a_deno_on_path_runs_the_text_and_reads_no_configuration(tmp_path, monkeypatch):
    monkeypatch.setattr(task_shell.sys, "executable", "/nowhere/python")
    fake = tmp_path / "deno"
    fake.write_text('#!/bin/sh\nprintf "[%s]" "$@"\n')
    fake.chmod(0o755)
    argv = task_shell.shell_argv("-x", Path("/ws"), {"PATH": str(tmp_path), "npm_config_user_agent": "mine"})
    assert argv[0] == str(fake) and argv[-3:] == ["/ws", "--eval", " -x"]
    assert Path(argv[argv.index("--config") + 1]).read_text().strip() == "{}"
    assert (
        task_shell.shell_argv("x", Path("/"), {"PATH": str(tmp_path), "JUPYTER_PIXI_TASK_SHELL": "sh"})[0] == "/bin/sh"
    )


@pytest.mark.skipif(DENO is None, reason="no deno here (the extra `tasks` brings it)")
def test_denos_shell_runs_what_tasks_are_made_of(tmp_path):
    (tmp_path / "deno.json").write_text("{ broken")
    text = Script('export "A=x y";\necho $A ${B:-y} && exit 4', "", {})
    child = run(
        f"sys.exit(shell.run_text({text!r}, Path({str(tmp_path)!r}), dict(os.environ), dict(os.environ)))".replace(
            "Script(", "__import__('jupyter_pixi.operations.running.task_text', fromlist=['x']).Script("
        )
    )
    out, err = child.communicate(timeout=30)
    assert (child.returncode, out) == (4, "x y ${B:-y}\n"), err


def test_no_shell_at_all_is_told(monkeypatch):
    monkeypatch.setattr(task_shell, "deno", lambda environ: None)
    monkeypatch.setattr(task_shell.os, "access", lambda *a: False)
    monkeypatch.setattr(task_shell.shutil, "which", lambda *a, **k: None)
    with pytest.raises(PixiError, match="no shell on this system"):
        task_shell.shell_argv("x", Path("/"), {})


CHILD = """\
import signal, sys, time
{}
try:
    print('up', flush=True)
    time.sleep(20)
except KeyboardInterrupt:
    sys.exit(9)
"""


def interrupted(line: str, number: int, *, group: bool) -> tuple[int, float]:
    code = f"[sys.executable, '-c', {CHILD.format(line)!r}], Path('/'), dict(os.environ)"
    parent = run(f"sys.exit(shell.run_argv({code}))", start_new_session=True)
    assert parent.stdout is not None and parent.stdout.readline() == "up\n"
    begin = time.monotonic()
    (os.killpg if group else os.kill)(parent.pid, number)
    try:
        return parent.wait(5), time.monotonic() - begin
    except subprocess.TimeoutExpired:
        return -99, 5.0
    finally:
        if parent.poll() is None:
            os.killpg(parent.pid, signal.SIGKILL)
        parent.communicate()


def test_an_interrupt_is_the_childs_own_affair():
    assert interrupted("", signal.SIGINT, group=True)[0] == 9
    status, _ = interrupted("signal.signal(signal.SIGINT, lambda *a: sys.exit(5))", signal.SIGINT, group=True)
    assert status == 5


def test_an_order_to_end_is_passed_on():
    assert interrupted("", signal.SIGTERM, group=False)[0] == 128 + signal.SIGTERM


def test_a_child_that_ignores_interrupts_runs_on_and_can_be_ended():
    status, _ = interrupted("signal.signal(signal.SIGINT, signal.SIG_IGN)", signal.SIGINT, group=True)
    assert status == -99
    status, seconds = interrupted("signal.signal(signal.SIGINT, signal.SIG_IGN)", signal.SIGTERM, group=True)
    assert status == 128 + signal.SIGTERM and seconds < 4


def test_cat_and_its_like_are_there_without_a_program():
    assert shutil.which("sh")
    status, _, err = words("false", path="/nowhere")
    assert status == 1, err
