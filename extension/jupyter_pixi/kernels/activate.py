"""The state file's static activation, and bash where it is needed -> the variables a kernel starts with.

(Pixi: facts about activation stand in docs/workspace/environment.md; rattler_shell writes the lines that bash runs.)
Only what comes from files is ever taken from the state file; scripts and `$(…)` run at each start, and what they
give is handed to the kernel and written nowhere.
"""

from __future__ import annotations

import os

from .handoff import without_activation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_SHELL_OWN = frozenset(["_", "SHLVL", "PWD", "OLDPWD", "BASHOPTS", "SHELLOPTS"])


class ActivationFailed(Exception):
    """An activation script ended the shell, or there is no shell. The text is a sentence for the user."""


def activated(activation: Mapping[str, Any], prefix: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of `environ` as the environment's activation changes them.

    `activation` is the state file's table of that name. Raises ActivationFailed.
    """
    variables = without_activation(environ)
    outside = dict(variables)
    static: Mapping[str, str] = activation.get("variables") or {}
    late: Mapping[str, str] = activation.get("env") or {}
    path = [*(activation.get("path") or [os.path.join(prefix, "bin")]), outside.get("PATH") or os.defpath]
    variables.update(static)
    variables["PATH"] = os.pathsep.join(path)
    variables["CONDA_SHLVL"] = "1"
    variables["CONDA_PREFIX"] = prefix
    for name in (*static, *late):
        if name in outside and not name.startswith("PIXI_"):
            variables["CONDA_ENV_SHLVL_1_" + name] = outside[name]
    if activation.get("needs_shell"):
        return _in_bash(tuple(activation.get("scripts") or ()), late, variables)
    return {**variables, **late}


def script_text(scripts: tuple[str, ...], late: Mapping[str, str], channel: int) -> str:
    """What bash runs: the scripts, then the variables of `activation.env`, then a dump to descriptor `channel`.

    A value with `$` stands in double quotes, so that it expands (rattler_shell, Bash::set_env_var).
    """
    lines = [f". {_quoted(script)}" for script in scripts]
    for name, value in late.items():
        text = '"' + value.replace('"', '\\"') + '"' if "$" in value else _quoted(value)
        lines.append(f"export {name}={text}")
    lines.append(f"command -p env -0 >&{channel}")
    return "\n".join(lines) + "\n"


def _in_bash(scripts: tuple[str, ...], late: Mapping[str, str], variables: dict[str, str]) -> dict[str, str]:
    bash = which("bash", "/bin:/usr/bin:" + variables["PATH"])
    if bash is None:
        raise ActivationFailed("the environment's activation scripts need bash, and there is none on this machine")
    reading, writing = os.pipe()
    try:
        os.set_inheritable(writing, True)
        text = script_text(scripts, late, writing)
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, 2, 1),  # what a script prints belongs in the log
        ]
        child = os.posix_spawn(bash, ["bash", "-c", text], variables, file_actions=actions)
    finally:
        os.close(writing)
    try:
        dump = _read_all(reading)
    except BaseException:
        os.kill(child, 15)
        raise
    finally:
        os.close(reading)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status != 0 or not dump:
        raise ActivationFailed(
            f"an activation script of the environment ended with status {status}"
            + (f": {', '.join(scripts)}" if scripts else "")
        )
    pairs = (entry.split("=", 1) for entry in os.fsdecode(dump).split("\0") if "=" in entry)
    # What a script unsets stays set, as `pixi run` leaves it.
    return {**variables, **{name: value for name, value in pairs if name not in _SHELL_OWN}}


def which(program: str, path: str) -> str | None:
    """The program's absolute path, found along `path`; None if it is not there. (`shutil` costs 5 ms.)"""
    if os.path.isabs(program):
        return program if os.access(program, os.X_OK) else None
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, program)
        if os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return candidate
    return None


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 1 << 16):
        parts.append(part)
    return b"".join(parts)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"
