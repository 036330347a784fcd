"""Turns a running kernel into the seconds of `%pixi add` and import, and a prefix into those of bare py-rattler.

Run as a script it is the bare side: `adding.py CHANNEL PREFIX CACHE` prints the seconds.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.kernels import Kernel

PACKAGE = "cowsay"
SPECS = ("python >=3.11", "ipykernel", "threadpoolctl", PACKAGE)
"""What the sample's environment `cpu` asks for, and the package."""

_STANDBY = 'get_ipython().magics_manager.magics["line"]["pixi"].bridge.standby'
_PAUSE = 1.5
"""Seconds that a person takes at least between two commands."""

_FORGET = f"""
import sys
for _name in [name for name in sys.modules if name.partition(".")[0] == "{PACKAGE}"]: del sys.modules[_name]
%pixi remove {PACKAGE}
"""


def in_kernel(kernel: Kernel, *, ready: bool) -> float:
    """Adds the package in a cell and imports it in the next line: seconds from Enter to the cell's reply.

    Then takes it out again. `ready` waits first until an engine is. Raises RuntimeError where a cell fails.
    """
    if ready:
        _wait(kernel)
    begin = time.perf_counter()
    _run(kernel, f"%pixi add {PACKAGE}\nimport {PACKAGE}")
    seconds = time.perf_counter() - begin
    _run(kernel, _FORGET)
    return seconds


def memory(kernel: Kernel) -> float | None:
    """The megabytes that the waiting engine has to itself; None where the system does not tell."""
    try:
        text = Path(f"/proc/{_wait(kernel)}/smaps_rollup").read_text()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Private_Dirty:"))


def _wait(kernel: Kernel) -> int:
    """Waits until an engine is ready. Returns its process id."""
    while not (found := kernel.value(f"print({_STANDBY}.pid)")).isdigit():
        time.sleep(_PAUSE)
    time.sleep(_PAUSE)
    return int(found)


def _run(kernel: Kernel, code: str) -> None:
    outcome = kernel.run(code)
    if outcome.status != "ok":
        raise RuntimeError(outcome.text)


def beside(url: str, prefix: Path, folder: Path, cache: Path) -> float:
    """Solves and installs the same records into a copy of the prefix with py-rattler: seconds, without imports."""
    copy = folder / "bare"
    shutil.copytree(prefix, copy, symlinks=True, copy_function=os.link)
    try:
        argv = [sys.executable, __file__, url, str(copy), str(cache)]
        return float(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)
    finally:
        shutil.rmtree(copy)


async def _bare(url: str, prefix: str, cache: str) -> float:
    from rattler import Channel, Gateway, MatchSpec, Subdir, VirtualPackage, install, solve

    begin = time.perf_counter()
    records = await solve(
        sources=[Channel(url)],
        specs=[MatchSpec(spec) for spec in SPECS],
        gateway=Gateway(cache_dir=f"{cache}/repodata"),
        platforms=[Subdir.current(), Subdir("noarch")],
        virtual_packages=[package.into_generic() for package in VirtualPackage.detect()],
    )
    await install(records=records, target_prefix=prefix, cache_dir=f"{cache}/pkgs", show_progress=False)
    return time.perf_counter() - begin


if __name__ == "__main__":
    print(asyncio.run(_bare(*sys.argv[1:])), flush=True)
    os._exit(0)
