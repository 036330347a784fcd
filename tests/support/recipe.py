"""The test channel's content: a few small wheels, and hand-made packages for what the tests need to go wrong."""

from __future__ import annotations

import json

from jupyter_pixi.demo.package import File, Package
from jupyter_pixi.demo.python_package import Interpreter
from jupyter_pixi.demo.recipe import Recipe, cuda_version

NEWEST = ("ipykernel", "calysto-bash", "cowsay==6.1", "humanize==4.12.3", "jinja2", "threadpoolctl", "nvidia-ml-py")
OLDER = ("cowsay==6.0", "humanize==4.9.0", "six==1.16.0")
FOREIGN = ("osx-arm64", "win-64")


def text(name: str, version: str = "1.0", subdir: str = "noarch", *, files: tuple[File, ...] = (), **fields: object):
    """A package of one text file that says what it is, or of the files given."""
    content = f"{name} {version} {subdir}\n".encode()
    return Package(
        name=name,
        version=version,
        subdir=subdir,
        noarch="generic" if subdir == "noarch" else None,
        license="BSD-3-Clause",
        files=files or (File(f"share/texts/{name}.txt", content),),
        **fields,
    )


def made(host: Interpreter) -> tuple[Package, ...]:
    """The hand-made packages.

    `everywhere` 1.0, 1.1 and 2.0 for all platforms; `native` for the host, osx-arm64 and win-64;
    `here-only` for the host; `herd` and `calf` exclude each other (by cowsay); `driver-needed` wants CUDA;
    `greeter` has an activation script and a variable; `cuda-version` is as conda-forge's, but depends on `__cuda`.
    """
    hello = b'export GREETING="hello from $CONDA_PREFIX"\n'
    variables = json.dumps({"GREETER_MOOD": "sunny"}).encode()
    return (
        *(text("everywhere", version) for version in ("1.0", "1.1", "2.0")),
        *(text("native", "1.0", subdir) for subdir in (host.subdir, *FOREIGN)),
        text("native", "1.1", host.subdir),
        text("here-only", "1.0", host.subdir),
        text("herd", depends=("cowsay >=6.1",)),
        text("calf", depends=("cowsay <6.1",)),
        text("driver-needed", depends=("__cuda >=12",)),
        text(
            "greeter",
            files=(
                File("etc/conda/activate.d/greeter.sh", hello),
                File("etc/conda/env_vars.d/greeter.json", variables),
            ),
        ),
        cuda_version("12.4"),
        cuda_version("12.8"),
    )


TEST = Recipe(
    name="test",
    layers=(NEWEST, OLDER),
    more={"nvidia-ml-py": ("cuda-version >=12",)},
    made=made,
)
