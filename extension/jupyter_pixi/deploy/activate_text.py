"""Turns a target and its place in an image into the activation there: static variables, activate.sh, entrypoint.sh.

Two ways, because launchers differ. Variables of the image (ENV) reach every process, whatever starts it. activate.sh
also runs package scripts and expands `$`; the entry point sources it, and so does every bash through BASH_ENV where a
launcher takes the entry point over. It is written here instead of taken from `pixi shell-hook`, whose PATH is the build
stage's own, literally, and whose PIXI_EXE and PIXI_PROJECT_MANIFEST point to what is not in the image.
"""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Mapping

from ..prefix.shell import posix_quote
from .model import Plan, Target

ENV_VARS = "env_vars.sh"
"""What the build makes of the JSON files that packages leave in etc/conda/env_vars.d."""

GUARD = "JUPYTER_PIXI_ACTIVATED"


def static(plan: Plan, target: Target, root: str) -> dict[str, str]:
    """The variables that are the same in every process of the image, in order; PATH is not among them.

    Of the manifest's variables those that a shell would not expand.
    """
    prefix = posixpath.join(root, target.prefix)
    fixed = {key: value for key, value in target.env.items() if not set(value) & set("$`\n")}
    return {**_own(plan, target, root, prefix), **fixed}


def _own(plan: Plan, target: Target, root: str, prefix: str) -> dict[str, str]:
    return {
        "CONDA_PREFIX": prefix,
        "CONDA_DEFAULT_ENV": plan.title(target.environment),
        "CONDA_SHLVL": "1",
        "PIXI_PROJECT_ROOT": root,
        "PIXI_PROJECT_NAME": plan.name,
        "PIXI_PROJECT_VERSION": plan.version or "NO_VERSION_SPECIFIED",
        "PIXI_ENVIRONMENT_NAME": target.environment,
        "PIXI_ENVIRONMENT_PLATFORMS": ",".join(target.platforms),
    }


def activate_sh(plan: Plan, target: Target, root: str, folder: str) -> tuple[str, ...]:
    """The lines of activate.sh. `root` is the workspace in the image, `folder` where the file itself stands."""
    prefix = posixpath.join(root, target.prefix)
    bin_ = f"{prefix}/bin"
    lines = [
        f"# Sourced by bash: activates the environment {target.environment} of {plan.name}.",
        '[ -n "${BASH_VERSION-}" ] || return 0',
        f'case ":${{PATH}}:" in *:{shlex.quote(bin_)}:*) ;; *) export PATH={shlex.quote(bin_)}":${{PATH}}" ;; esac',
        f'[ "${{{GUARD}-}}" != {shlex.quote(prefix)} ] || return 0',
        f"export {GUARD}={shlex.quote(prefix)}",
        "# Package scripts use unset variables and end with any status: not for `bash -eu` to stop at.",
        "__pixi_flags=$-; set +eu",
        *_exports(_own(plan, target, root, prefix)),
        f"if [ -f {shlex.quote(folder + '/' + ENV_VARS)} ]; then . {shlex.quote(folder + '/' + ENV_VARS)}; fi",
        f"for __pixi_script in {shlex.quote(prefix)}/etc/conda/activate.d/*.sh; do",
        '  if [ -f "$__pixi_script" ]; then . "$__pixi_script"; fi',
        "done",
        *(f". {shlex.quote(posixpath.join(root, script))}" for script in target.scripts),
        *_exports(target.env),
        'case "$__pixi_flags" in *e*) set -e ;; esac',
        'case "$__pixi_flags" in *u*) set -u ;; esac',
        "unset __pixi_flags __pixi_script",
    ]
    return tuple(line for text in lines for line in text.split("\n"))


def _exports(variables: Mapping[str, str]) -> list[str]:
    return [f"export {key}={posix_quote(value)}" for key, value in variables.items()]


def entrypoint_sh(folder: str) -> tuple[str, ...]:
    """The lines of entrypoint.sh: activate, then become the command, so that signals reach it as process 1."""
    return ("#!/bin/bash", f". {shlex.quote(folder + '/activate.sh')}", 'exec "$@"')


def env_vars_command(prefix: str, path: str) -> str:
    """The shell command that writes packages' variables (etc/conda/env_vars.d, JSON) as exports to `path`."""
    program = (
        "import glob, json, shlex, sys; "
        '[print("export", k + "=" + shlex.quote(v)) for f in sorted(glob.glob(sys.argv[1] + "/etc/conda/env_vars.d/*"))'
        " for k, v in json.load(open(f)).items()]"
    )
    words = (f"{prefix}/bin/python", "-c", program, prefix)
    return f"{shlex.join(words)} > {shlex.quote(path)}"
