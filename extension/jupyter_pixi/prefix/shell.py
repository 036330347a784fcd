"""Turns an activation with scripts or `$` values into variables: one run of bash, or of cmd on Windows.

bash gets the opening variables as its environment, sources the scripts, sets the closing ones as Pixi writes them
(double-quoted where there is a `$`, so that earlier names expand), and tells its exported variables through a pipe of
its own, so that nothing that scripts print mixes in. A name is told before and after: only what changed counts.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import system
from ..errors import ActivationError

if TYPE_CHECKING:
    from .activation import Static

_NOT_OURS = frozenset({"_", "SHLVL", "PWD", "OLDPWD", "BASH_ENV"})
"""What bash itself changes, or what is withheld from it."""

_TELL = """\
__jupyter_pixi_tell() {
    local name
    while IFS= read -r name; do
        printf '%s=%s\\0' "$name" "${!name}"
    done < <(compgen -e)
}
"""


def posix_quote(value: str) -> str:
    """A value in an `export` of bash, zsh or sh: expanded where it holds a `$`, else literal (as Pixi writes it)."""
    if "$" in value:
        return '"' + value.replace('"', '\\"') + '"'
    return shlex.quote(value)


def run(
    activation: Static,
    environ: Mapping[str, str],
    opening: Mapping[str, str],
    level: int,
    cwd: Path | None = None,
) -> tuple[dict[str, str], tuple[str, ...]]:
    """All variables after the activation that are new or differ from `environ`, and names that are gone.

    Raises ActivationError if the shell cannot be started, or a script ends it.
    """
    if system.WINDOWS:
        return _run_cmd(activation, environ, opening, level, cwd)
    literal = {key: value for key, value in opening.items() if key not in activation.expanded()}
    given = {k: v for k, v in {**environ, **literal}.items() if k != "BASH_ENV"}
    told = _parse(_bash(bash_script(activation, environ, level), given, cwd, environ))
    odd = {key: value for key, value in literal.items() if not _is_name(key)}  # bash keeps these to itself
    after = {**odd, **{key: value for key, value in told.items() if key not in _NOT_OURS}}
    gone = (key for key in sorted(environ) if _is_name(key) and key not in after and key not in _NOT_OURS)
    return after, tuple(gone)


def _is_name(text: str) -> bool:
    return text.isascii() and text.isidentifier()


def bash_script(activation: Static, environ: Mapping[str, str], level: int) -> str:
    """The text that bash runs. Its exported variables go to descriptor 3, each with a zero byte behind it."""
    lines = [_TELL]
    for key, value in activation.expanded().items():
        lines.append(f"export {key}={posix_quote(value)}")
    lines.extend(f". {shlex.quote(script)} 3>&-" for script in activation.scripts)
    for key, value in activation.env.items():
        if key in environ:
            lines.append(f"export CONDA_ENV_SHLVL_{level}_{key}={shlex.quote(environ[key])}")
        lines.append(f"export {key}={posix_quote(value)}")
    lines.append("__jupyter_pixi_tell >&3")
    lines.append("printf '\\0' >&3")
    return "\n".join(lines) + "\n"


def _bash(script: str, environ: Mapping[str, str], cwd: Path | None, outside: Mapping[str, str]) -> bytes:
    """What bash tells. Its standard output goes to our standard error, where people read it."""
    bash = shutil.which("bash", path=outside.get("PATH") or os.defpath) or shutil.which("bash")
    if bash is None:
        raise ActivationError(
            "This environment has activation scripts, and bash, which runs them, was not found.",
            help="Install bash, or put it on PATH.",
        )
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as said:
        fd = told.fileno()
        wrapped = script if fd == 3 else f"exec 3>&{fd} {fd}>&-\n{script}"
        done = subprocess.run(
            [bash, "--norc", "--noprofile", "-c", wrapped],
            env=dict(environ),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=(fd,),
            check=False,
        )
        told.seek(0)
        said.seek(0)
        text = told.read()
        output = said.read().decode(errors="replace")
    if done.returncode != 0 or not text.endswith(b"\0\0"):
        status = f"status {done.returncode}" if done.returncode else "the shell was ended by a script"
        raise ActivationError(
            f"Failed to run activation script ({status}).{_quoted(output)}",
            help="Run the scripts of `activation.scripts` and etc/conda/activate.d by hand to see which one fails.",
        )
    return text


def _quoted(output: str) -> str:
    """The last lines that the scripts printed, indented below the sentence."""
    lines = output.strip().splitlines()[-15:]
    return "".join(f"\n  {line}" for line in lines)


def _parse(text: bytes) -> dict[str, str]:
    """`NAME=value` texts with a zero byte behind each."""
    found: dict[str, str] = {}
    for item in os.fsdecode(text).split("\0"):
        key, equals, value = item.partition("=")
        if equals:
            found[key] = value
    return found


def cmd_script(activation: Static, environ: Mapping[str, str], level: int, told: str) -> str:
    """The batch file that cmd runs; its variables go to the file `told`."""
    lines = ["@ECHO OFF", *(f'CALL "{script}" || EXIT /B 1' for script in activation.scripts)]
    for key, value in activation.env.items():
        if key in environ:
            lines.append(f'SET "CONDA_ENV_SHLVL_{level}_{key}={environ[key]}"')
        lines.append(f'SET "{key}={value}"')
    lines.append(f'SET > "{told}"')
    return "\r\n".join(lines) + "\r\n"


def _run_cmd(
    activation: Static, environ: Mapping[str, str], opening: Mapping[str, str], level: int, cwd: Path | None
) -> tuple[dict[str, str], tuple[str, ...]]:
    with tempfile.TemporaryDirectory() as folder:
        told, batch = Path(folder) / "variables.txt", Path(folder) / "activate.bat"
        batch.write_text(cmd_script(activation, environ, level, str(told)), newline="")
        done = subprocess.run(
            [environ.get("COMSPEC", "cmd.exe"), "/D", "/C", str(batch)],
            env={**environ, **opening},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0 or not told.exists():
            output = (done.stdout + done.stderr).decode(errors="replace")
            raise ActivationError(f"Failed to run activation script (status {done.returncode}).{_quoted(output)}")
        lines = told.read_text(errors="replace").splitlines()
    after = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("="))
    return after, tuple(k for k in environ if k not in after)
