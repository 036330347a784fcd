"""A kernel's description from the state file (or its kernel.json) -> the program and arguments that it starts with."""

from __future__ import annotations

import json
import os

from .activate import which

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
CONFIG = os.path.join(HERE, "ipykernel_config.py")
KERNEL_START = os.path.join(HERE, "kernel_start.py")
OTHER_CONFIG = "JUPYTER_PIXI_KERNEL_CONFIG"
"""Names a configuration file that the kernel's own argv gave with `--config`; ours loads it."""

DEFAULT_KERNEL = "python3"


def described(name: str, prefix: str, state: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the environment says about the kernel: from the state file, else from its kernel.json in the prefix."""
    known = (state.get("kernels") or {}).get(name)
    if isinstance(known, dict) and known.get("argv"):
        return known
    folder = os.path.join(prefix, "share", "jupyter", "kernels", name)
    try:
        with open(os.path.join(folder, "kernel.json"), "rb") as file:
            document = json.load(file)
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or not document.get("argv"):
        return None
    return {**document, "dir": folder}


def arguments(
    kernel: Mapping[str, Any], prefix: str, connection_file: str, extra: Sequence[str] = ()
) -> tuple[list[str], dict[str, str]]:
    """The kernel's argv with its placeholders filled in, and variables that go with it.

    An ipykernel gets our configuration file besides, and is started by `kernel_start`; other kernels start as they
    are. The program is still a bare name if the description has one.
    (Placeholders: jupyter_client, manager.format_kernel_cmd.)
    """
    places = {
        "{connection_file}": connection_file,
        "{prefix}": prefix,
        "{resource_dir}": str(kernel.get("dir") or ""),
    }
    argv = []
    for word in kernel["argv"]:
        for place, value in places.items():
            word = word.replace(place, value)
        argv.append(word)
    argv += extra
    if not is_ipykernel(argv):
        return argv, {}
    variables = {}
    for index, word in enumerate(argv):
        if word.startswith("--config="):
            variables[OTHER_CONFIG] = os.path.abspath(word.partition("=")[2])
            del argv[index]
            break
    at = argv.index("-m")
    return [*argv[:at], KERNEL_START, argv[at + 1], "", *argv[at + 2 :], f"--config={CONFIG}"], variables


def is_ipykernel(argv: Sequence[str]) -> bool:
    """Whether this starts ipykernel (whose bridge gives `%pixi`), and not some other kernel."""
    return "-m" in argv[:-1] and argv[argv.index("-m") + 1] in ("ipykernel_launcher", "ipykernel")


def overlaid(python: str, overlay: str, connection_file: str, extra: Sequence[str] = ()) -> list[str]:
    """The argv of an ipykernel that lies in `overlay` and runs in the environment's own `python`."""
    return [python, KERNEL_START, "ipykernel_launcher", overlay, "-f", connection_file, *extra, f"--config={CONFIG}"]


def own_variables(kernel: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that the kernel's description sets, with `${NAME}` and `$NAME` filled in from `variables`."""
    given = kernel.get("env") or {}
    if not given:
        return {}
    import string

    return {name: string.Template(str(text)).safe_substitute(variables) for name, text in given.items()}


def program(name: str, prefix: str, variables: Mapping[str, str]) -> str | None:
    """The absolute path of a kernel's program: the environment's own before anything else on PATH."""
    if os.path.dirname(name):
        return which(os.path.join(prefix, name), "")
    return which(name, os.pathsep.join([os.path.join(prefix, "bin"), variables.get("PATH", "")]))
