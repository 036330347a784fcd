"""`shell-hook` and `completion` in the shells that this machine has, in a folder whose name they could misread."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pexpect
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
bench = "echo b"
build = "echo c"

[environments]
extra = []
"""
RUN = {"bash": ("bash", "--norc", "-c"), "zsh": ("zsh", "-f", "-c"), "fish": ("fish", "--no-config", "-c")}
shells = pytest.mark.parametrize(
    "shell",
    [pytest.param(s, marks=pytest.mark.skipif(not shutil.which(s), reason=f"there is no {s} here")) for s in RUN],
)


@pytest.fixture
def odd(workspace) -> Workspace:
    """An installed workspace, with completions as packages bring them."""
    made = workspace(MANIFEST, name="it's $a `ws`")
    made.do("install")
    for shell, path in {
        "bash": "share/bash-completion/completions/tool",
        "zsh": "share/zsh/site-functions/_tool",
        "fish": "share/fish/vendor_completions.d/tool.fish",
    }.items():
        file = made.prefix() / path
        file.parent.mkdir(parents=True)
        file.write_text("#compdef tool\n_tool() { :; }\n" if shell == "zsh" else "complete -c tool -a word\n")
    (made.prefix() / "share/bash-completion/completions/tool").write_text("complete -W word tool\n")
    return made


def said(odd: Workspace, shell: str, text: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**odd.home.environ, "PATH": path}
    done = subprocess.run(
        [*RUN[shell], text], cwd=odd.root, env=environ, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


@shells
def test_a_hook_activates_and_brings_the_packages_completions(odd, shell):
    hook = odd.root / "hook"
    hook.write_text(odd.do("shell-hook", "-s", shell))
    known = {"bash": "complete -p tool", "zsh": "echo $_comps[tool]", "fish": "complete -C 'tool '"}[shell]
    lines = said(odd, shell, f"source ./hook; echo $GREETER_MOOD; echo $CONDA_PREFIX; {known}").splitlines()
    assert lines[:2] == ["sunny", str(odd.prefix())]
    assert {"bash": "complete -W 'word' tool", "zsh": "_tool", "fish": "word"}[shell] in lines[2:]
    odd.do("config", "set", "--local", "shell.source-completion-scripts", "false")
    assert str(odd.prefix() / "share") not in odd.do("shell-hook", "-s", shell)


@shells
def test_completion_offers_what_the_workspace_has(odd, shell, tmp_path):
    script = tmp_path / "completion"
    script.write_text(odd.do("completion", "--shell", shell))
    asked = {
        "jupyter-pixi run b": {"bench", "build"},
        "jupyter-pixi run -e ": {"default", "extra"},
        "jupyter pixi run b": {"bench", "build"},
    }
    if shell == "bash":
        asked["jupyter-pixi install --environment = ex"] = {"extra"}  # `=` is a word of its own there
    for line, offers in asked.items():
        found = set(said(odd, shell, _ask(shell, line, script)).split())
        assert found == offers, line


NEWER = {
    "elvish": (
        "var edit: = (ns [&completion:=(ns [&arg-completer=[&]]) &complete-filename~=$nop~])\n",
        "\n$edit:completion:arg-completer[(all {words} | take 1)] (all {words})",
    ),
    "nu": ("", "\nnu-complete jupyter-pixi '{line}' | to text"),
}


@pytest.mark.parametrize(
    "shell",
    [pytest.param(s, marks=pytest.mark.skipif(not shutil.which(s), reason=f"there is no {s} here")) for s in NEWER],
)
def test_completion_in_shells_that_few_have(odd, shell, tmp_path):
    script = odd.do("completion", "--shell", {"nu": "nushell"}.get(shell, shell))
    before, call = NEWER[shell]
    for line in ("jupyter-pixi run b", "jupyter pixi run b"):
        file = tmp_path / "ask"
        words = "[" + " ".join(f"'{word}'" for word in line.split(" ")) + "]"
        file.write_text(before + script + call.replace("{words}", words).replace("{line}", line))
        option = "-norc" if shell == "elvish" else "--no-config-file"
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environ = {**odd.home.environ, "PATH": path}
        done = subprocess.run(
            [shell, option, str(file)], cwd=odd.root, env=environ, capture_output=True, text=True, timeout=60
        )
        assert set(done.stdout.split()) == {"bench", "build"}, done.stderr


def _ask(shell: str, line: str, script: object) -> str:
    """What a shell does when a key asks for completions of a line."""
    if shell == "fish":
        return f"source {script}; complete -C '{line}'"
    words = " ".join(f"'{word}'" for word in line.split(" "))
    if shell == "bash":
        call = "COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); _jupyter_pixi; printf '%s\\n' \"${COMPREPLY[@]}\""
        return f"source {script}; COMP_WORDS=({words}); {call}"
    stand_in = 'compdef() { :; }; compadd() { print -l -- "${(@P)2}"; }; _files() { :; }'
    return f"{stand_in}; source {script}; words=({words}); CURRENT=$#words; _jupyter_pixi"


OWN = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}


@shells
def test_a_shell_is_activated_behind_the_users_own_files(odd, shell):
    """What those do to PATH would else come first; and nothing of ours stays in the environment."""
    own = odd.home.path / OWN[shell]
    own.parent.mkdir(parents=True, exist_ok=True)
    setting = (
        "set -gx PATH /usr/bin /bin; set -gx MINE yes" if shell == "fish" else "export PATH=/usr/bin:/bin MINE=yes"
    )
    own.write_text(setting + "\n")
    environ = {**odd.home.environ, "SHELL": str(shutil.which(shell)), "TERM": "dumb"}
    read = Path(environ.get("XDG_DATA_HOME") or odd.home.path / ".local/share") / "fish/generated_completions"
    read.mkdir(parents=True)  # else fish reads all manual pages when it first starts
    child = pexpect.spawn(
        sys.executable,
        ["-P", "-m", "jupyter_pixi", "shell"],
        cwd=str(odd.root),
        env=environ,
        timeout=60,
        encoding="utf-8",
    )
    child.sendline('printf \'<%s|%s|%s|%s>\\n\' $MINE $GREETER_MOOD "$ZDOTDIR" "$PATH"')
    child.expect(r"<yes\|sunny\|\|([^>]*)>")
    assert child.match[1].startswith(f"{odd.prefix()}/bin")
    child.sendline("exit 3")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 3
