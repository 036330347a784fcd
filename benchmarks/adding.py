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

PACKAGE = "cowsay"
SPECS = ("python >=3.11", "ipykernel", "threadpoolctl", PACKAGE)
"""What the sample's environment `cpu` asks for, and the package."""

READY = """
import time
_standby = get_ipython().magics_manager.magics["line"]["pixi"].bridge.standby
while _standby.pid is None: time.sleep(0.05)
time.sleep(1.5)
"""
"""Waits as long as a person takes between two commands."""

FORGET = f"""
import sys
for _name in [name for name in sys.modules if name.partition(".")[0] == "{PACKAGE}"]: del sys.modules[_name]
%pixi remove {PACKAGE}
"""


def in_kernel(client, pause: str = READY) -> float:
    """Adds the package in a kernel's cell and imports it in the next line: seconds from Enter to the cell's reply.

    Then takes it out again. Raises RuntimeError where a cell fails.
    """
    _run(client, pause)
    begin = time.perf_counter()
    _run(client, f"%pixi add {PACKAGE}\nimport {PACKAGE}")
    seconds = time.perf_counter() - begin
    _run(client, FORGET)
    return seconds


def _run(client, code: str) -> None:
    reply = client.execute_interactive(code, timeout=120, output_hook=lambda message: None)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(reply["content"]["evalue"])


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
