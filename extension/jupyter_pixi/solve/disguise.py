"""A target that uv has no word for to an interpreter that says it is that target, when uv asks and only then.

uv asks an interpreter once what it is (glibc, machine, free threads) and keeps the answer by path and time. A virtual
environment of the engine's Python whose `sitecustomize` answers for the target is all it takes; builds, which run in
environments of their own, see the real machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import SolveError
from ..manifest.model import VirtualPackage
from .tags import DEFAULT_GLIBC, linux_machine, uv_glibc, version_of

_ANSWERS = """\
import sys

if any("get_interpreter_info" in argument for argument in sys.orig_argv):
    import os
    import platform
    import sysconfig

    MACHINE, GLIBC, FREE = {machine!r}, {glibc!r}, {free!r}
    _variable, _variables, _confstr = sysconfig.get_config_var, sysconfig.get_config_vars, os.confstr

    def get_config_var(name):
        return int(FREE) if name == "Py_GIL_DISABLED" else _variable(name)

    sysconfig.get_config_var = get_config_var
    if MACHINE:
        sysconfig.get_platform = lambda: "linux-" + MACHINE
        platform.machine = lambda: MACHINE
        platform.system = lambda: "Linux"
        platform.release = platform.version = lambda: ""
        os.confstr = lambda name: "glibc " + GLIBC if name == "CS_GNU_LIBC_VERSION" else _confstr(name)
"""


@dataclass(frozen=True)
class Target:
    """What an interpreter is to say: a linux machine with a glibc (None: as uv's own word has it), free threads."""

    machine: str | None = None
    glibc: str | None = None
    free_threaded: bool = False


def target(subdir: str, packages: Iterable[VirtualPackage], *, free_threaded: bool) -> Target | None:
    """The disguise that a platform needs; None if uv can be told in its own words."""
    packages = tuple(packages)
    machine, glibc = linux_machine(subdir), version_of(packages, "__glibc") or DEFAULT_GLIBC
    is_plain = machine is None or (machine in ("x86_64", "aarch64") and uv_glibc(glibc) == glibc)
    if not is_plain and version_of(packages, "__musl") is None:
        return Target(machine, glibc, free_threaded)
    engine = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    return Target(free_threaded=free_threaded) if free_threaded != engine else None


async def interpreter(wanted: Target, folder: Path) -> str:
    """The disguised interpreter for a target, made in `folder` if it is not there.

    Raises SolveError if it cannot be made.
    """
    text = _ANSWERS.format(machine=wanted.machine, glibc=wanted.glibc, free=wanted.free_threaded)
    name = hashlib.sha256(f"{sys.executable}\n{sys.version}\n{text}".encode()).hexdigest()[:16]
    home = folder / name
    executable = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not executable.exists():
        await _make(home, text)
    return str(executable)


async def _make(home: Path, text: str) -> None:
    """Makes the environment beside its place, then moves it there; another process may have been faster."""
    home.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=home.parent))
    command = [sys.executable, "-I", "-m", "venv", "--without-pip", str(made)]
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    _, said = await child.communicate()
    if child.returncode != 0:
        shutil.rmtree(made, ignore_errors=True)
        raise SolveError(
            "an interpreter for the platform cannot be made: " + said.decode(errors="replace").strip(),
            help="PyPI packages of such a platform can be locked with the `pixi` command",
        )
    packages = next(p for pattern in ("lib/python*/site-packages", "Lib/site-packages") for p in made.glob(pattern))
    (packages / "sitecustomize.py").write_text(text)
    try:
        made.replace(home)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
