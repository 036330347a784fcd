"""Turns a plan into a multi-stage Dockerfile and its .dockerignore.

The build stage is Pixi's own image: it installs the locked environment into the prefix that the final stage has too,
because prefixes are written into files. The final stage has no Pixi. Every choice is explained in a comment beside it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import PixiError
from . import activate_text, images
from .generated import marked
from .model import File, Plan, Target
from .quoting import array, comment, copy, env, lines_to_file

FOLDER = "/opt/pixi"
"""Where activate.sh and entrypoint.sh stand: outside the workspace, over which people mount volumes."""

PRIVATE = "rattler_auth"
PUBLIC_HOSTS = frozenset({"conda.anaconda.org", "repo.prefix.dev", "prefix.dev", "repo.anaconda.com"})


@dataclass(frozen=True)
class Options:
    """What the user asked for. `base` is the final image, `command` the words of CMD, `auth` private channels."""

    environment: str = "default"
    platform: str | None = None
    pixi: str = "0.77.0"
    base: str = "ubuntu:24.04"
    root: str = "/app"
    command: tuple[str, ...] = ("bash",)
    auth: bool = False
    told: str = "export dockerfile"  # the command line that made it, without the program's name


@dataclass(frozen=True)
class Export:
    """The files, and warnings that the user should read."""

    files: tuple[File, ...]
    warnings: tuple[str, ...] = ()


def dockerfile(plan: Plan, options: Options) -> Export:
    """The Dockerfile of an environment. Raises PixiError with the reason where no image can be made."""
    target, others = choose(plan, options.environment, options.platform)
    refuse_outside(target)
    warnings = warn(plan, target, options)
    parts = [
        _head(plan, target, others, options),
        build_stage(plan, target, options),
        final_stage(plan, target, options),
    ]
    text = marked("\n\n".join(parts) + "\n")
    return Export((File("Dockerfile", text), File(".dockerignore", dockerignore())), warnings)


def choose(plan: Plan, environment: str, platform: str | None) -> tuple[Target, tuple[Target, ...]]:
    """The target an image is for, and those of other machine types that the same Dockerfile serves.

    Without a named platform: linux-64 before linux-aarch64, and one that needs no CUDA before one that does, as Pixi
    itself would choose on a machine without a driver. Raises PixiError.
    """
    rows = plan.of(environment)
    if platform is not None:
        rows = tuple(t for t in rows if platform in (t.platform, t.subdir))
    if not rows:
        reason = plan.left_out.get(environment) or f"it is not locked for {platform}"
        raise PixiError(
            f"No Linux image can be made of the environment '{environment}': {reason}.",
            help='Add "linux-64" to `platforms` in the manifest and run `jupyter pixi lock`.',
            code="no-linux",
        )
    best = min(rows, key=lambda t: (t.subdir != "linux-64", t.cuda is not None, rows.index(t)))
    others = tuple(t for t in rows if t.subdir != best.subdir and (t.cuda is None) == (best.cuda is None))
    return best, others


def refuse_outside(target: Target) -> None:
    """Raise PixiError where a source stands outside the workspace: no build context of it has the files."""
    outside = [f"{s.name} ({s.path})" for s in target.sources if s.is_outside]
    outside += [script for script in target.scripts if posixpath.normpath(script).startswith(("..", "/"))]
    if outside:
        raise PixiError(
            f"An image cannot have what stands outside the workspace: {', '.join(outside)}.",
            help="Move it into the workspace's folder, or publish it and depend on the published package.",
            code="outside",
        )


def warn(plan: Plan, target: Target, options: Options) -> tuple[str, ...]:
    """What the user should know of this image."""
    found = [images.check_base(options.base, target.glibc)]
    private = [host for host in plan.hosts if host not in PUBLIC_HOSTS]
    if private and not options.auth:
        found.append(f"Packages come from {', '.join(private)}. If that needs a password, add --auth.")
    if "ipykernel" not in target.packages and "jupyterlab" in target.packages:
        found.append("JupyterLab is in the environment and ipykernel is not.")
    if target.python is None:
        found.append("There is no Python in it, so what packages set in etc/conda/env_vars.d is not set in the image.")
    return tuple(text for text in found if text)


def _head(plan: Plan, target: Target, others: Sequence[Target], options: Options) -> str:
    tag = f"{tag_name(plan.name)}:{target.environment}"
    machines = ", ".join(dict.fromkeys(t.subdir for t in (target, *others)))
    gpu = " --gpus all" if target.cuda is not None else ""
    secret = f" --secret id={PRIVATE},src=credentials.json" if options.auth else ""
    lines = [
        f"# The environment {target.environment} of {plan.name}, as pixi.lock has it ({machines}).",
        "#",
        f"#   docker build --tag {tag}{secret} .",
        f"#   docker run --rm --interactive --tty{gpu} {tag}",
        "#",
        f"# Made by `jupyter pixi {options.told}`; the same command brings it up to date. Once you change this",
        "# file it is yours, and is not written over. `jupyter pixi export dockerfile --lint Dockerfile` checks it.",
    ]
    return "\n".join(lines)


def build_stage(plan: Plan, target: Target, options: Options, extra: Sequence[str] = ()) -> str:
    """The stage that installs; `extra` are lines before the end of it."""
    built = images.builder(options.pixi, target.cuda, plan.lock_version)
    prefix = posixpath.join(options.root, target.prefix)
    lines = [
        comment(f"Build stage: {built.reason}. Pinned, because the lock file's version must be known to Pixi."),
        f"FROM {built.image} AS build",
        f"WORKDIR {options.root}",
    ]
    if target.git:
        lines += [
            comment("PyPI packages from git are cloned while they are installed."),
            "# hadolint ignore=DL3008",
            "RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*",
        ]
    lines += [*_inputs(plan, target)]
    if target.cuda is not None:
        lines += [
            comment(
                f"No GPU is there during a build, so Pixi would refuse packages that ask for CUDA {target.cuda}. This "
                "stands in for the driver; the real one comes from the machine that runs the container."
            ),
            f"ENV CONDA_OVERRIDE_CUDA={target.cuda if target.cuda != '0' else '12'}",
        ]
    lines += [
        _install(plan, target, options),
        _check(target, prefix),
        *extra,
        _activation(plan, target, options, prefix),
    ]
    return "\n".join(lines)


def _inputs(plan: Plan, target: Target) -> list[str]:
    """What decides what is installed, and nothing else, so that a change of a notebook installs nothing again."""
    folders = sorted({s.path for s in (*plan.sources, *target.sources) if not s.is_outside})
    if "." in folders:
        return [comment("The workspace is itself a package of an environment, so all of it is needed."), "COPY . ./"]
    lines = [copy([plan.manifest, "pixi.lock"], "./")]
    if folders:
        told = (
            "Packages from folders and files of the workspace: `--locked` looks at those of all environments, and they "
            "are installed from here."
        )
        lines.append(comment(told))
        lines += [copy([p], f"./{p}" + ("" if p.endswith(_ARCHIVES) else "/")) for p in folders]
    return lines


_ARCHIVES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".conda")


def _install(plan: Plan, target: Target, options: Options) -> str:
    mounts = "--mount=type=cache,target=/root/.cache/rattler/cache,sharing=locked"
    before = ""
    told = "`--locked` fails where the lock is not up to date."
    outside = sorted({s.path for s in plan.sources if s.is_outside})
    if outside:
        told = (
            f"`--locked` would look at {', '.join(outside)}, which another environment has from outside the workspace; "
            "the lock was up to date when this file was made."
        )
    told += " What was fetched stays in the cache for the next build."
    if options.auth:
        mounts += f" \\\n    --mount=type=secret,id={PRIVATE},target=/run/secrets/{PRIVATE}"
        before = f"RATTLER_AUTH_FILE=/run/secrets/{PRIVATE} "
        told += " Credentials are there for this one step and stay in no layer."
    flag = "--frozen" if outside else "--locked"
    silenced = "# jupyter-pixi: ignore=PX09\n" if outside else ""
    command = f"{before}pixi install {flag} --environment {target.environment}"
    return f"{comment(told)}\n{silenced}RUN {mounts} \\\n    {command}"


def _check(target: Target, prefix: str) -> str:
    told = "A stale cache has been seen to leave an empty prefix behind, without an error."
    if target.python is None:
        return f'{comment(told)}\nRUN test -n "$(ls {prefix}/conda-meta/*.json)"'
    program = f'import sys; assert sys.prefix == "{prefix}", sys.prefix'
    return f"{comment(told)}\nRUN test -x {prefix}/bin/python && {prefix}/bin/python -c '{program}'"


def _activation(plan: Plan, target: Target, options: Options, prefix: str) -> str:
    activate = activate_text.activate_sh(plan, target, options.root, FOLDER)
    steps = [
        f"mkdir -p {FOLDER}",
        lines_to_file(activate, f"{FOLDER}/activate.sh"),
        lines_to_file(activate_text.entrypoint_sh(FOLDER), f"{FOLDER}/entrypoint.sh"),
        f"chmod 0755 {FOLDER}/entrypoint.sh",
    ]
    if target.python is not None:
        steps.insert(1, activate_text.env_vars_command(prefix, f"{FOLDER}/{activate_text.ENV_VARS}"))
    told = (
        "The activation: variables, package scripts, scripts and variables of the manifest, in Pixi's order. Unlike "
        "`pixi shell-hook` it puts the prefix before the PATH there is, and names neither Pixi nor a manifest."
    )
    joined = " && \\\n    ".join(steps)
    return f"{comment(told)}\n# hadolint ignore=SC2016\nRUN {joined}"


def final_stage(plan: Plan, target: Target, options: Options, system: Sequence[str] = ()) -> str:
    """The stage that is run: no Pixi, the same prefix, a user who is not root. `system` are lines after its FROM."""
    prefix = posixpath.join(options.root, target.prefix)
    base_glibc = images.glibc_of(options.base)
    needs = f"; the packages need {target.glibc}" if target.glibc else ""
    lines = [
        comment(f"Final stage: no Pixi in it. glibc {base_glibc or 'of unknown version'}{needs}."),
        f"FROM {options.base} AS final",
        *system,
        user_lines(),
        f"WORKDIR {options.root}",
        comment(
            "The same path as in the build stage: it is written into scripts, libraries and kernels. Root's, read-only."
        ),
        copy([prefix], prefix, "--from=build"),
        copy([FOLDER], FOLDER, "--from=build"),
        comment(_of_workspace(target)),
        "COPY --chown=1000:1000 . ./",
        *environment_lines(plan, target, options.root),
        "USER 1000:1000",
        f"ENTRYPOINT {array([f'{FOLDER}/entrypoint.sh'])}",
        f"CMD {array(options.command)}",
    ]
    return "\n".join(lines)


def _of_workspace(target: Target) -> str:
    needed = sorted({s.path for s in target.sources if s.editable}) + list(target.scripts)
    text = "The workspace's own files (.dockerignore keeps out what is not meant for others)."
    if needed:
        text += f" Needed by the environment, though outside its prefix: {', '.join(needed)}."
    return text


def user_lines() -> str:
    """A user 1000 with a writable home. Ubuntu's images have that id already, for a user `ubuntu`."""
    told = "Not root. Ubuntu's images have a user 1000 already."
    run = (
        "RUN if id ubuntu >/dev/null 2>&1; then userdel --remove ubuntu; fi && \\\n"
        "    useradd --create-home --uid 1000 --shell /bin/bash app"
    )
    return f"{comment(told)}\n{run}\nENV HOME=/home/app"


def environment_lines(plan: Plan, target: Target, root: str) -> list[str]:
    """The static half of the activation, and BASH_ENV for the other half."""
    prefix = posixpath.join(root, target.prefix)
    told = (
        "Active for every process: launchers that take the entry point over (docker exec, a pod's `command`, jobs) get "
        "these variables, and each bash of theirs sources activate.sh through BASH_ENV."
    )
    lines = [
        comment(told),
        f'ENV PATH="{prefix}/bin:${{PATH}}"',
        env({**activate_text.static(plan, target, root), "BASH_ENV": f"{FOLDER}/activate.sh"}),
    ]
    if target.cuda is not None:
        needs = {"NVIDIA_REQUIRE_CUDA": f"cuda>={target.cuda}"} if target.cuda != "0" else {}
        lines += [
            comment("The driver is the host's: nvidia's runtime gives devices to containers that ask for them."),
            env({"NVIDIA_VISIBLE_DEVICES": "all", "NVIDIA_DRIVER_CAPABILITIES": "compute,utility", **needs}),
        ]
    return lines


def dockerignore() -> str:
    """The .dockerignore: this machine's environments and what is not meant for others stay out; pixi.lock goes in."""
    rows = [
        "# What `docker build` must not see. pixi.lock is needed and not listed.",
        "# This machine's own environments: copied over, they would stand in for the locked ones.",
        ".pixi",
        "# History, credentials and left-overs.",
        *(".git", ".env", ".env.*", "**/.netrc", "**/*.pem", "**/credentials.json", "**/.ipynb_checkpoints"),
        *("**/__pycache__", "**/node_modules", ".venv"),
    ]
    return marked("\n".join(rows) + "\n")


def tag_name(name: str) -> str:
    """A name as images may have it: lower case, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "workspace"
