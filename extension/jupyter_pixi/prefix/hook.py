"""Turns an activation into the text that a shell evaluates (`shell-hook`), and into its JSON form.

One dialect a shell: bash, zsh, fish, xonsh, cmd, powershell, nushell (rattler_shell, shell/mod.rs; pixi,
cli/shell_hook.rs). The order is the activation's: PATH, CONDA_*, package and PIXI_* variables, scripts, manifest
variables, then a function that refreshes the shell after a change, and the prompt.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ..errors import UsageError
from .activation import Activated, Static, next_level, opening
from .shell import posix_quote


def _double(value: str) -> str:
    """A value in double quotes that bash and zsh take literally."""
    return '"' + re.sub(r'([\\"$`])', r"\\\1", value) + '"'


def _fish_quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _fish_literal(value: str) -> str:
    return _fish_quote(value).replace("$", "\\$")


def _powershell_literal(value: str) -> str:
    return _powershell_quote(value).replace("$", "`$")


def _powershell_quote(value: str) -> str:
    return '"' + value.replace("`", "``").replace('"', '`"') + '"'


def _python_quote(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass(frozen=True)
class Dialect:
    """How one shell sets a variable and sources a script; `suffix` is what its package scripts end in.

    `set` lets the shell expand a `$` in the value, `literal` (where the shell would expand one) does not.
    """

    suffix: str
    set: Callable[[str, str], str]
    source: Callable[[str], str]
    path: Callable[[str], str]
    windows: bool = False
    literal: Callable[[str, str], str] | None = None


def _posix(suffix: str) -> Dialect:
    return Dialect(
        suffix,
        lambda k, v: f"export {k}={posix_quote(v)}",
        lambda p: f". {shlex.quote(p)}",
        lambda v: f"export PATH={_double(v)}",
        literal=lambda k, v: f"export {k}={shlex.quote(v)}",
    )


def _nu_path(value: str) -> str:
    entries = ", ".join(_python_quote(part) for part in value.split(os.pathsep))
    return f"$env.PATH = [{entries}]"


DIALECTS: Mapping[str, Dialect] = {
    "bash": _posix(".sh"),
    "zsh": _posix(".zsh"),
    "fish": Dialect(
        ".fish",
        lambda k, v: f"set -gx {k} {_fish_quote(v)}",
        lambda p: f"source {_fish_quote(p)}",
        lambda v: f"set -gx PATH {_fish_literal(v)}",
        literal=lambda k, v: f"set -gx {k} {_fish_literal(v)}",
    ),
    "xonsh": Dialect(
        ".xsh",
        lambda k, v: f"${k} = {_python_quote(v)}",
        lambda p: f"source{'' if p.endswith(('.xsh', '.py')) else '-bash'} {_python_quote(p)}",
        lambda v: f"$PATH = {_python_quote(v)}",
    ),
    "cmd": Dialect(
        ".bat",
        lambda k, v: f'@SET "{k}={v}"',
        lambda p: f'@CALL "{p}"',
        lambda v: f'@SET "PATH={v}"',
        windows=True,
    ),
    "powershell": Dialect(
        ".ps1",
        lambda k, v: f"${{Env:{k}}} = {_powershell_quote(v)}",
        lambda p: f". {_powershell_quote(p)}",
        lambda v: f"${{Env:PATH}} = {_powershell_literal(v)}",
        literal=lambda k, v: f"${{Env:{k}}} = {_powershell_literal(v)}",
    ),
    "nushell": Dialect(
        ".nu",
        lambda k, v: f"$env.{k} = {_python_quote(v)}",
        lambda p: f"source-env {_python_quote(p)}",
        _nu_path,
    ),
}
_NAMES = {"pwsh": "powershell", "nu": "nushell", "cmdexe": "cmd", "sh": "bash", "dash": "bash"}

_BASH_FUNCTION = """
pixi() {
    "${PIXI_EXE-}" "$@" || return
    case "${1-}" in
    add | a | remove | rm | install | i)
        eval "$("$PIXI_EXE" shell-hook --change-ps1 false)"
        hash -r
        ;;
    esac
}
"""

_COMPLETIONS = {
    "bash": (
        "share/bash-completion/completions",
        'if [ -n "${BASH_VERSION-}" ]; then\n'
        '    for _pixi_f in %s/*; do if [ -f "$_pixi_f" ]; then source "$_pixi_f"; fi; done\n'
        "    unset _pixi_f\nfi\n",
    ),
    "zsh": ("share/zsh/site-functions", "fpath+=(%s)\nautoload -Uz compinit\ncompinit\n"),
    "fish": ("share/fish/vendor_completions.d", "for file in %s/*\n    source $file\nend\n"),
}
"""Where packages put completions for a shell, and how it reads all of them."""

_FISH_PROMPT = """
if not functions -q __jupyter_pixi_prompt_before
    functions -c fish_prompt __jupyter_pixi_prompt_before
end
function fish_prompt
    set_color -o green
    echo -n %s
    set_color normal
    __jupyter_pixi_prompt_before
end
"""


def dialect_name(shell: str | None, environ: Mapping[str, str]) -> str:
    """The dialect for a shell's name as given, or of the SHELL variable; bash where neither tells (cmd on Windows).

    Raises UsageError for a name that is no shell known here.
    """
    if shell is None:
        said = environ.get("SHELL", "").replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".exe")
        said = _NAMES.get(said, said)
        return said if said in DIALECTS else ("cmd" if os.name == "nt" else "bash")
    name = _NAMES.get(shell.lower(), shell.lower())
    if name not in DIALECTS:
        raise UsageError(f"There is no hook for the shell '{shell}'.", help=f"Known shells: {', '.join(DIALECTS)}")
    return name


def hook_text(
    activation: Static,
    environ: Mapping[str, str],
    shell: str = "bash",
    *,
    change_prompt: bool = True,
    completions: bool = True,
) -> str:
    """The text to be evaluated by a shell of that dialect, for a caller with this environment.

    With `completions` it reads those of the environment's packages.
    """
    dialect = DIALECTS[shell]
    level = next_level(environ)
    lines: list[str] = []
    expanded = activation.expanded()
    literal = dialect.literal or dialect.set
    for key, value in opening(activation, environ, level).items():
        setting = dialect.set if key in expanded else literal  # a path or a name may hold a `$` too
        lines.append(dialect.path(value) if key == "PATH" else setting(key, value))
    lines.extend(dialect.source(script) for script in _scripts(activation, dialect.suffix))
    for key, value in activation.env.items():
        if key in environ:
            lines.append(literal(f"CONDA_ENV_SHLVL_{level}_{key}", environ[key]))
        lines.append(dialect.set(key, value))
    text = "\n".join(lines) + "\n" + (_completions(activation, shell) if completions else "")
    return text + _prompt(activation.variables.get("PIXI_PROMPT", ""), shell, change_prompt)


def _scripts(activation: Static, suffix: str) -> tuple[str, ...]:
    """The scripts for a dialect: the packages' own kind (beside the `.sh` ones), and the manifest's as they stand."""
    of_packages = [script for script in activation.scripts if script not in activation.of_manifest]
    if suffix not in (".sh", ".bat"):
        found: list[str] = []
        for folder in dict.fromkeys(os.path.dirname(script) for script in of_packages):  # noqa: PTH120
            found.extend(sorted(entry.path for entry in os.scandir(folder) if entry.name.endswith(suffix)))
        of_packages = found
    return (*of_packages, *activation.of_manifest)


def _completions(activation: Static, shell: str) -> str:
    where, text = _COMPLETIONS.get(shell, ("", ""))
    folder = os.path.join(activation.variables.get("CONDA_PREFIX", ""), *where.split("/"))  # noqa: PTH118
    if not where or not os.path.isdir(folder):  # noqa: PTH112
        return ""
    return text % (_fish_literal(folder) if shell == "fish" else shlex.quote(folder))


def _prompt(prompt: str, shell: str, change_prompt: bool) -> str:
    text = _BASH_FUNCTION if shell in ("bash", "zsh") else ""
    prompt = re.sub(r'[$`\\"!]', "", prompt)  # shells read a prompt again each time they show it
    if not change_prompt or not prompt:
        return text
    if shell in ("bash", "zsh"):
        return text + f'\nexport PS1="{prompt}${{PS1:-}}"\n'
    if shell == "fish":
        return text + _FISH_PROMPT % _fish_quote(prompt)
    if shell == "cmd":
        return text + f"@PROMPT {prompt}$P$G\n"
    if shell == "powershell":
        quoted = _powershell_quote(prompt)
        return (
            text + "\n$old_prompt = $function:prompt\n"
            f"function prompt {{ Write-Host -NoNewline {quoted}; & $old_prompt }}\n"
        )
    if shell == "nushell":
        return (
            text + "\nlet old_prompt = $env.PROMPT_COMMAND?\n$env.PROMPT_COMMAND = {|| "
            f"{_python_quote(prompt)} + (if $old_prompt == null {{ '' }} else {{ do $old_prompt }}) }}\n"
        )
    return text + f"$PROMPT = {_python_quote(prompt)} + $PROMPT\n"


def hook_json(activated: Activated) -> str:
    """Pixi's JSON on one line: the variables, and the manifest's scripts that exist."""
    data = {
        "environment_variables": dict(activated.variables),
        "activation_scripts": list(activated.scripts),
    }
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False)
