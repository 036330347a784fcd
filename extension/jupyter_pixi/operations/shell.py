"""Turns an activation into the user's own shell, activated after that shell has read its start-up files."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from pathlib import Path

from ..errors import PixiError
from ..prefix import activation, hook
from .context import Context
from .task_shell import run_words

_READS = {
    "bash": ("--rcfile", "FILE", "-i"),
    "fish": ("--interactive", "--init-command", "source 'FILE'"),
    "pwsh": ("-NoExit", "-Command", ". 'FILE'"),
}
"""Shells that read a file of ours when they start, and how they are asked to."""


def become_shell(found: activation.Static, context: Context, *, change_prompt: bool, completions: bool = True) -> int:
    """Run the shell that SHELL names (bash where it names none) to its end; its exit status. Raises PixiError.

    Shells that can read one more file at their start are given the hook there, because what a user's own start-up
    files do to PATH would else come after it. The others get the variables.
    """
    program = context.environ.get("SHELL") or shutil.which("bash") or shutil.which("sh")
    if program is None or shutil.which(program) is None:
        raise PixiError(
            f"The shell {program or 'bash'} was not found.", help="Set SHELL to the path of one.", code="no-shell"
        )
    name = Path(program).name
    environ = {k: v for k, v in context.environ.items() if k != "BASH_ENV"}
    if name not in _READS:
        return run_words([program], context.cwd, activation.evaluate(found, environ).environ(), context.environ)
    dialect = hook.dialect_name(name, {})
    text = hook.hook_text(found, environ, dialect, change_prompt=change_prompt, completions=completions)
    with tempfile.TemporaryDirectory(prefix="jupyter-pixi-shell-") as folder:
        path = Path(folder) / f"activate{hook.DIALECTS[dialect].suffix}"
        own = Path(environ.get("HOME", "~")).expanduser() / ".bashrc"
        first = f"[ -f {shlex.quote(str(own))} ] && . {shlex.quote(str(own))}\n" if name == "bash" else ""
        path.write_text(first + text)
        words = [program, *(word.replace("FILE", str(path)) for word in _READS[name])]
        return run_words(words, context.cwd, environ, context.environ)
