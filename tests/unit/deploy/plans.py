"""Plans that the tests of the exports share."""

from __future__ import annotations

from jupyter_pixi.deploy.model import Plan, Source, Target

CPU = Target(
    "prod",
    "linux-64",
    "linux-64",
    glibc="2.28",
    python="3.12.4",
    packages=frozenset({"python", "ipykernel"}),
    scripts=("setup/on.sh",),
    env={"STATION": "Zug'spitze", "DATA": "$PIXI_PROJECT_ROOT/data", "QUOTE": 'a "b" \\c'},
    platforms=("linux-64",),
)
CUDA = Target(
    "cuda",
    "gpu",
    "linux-64",
    cuda="12.4",
    glibc="2.34",
    python="3.12.4",
    packages=frozenset({"python", "pytorch", "sagemaker"}),
    sources=(Source("mine", "libs/mine", editable=True), Source("other", "libs/other")),
    git=True,
    platforms=("gpu",),
)
JOB = Target(
    "job",
    "linux-64",
    "linux-64",
    python="3.12.4",
    packages=frozenset({"python", "sagemaker"}),
    platforms=("linux-64", "osx-arm64"),
)
PLAN = Plan(
    "Weather Station",
    "1.0",
    "pixi.toml",
    (CPU, CUDA, JOB),
    {"mac": "it is locked for osx-arm64, and not for linux-64"},
    ("conda.anaconda.org",),
)
