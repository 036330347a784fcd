"""Turns a plan into the image of SageMaker `@remote` jobs, with the commands that push it.

The job driver takes the entry point over: `/bin/bash job_driver.sh` (sagemaker-core, remote_function/job.py). It finds
the environment in three ways, and the image serves all: `python` on PATH, activation through BASH_ENV, and
`mamba run -n NAME` where a job names an environment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..errors import PixiError
from . import dockerfile as docker
from .dockerfile import Export, Options
from .generated import marked
from .model import File, Plan, Target
from .quoting import comment, lines_to_file

FILE = "Dockerfile.sagemaker"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"(?=.{{2,256}}$){_PART}(?:/{_PART})*")
MAX_URI = 255
"""How long the name of a training image may be (SageMaker's API, AlgorithmSpecification)."""

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_PLACEHOLDERS = ("123456789012", "eu-central-1")


@dataclass(frozen=True)
class Registry:
    """Where the image goes: an account's private ECR repository. None: a placeholder to be replaced by the reader."""

    account: str | None = None
    region: str | None = None
    repository: str | None = None


def sagemaker(plan: Plan, options: Options, registry: Registry = Registry()) -> Export:
    """The Dockerfile of a job image. Raises PixiError where a job could not run in it."""
    target, _ = docker.choose(plan, options.environment, options.platform)
    docker.refuse_outside(target)
    _refuse(target)
    name = environment_name(target.environment)
    system = (
        comment("The job driver makes SageMaker's folders writable with sudo, as it is not root."),
        "# hadolint ignore=DL3008",
        "RUN apt-get update && apt-get install --yes --no-install-recommends sudo && \\\n"
        "    rm -rf /var/lib/apt/lists/* && \\\n"
        "    echo 'app ALL=(ALL) NOPASSWD:ALL' > /etc/sudoers.d/app && chmod 0440 /etc/sudoers.d/app",
    )
    step = (
        f"{comment(_ABOUT_MAMBA)}\n# hadolint ignore=SC2016\n"
        f"RUN mkdir -p {docker.FOLDER}/bin && \\\n    "
        + lines_to_file(mamba_sh(name), f"{docker.FOLDER}/bin/mamba")
        + f" && \\\n    chmod 0755 {docker.FOLDER}/bin/mamba"
    )
    final = docker.final_stage(plan, target, replace(options, command=("python",)), system)
    final += f"\n{comment('Behind everything else on PATH: a real mamba or conda in the environment comes first.')}"
    final += f'\nENV PATH="${{PATH}}:{docker.FOLDER}/bin"\nENV SAGEMAKER_JOB_CONDA_ENV="{name}"'
    text = "\n\n".join(
        [_head(plan, target, options, registry), docker.build_stage(plan, target, options, (step,)), final]
    )
    files = (File(FILE, marked(text + "\n")), File(".dockerignore", docker.dockerignore()))
    return Export(files, docker.warn(plan, target, options))


_ABOUT_MAMBA = (
    "A job may name the environment (`job_conda_env`): the driver then calls `mamba run -n NAME`, and refuses an image "
    "without mamba or conda. This answers it, and refuses to change what is locked."
)


def environment_name(environment: str) -> str:
    """The environment's name as the job driver accepts it: `^[a-zA-Z0-9_-]+$`."""
    return environment


def mamba_sh(name: str) -> tuple[str, ...]:
    """The lines of the stand-in for mamba."""
    return (
        "#!/bin/bash",
        f"# Answers SageMaker's job driver for the environment {name}, which is the only one.",
        f'if [ "${{1-}}" = run ] && [ "${{2-}}" = -n ] && [ "${{3-}}" = {name} ]; then',
        "  shift 3",
        f"  . {docker.FOLDER}/activate.sh",
        '  exec "$@"',
        "fi",
        f'echo "This image has the locked environment {name} and no other, and it is not changed in a job." >&2',
        'echo "Use @remote without dependencies; add packages in the workspace, lock, and build the image." >&2',
        "exit 1",
    )


def _refuse(target: Target) -> None:
    if target.python is None:
        raise PixiError(f"The environment '{target.environment}' has no Python, which a @remote job runs.")
    if not target.packages & {"sagemaker", "sagemaker-core", "sagemaker_core"}:
        raise PixiError(
            f"The environment '{target.environment}' has no `sagemaker`, which each @remote job imports.",
            help="`jupyter pixi add --pypi sagemaker`, in the major version that the caller has.",
            code="no-sagemaker",
        )


def _head(plan: Plan, target: Target, options: Options, registry: Registry) -> str:
    minor = ".".join((target.python or "").split(".")[:2])
    lines = [
        f"# The image of SageMaker @remote jobs in the environment {target.environment} of {plan.name}.",
        "#",
        *(f"#   {line}" for line in push_commands(plan, target, registry)),
        "#",
        *(f"#   {line}" for line in usage(plan, target, registry)),
        "#",
        f"# The caller needs Python {minor} as well, and the same major version of `sagemaker`.",
        f"# Made by `jupyter pixi {options.told}`; the same command brings it up to date. Once you change this file it",
        "# is yours, and is not written over.",
    ]
    return "\n".join(lines)


def image_uri(plan: Plan, target: Target, registry: Registry) -> str:
    """The image's name in the registry. Raises PixiError for an account, region or name that AWS would refuse."""
    account = registry.account or _PLACEHOLDERS[0]
    region = registry.region or _PLACEHOLDERS[1]
    repository = registry.repository or docker.tag_name(plan.name)
    for text, pattern, what in (
        (account, _ACCOUNT, "account (twelve digits)"),
        (region, _REGION, "region"),
        (repository, _REPOSITORY, "repository"),
    ):
        if not pattern.fullmatch(text):
            help_ = "Name another with --repository." if text == repository else None
            raise PixiError(f"'{text}' is not the name of an AWS {what}.", help=help_, code="usage")
    suffix = ".cn" if region.startswith("cn-") else ""
    uri = f"{account}.dkr.ecr.{region}.amazonaws.com{suffix}/{repository}:{target.environment}"
    if len(uri) > MAX_URI:
        raise PixiError(
            f"The image would be named {uri}, and SageMaker takes no name of more than {MAX_URI} characters.",
            help="Name a shorter repository with --repository.",
            code="usage",
        )
    return uri


def push_commands(plan: Plan, target: Target, registry: Registry) -> tuple[str, ...]:
    """The commands that make the repository, build the image and push it."""
    uri = image_uri(plan, target, registry)
    host, _, rest = uri.partition("/")
    region = registry.region or _PLACEHOLDERS[1]
    repository = rest.rpartition(":")[0]
    machine = "linux/arm64" if target.subdir == "linux-aarch64" else "linux/amd64"
    return (
        f"aws ecr create-repository --region {region} --repository-name {repository}   # once",
        f"aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {host}",
        f"docker build --platform {machine} --file {FILE} --tag {uri} .",
        f"docker push {uri}",
    )


def usage(plan: Plan, target: Target, registry: Registry) -> tuple[str, ...]:
    """How a job is given the image, in Python."""
    uri = image_uri(plan, target, registry)
    return (f'@remote(image_uri="{uri}", instance_type="ml.m5.large")', "def train(...): ...")
