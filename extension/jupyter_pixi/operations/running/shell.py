"""Turns an activation into the user's own shell, activated after that shell has read its start-up files."""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from ...errors import PixiError
from ...prefix import activation, hook
from ..context import Context
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
    if name not in (*_READS, "zsh"):
        return run_words([program], context.cwd, activation.evaluate(found, environ).environ(), context.environ)
    dialect = hook.dialect_name(name, {})
    text = hook.hook_text(found, environ, dialect, change_prompt=change_prompt, completions=completions)
    with tempfile.TemporaryDirectory(prefix="jupyter-pixi-shell-") as folder:
        path = Path(folder) / f"activate{hook.DIALECTS[dialect].suffix}"
        own = Path(environ.get("HOME", "~")).expanduser() / ".bashrc"
        first = f"[ -f {shlex.quote(str(own))} ] && . {shlex.quote(str(own))}\n" if name == "bash" else ""
        path.write_text(first + text)
        if name == "zsh":
            zsh = _zsh(Path(folder), path, environ)
            return run_words([program, "-i"], context.cwd, zsh, context.environ)
        words = [program, *(word.replace("FILE", str(path)) for word in _READS[name])]
        return run_words(words, context.cwd, environ, context.environ)


def _zsh(folder: Path, hook_file: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of a zsh that reads its start-up files in `folder`: they read the user's own, and the hook last."""
    own = environ.get("ZDOTDIR")
    back = f"export ZDOTDIR={shlex.quote(own)}\n" if own is not None else "unset ZDOTDIR\n"
    read = 'if [[ -f "${ZDOTDIR:-$HOME}/%s" ]]; then . "${ZDOTDIR:-$HOME}/%s"; fi\n'
    here = shlex.quote(str(folder))
    (folder / ".zshenv").write_text(back + read % (".zshenv", ".zshenv") + f"ZDOTDIR={here}\n")
    # What a system's own file derives from ZDOTDIR (macOS: the history) belongs into the user's folder.
    history = f'if [[ "$HISTFILE" == {here}/* ]]; then HISTFILE="${{ZDOTDIR:-$HOME}}/${{HISTFILE:t}}"; fi\n'
    lines = back + history + read % (".zshrc", ".zshrc") + f". {shlex.quote(str(hook_file))}\n"
    (folder / ".zshrc").write_text(lines)
    return {**environ, "ZDOTDIR": str(folder)}
