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

_SHELL_OWN = frozenset(["_", "SHLVL", "PWD", "OLDPWD"])
_OURS = ("CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PIXI_")  # paths and names, which no shell expands
_SAVED = "CONDA_ENV_SHLVL_1_"  # the level is always 1: an activation around the launcher does not count


class ActivationFailed(Exception):
    """An activation script ended the shell, or there is no shell. The text is a sentence for the user."""


def activated(activation: Mapping[str, Any], prefix: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of `environ` as the environment's activation changes them.

    `activation` is the state file's table of that name. Raises ActivationFailed.
    """
    outside = without_activation(environ)
    static: Mapping[str, str] = activation.get("variables") or {}
    late: Mapping[str, str] = activation.get("env") or {}
    path = [*(activation.get("path") or [os.path.join(prefix, "bin")]), *filter(None, [outside.get("PATH")])]
    variables = {**outside, "PATH": os.pathsep.join(path), "CONDA_SHLVL": "1", **static, "CONDA_PREFIX": prefix}
    covered = [name for name in (*static, *late) if name in outside]
    variables.update({_SAVED + name: outside[name] for name in covered})
    if activation.get("needs_shell"):
        early = {name: text for name, text in static.items() if "$" in text and not name.startswith(_OURS)}
        return _in_bash(early, tuple(activation.get("scripts") or ()), late, variables)
    return {**variables, **late}


def script_text(early: Mapping[str, str], scripts: tuple[str, ...], late: Mapping[str, str], channel: int) -> str:
    """What bash runs: package variables, the scripts, `activation.env`, then a dump to descriptor `channel`.

    A value with `$` stands in double quotes, so that it expands (rattler_shell, Bash::set_env_var).
    """
    lines = [f"export {name}={_value(text)}" for name, text in early.items()]
    lines += [f". {_quoted(script)} {channel}>&-" for script in scripts]
    lines += [f"export {name}={_value(text)}" for name, text in late.items()]
    lines.append(f"command -p env -0 >&{channel}")
    return "\n".join(lines) + "\n"


def _in_bash(
    early: Mapping[str, str], scripts: tuple[str, ...], late: Mapping[str, str], variables: dict[str, str]
) -> dict[str, str]:
    bash = which("bash", os.pathsep.join([variables["PATH"], "/bin", "/usr/bin"]))
    if bash is None:
        raise ActivationFailed("the environment's activation scripts need bash, and there is none on this machine")
    reading, writing = os.pipe()
    try:
        os.set_inheritable(writing, True)
        words = [bash, "--norc", "--noprofile", "-c", script_text(early, scripts, late, writing)]
        given = {name: text for name, text in variables.items() if name != "BASH_ENV"}
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, 2, 1),  # what a script prints belongs in the log
        ]
        child = os.posix_spawn(bash, words, given, file_actions=actions)
    finally:
        os.close(writing)
    dump, status = _told(child, reading)
    if status != 0 or not dump:
        named = f": {', '.join(scripts)}" if scripts else ""
        raise ActivationFailed(f"an activation script of the environment ended with status {status}{named}")
    pairs = (entry.split("=", 1) for entry in os.fsdecode(dump).split("\0") if "=" in entry)
    # What a script unsets stays set, as `pixi run` leaves it.
    return {**variables, **{name: text for name, text in pairs if name not in _SHELL_OWN}}


def _told(child: int, reading: int) -> tuple[bytes, int]:
    """What the child wrote until its end, and how it ended. An interrupt ends the child too."""
    parts = []
    try:
        while part := os.read(reading, 1 << 16):
            parts.append(part)
    except BaseException:
        os.kill(child, 15)
        raise
    finally:
        os.close(reading)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return b"".join(parts), status


def which(program: str, path: str) -> str | None:
    """The program's absolute path, found along `path`; None if it is not there. (`shutil` costs 5 ms.)"""
    if os.path.isabs(program):
        return program if os.access(program, os.X_OK) else None
    for folder in path.split(os.pathsep):
        candidate = os.path.join(folder, program)
        if os.access(candidate, os.X_OK) and os.path.isfile(candidate):
            return candidate
    return None


def _value(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"' if "$" in text else _quoted(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"
