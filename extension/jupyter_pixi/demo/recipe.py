"""What goes into an embedded channel: requirements for wheels, and packages of a few lines made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .package import File, Package
from .python_package import Interpreter


@dataclass(frozen=True)
class Recipe:
    """The content of a channel.

    `layers` are sets of requirements, each resolved by itself, so that several versions of a project can be there.
    `more` adds match specs to the dependencies of a package. `made` gives the hand-made packages for a host.
    """

    name: str
    layers: tuple[tuple[str, ...], ...]
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    made: Callable[[Interpreter], tuple[Package, ...]] = lambda host: ()


def cuda_version(version: str) -> Package:
    """A `cuda-version` as conda-forge has it, that also asks for the driver: an environment with it needs one."""
    major = version.split(".")[0]
    return Package(
        name="cuda-version",
        version=version,
        subdir="noarch",
        depends=(f"__cuda >={major}",),
        constrains=(f"cudatoolkit {version}|{version}.*",),
        noarch="generic",
        license="BSD-3-Clause",
        summary="Pins the CUDA version that the packages of an environment are made for",
        files=(File("share/cuda-version/version.txt", f"{version}\n".encode()),),
    )


DEMO = Recipe(
    name="demo",
    layers=(("ipykernel", "polars", "pandas", "altair", "threadpoolctl", "nvidia-ml-py", "calysto-bash", "cowsay"),),
    more={"nvidia-ml-py": ("cuda-version >=12",)},
    made=lambda host: (cuda_version("12.4"), cuda_version("12.8"), cuda_version("13.0")),
)
"""What the sample workspace needs and what a newcomer may want to add to it."""
