"""Turns the interpreter that runs this into the conda packages `python` and `python_abi`.

The package holds no interpreter: `bin/python3.X` is a link to the one of this machine, and `pyvenv.cfg` makes a
prefix with that link a virtual environment of it, so the prefix has its own site-packages and nothing else is shared.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from ..errors import UnsupportedFeature
from .package import File, Package


@dataclass(frozen=True)
class Interpreter:
    """The host's Python: what packages for it must ask for, and where it stands."""

    version: str  # full: "3.12.4"
    executable: Path  # not a virtual environment's link
    subdir: str  # conda's name of the platform it was built for
    abi: str  # "cp312"
    site_packages: str  # relative to a prefix

    @property
    def minor(self) -> str:
        """The version's first two numbers: "3.12"."""
        return ".".join(self.version.split(".")[:2])

    @property
    def pin(self) -> str:
        """The match spec of packages that only work with this minor version."""
        major, minor = self.minor.split(".")
        return f"python >={self.minor},<{major}.{int(minor) + 1}.0a0"


def interpreter() -> Interpreter:
    """The interpreter that runs this. Raises UnsupportedFeature on Windows, where a link is not enough."""
    from rattler import Subdir

    if os.name == "nt":
        raise UnsupportedFeature(
            "The embedded channel needs a Linux or macOS machine.", help="Use a conda channel that can be reached."
        )
    base = Path(getattr(sys, "_base_executable", None) or sys.executable).resolve()
    info = sys.version_info
    version = f"{info.major}.{info.minor}.{info.micro}"
    if info.releaselevel != "final":
        version += {"alpha": "a", "beta": "b"}.get(info.releaselevel, "rc") + str(info.serial)
    site = sysconfig.get_path("purelib", "venv", vars={"base": "/"}).lstrip("/")
    return Interpreter(
        version=version,
        executable=base,
        subdir=str(Subdir.current()),
        abi=f"cp{info.major}{info.minor}{getattr(sys, 'abiflags', '')}",
        site_packages=site,
    )


def python_packages(host: Interpreter) -> tuple[Package, ...]:
    """The packages `python` and `python_abi` for `host`, named and pinned as conda-forge names them."""
    name = f"python{host.minor}"
    settings = (
        f"home = {host.executable.parent}\n"
        "include-system-site-packages = false\n"
        f"version = {host.version}\n"
        f"executable = {host.executable}\n"
    )
    abi = f"python_abi {host.minor}.* *_{host.abi}"
    python = Package(
        name="python",
        version=host.version,
        subdir=host.subdir,
        build=f"host_0_{host.abi}",
        constrains=(abi,),
        license="Python-2.0",
        summary="The Python of this machine, linked",
        files=(
            File(f"bin/{name}", link=str(host.executable)),
            File("bin/python3", link=name),
            File("bin/python", link=name),
            File("pyvenv.cfg", settings.encode()),
            File(f"{host.site_packages}/README.txt", b"Packages of this environment are linked here.\n"),
        ),
        extra={"python_site_packages_path": host.site_packages},
    )
    python_abi = Package(
        name="python_abi",
        version=host.minor,
        subdir="noarch",
        build=f"0_{host.abi}",
        constrains=(f"python {host.minor}.*",),
        noarch="generic",
        license="BSD-3-Clause",
        summary="The binary interface that packages with compiled modules need",
    )
    return (python, python_abi)
