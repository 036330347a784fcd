"""Turns a plan into a Binder folder: a Dockerfile under repo2docker's contract, with Jupyter beside the environments.

The contract (repo2docker, docs/source/tutorials/dockerfile and buildpacks/docker.py): the build's context is the
repository's root; NB_USER and NB_UID come as arguments; the last user is that one, with a writable home; the command
is appended to the entry point. Jupyter's own environment is outside the workspace, so a workspace without JupyterLab
works; this package in it lists the kernels of the environments and makes the magic work.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from .. import __version__
from ..errors import PixiError
from . import images
from .generated import is_ours, marked
from .model import File, Plan, Source, Target
from .plan import numbers
from .quoting import comment, lines_to_file

BASE = "docker.io/library/python:3.12-slim-bookworm"
SERVER = "/opt/jupyter"
"""Where Jupyter itself is installed."""

REQUIREMENTS = ("jupyterlab>=4.4,<5", "notebook>=7.4,<8", "jupyterhub>=5,<6")
"""What Binder starts: the majors that repo2docker itself installs."""

ROOT_FILES = (
    *("Dockerfile", "environment.yml", "environment.yaml", "requirements.txt", "Pipfile", "Pipfile.lock", "setup.py"),
    *("Project.toml", "JuliaProject.toml", "REQUIRE", "install.R", "DESCRIPTION", "default.nix", "apt.txt"),
    *("postBuild", "start", "runtime.txt"),
)
"""repo2docker's configuration files. One at the root is ignored as soon as there is a Binder folder."""

HARMLESS = frozenset(["Dockerfile", "setup.py", "DESCRIPTION", "Project.toml"])
"""Those that a repository often has for other reasons: told, but nothing is asked."""

_APT_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+(=[\w.+:~-]+)?")


@dataclass(frozen=True)
class Present:
    """What the repository has already: files by their path relative to its root, with their text."""

    folders: tuple[str, ...] = ()  # "binder" and ".binder", those that exist
    files: tuple[tuple[str, str], ...] = ()  # (path, text), at the root and in the folder

    def text(self, path: str) -> str | None:
        """The text of a file, if it is there."""
        return dict(self.files).get(path)


@dataclass(frozen=True)
class Options:
    """What the user asked for.

    `subfolder` is the workspace's folder below the repository's root, `notebook` the file to open, relative to the
    workspace. `environments` None takes all that can run. `source` is a folder of the repository that holds this
    package's own source: its wheel is then built in a stage of its own.
    """

    subfolder: str = ""
    notebook: str | None = None
    environments: tuple[str, ...] | None = None
    folder: str | None = None
    base: str = BASE
    source: str | None = None
    force: bool = False  # leave a configuration that is there unused
    told: str = "export binder"


@dataclass(frozen=True)
class Choice:
    """The environments in the image, and why others are not."""

    targets: tuple[Target, ...]
    left_out: tuple[tuple[str, str], ...]


def folder(present: Present, wanted: str | None) -> str:
    """Where the files go: the folder that exists, else `.binder`. Raises PixiError for two, as repo2docker does."""
    if wanted is not None and wanted not in ("binder", ".binder"):
        raise PixiError(f"repo2docker looks into `binder` and `.binder`, not into `{wanted}`.", code="usage")
    if len(present.folders) > 1 or (wanted is not None and set(present.folders) - {wanted}):
        have = " and ".join(f"`{name}`" for name in sorted({*present.folders, *([wanted] if wanted else [])}))
        raise PixiError(
            f"There would be {have}, and repo2docker refuses a repository that has both.",
            help="Keep one of them.",
            code="two-folders",
        )
    return wanted or (present.folders[0] if present.folders else ".binder")


def choose(plan: Plan, wanted: Sequence[str] | None) -> Choice:
    """The environments that run on a Binder machine: linux-64, no GPU. Raises PixiError if one that is named cannot."""
    names = list(dict.fromkeys([*(t.environment for t in plan.targets), *plan.left_out]))
    found: list[Target] = []
    left_out: list[tuple[str, str]] = []
    for name in names:
        if wanted is not None and name not in wanted:
            left_out.append((name, "not asked for"))
            continue
        reason = ""
        rows = [t for t in plan.of(name) if t.subdir == "linux-64"]
        able = [t for t in rows if t.cuda is None]
        if not rows:
            reason = plan.left_out.get(name) or "it is not locked for linux-64, which Binder's machines are"
        elif not able:
            reason = f"it needs CUDA {rows[0].cuda}, and Binder's machines have no GPU"
        if reason and wanted is not None:
            raise PixiError(f"The environment '{name}' cannot run on Binder: {reason}.", code="cannot-run")
        if reason:
            left_out.append((name, reason))
        else:
            found.append(able[0])
    return Choice(tuple(found), tuple(left_out))


def binder(plan: Plan, options: Options, present: Present, kernels: Sequence[str]) -> tuple[File, ...]:
    """The files of the Binder folder, paths relative to the repository's root.

    `kernels` are the environments that have a kernel: only those are installed unless others are named. Raises
    PixiError where nothing can run, or a configuration that is there cannot be kept.
    """
    where = folder(present, options.folder)
    choice = choose(plan, options.environments)
    targets = tuple(t for t in choice.targets if options.environments is not None or t.environment in kernels)
    if not targets:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in choice.left_out) or "no environment has a kernel"
        raise PixiError(
            f"No environment of {plan.name} can run on Binder ({reasons}).",
            help="Lock one for linux-64 without CUDA, with ipykernel in it: `jupyter pixi add ipykernel`.",
            code="cannot-run",
        )
    if outside := beyond(options.subfolder, [*plan.sources, *(s for t in targets for s in t.sources)]):
        raise PixiError(
            f"Binder has the repository only, and these packages come from outside it: {', '.join(outside)}.",
            help="Move them into the repository, or depend on a published version.",
            code="outside",
        )
    for target in targets:
        images.check_base(_base_with_glibc(options.base), target.glibc)
    kept = _kept(present, where, options.force)
    text = _dockerfile(plan, targets, choice, options, kept)
    files = (File(f"{where}/Dockerfile", marked(text)),)
    if present.text(".dockerignore") is not None:
        return files  # the repository's own says what a build sees
    ignored = "# Environments of the machine that builds would stand in for the locked ones.\n**/.pixi\n"
    return (*files, File(f"{where}/Dockerfile.dockerignore", marked(ignored)))


def beyond(subfolder: str, sources: Sequence[Source]) -> tuple[str, ...]:
    """The sources that are not in the repository, for a workspace in its `subfolder`."""
    found = {s: posixpath.normpath(posixpath.join(subfolder, s.path)) for s in sources}
    return tuple(sorted({f"{s.name} from {s.path}" for s, path in found.items() if path.startswith(("..", "/"))}))


def _base_with_glibc(base: str) -> str:
    return base.rpartition("/")[2].replace("python:", "debian:") if "python:" in base else base


def _configured(present: Present) -> str:
    """The folder that holds a configuration which a person made; "" for the repository's root.

    A folder with nothing in it but what this export wrote has taken the root's place, and says nothing itself.
    """
    for name in present.folders:
        own = [path for path, text in present.files if path.startswith(f"{name}/") and not is_ours(text)]
        if own:
            return name
    return ""


def out_of_use(present: Present) -> tuple[str, ...]:
    """The files at the root that Binder would read without the folder: those that nothing is asked about."""
    if _configured(present):
        return ()
    return tuple(name for name in ROOT_FILES if name in HARMLESS and present.text(name) is not None)


@dataclass(frozen=True)
class _Kept:
    """What of a configuration that is there goes on to work: Debian packages, and the paths of two scripts."""

    packages: tuple[str, ...] = ()
    start: str | None = None
    post_build: str | None = None


def _kept(present: Present, where: str, force: bool) -> _Kept:
    """What is taken over: apt.txt, postBuild and start. Raises PixiError for what cannot be.

    A Dockerfile takes the place of all other files of the folder, and the folder that of those at the root.
    """
    here = _configured(present)
    paths = {name: posixpath.join(here, name) for name in ROOT_FILES}
    names = {name: path for name, path in paths.items() if present.text(path) is not None}
    taken = {"apt.txt", "postBuild", "start"} | (set() if here else HARMLESS)
    conflicts = sorted(path for name, path in names.items() if name not in taken and path != f"{where}/Dockerfile")
    if conflicts and not force:
        raise PixiError(
            f"Binder is configured already by {', '.join(conflicts)}, and a Dockerfile in {where}/ would take that "
            "out of use.",
            help="Move what they install into the workspace (`jupyter pixi init --import environment.yml`, "
            "`jupyter pixi add`), then delete them; --force goes ahead and leaves them unused.",
            code="would-hide",
        )
    apt = present.text(names["apt.txt"]) if "apt.txt" in names else None
    rows = [line.split("#")[0].strip() for line in (apt or "").splitlines()]
    packages = tuple(sorted({word for row in rows for word in row.split()}))
    for word in packages:
        if not _APT_NAME.fullmatch(word):
            raise PixiError(f"'{word}' in {names['apt.txt']} is not the name of a Debian package.", code="usage")
    return _Kept(packages, names.get("start"), names.get("postBuild"))


def _dockerfile(plan: Plan, targets: Sequence[Target], choice: Choice, options: Options, kept: _Kept) -> str:
    parts = [_head(plan, targets, choice, options)]
    if options.source is not None:
        parts.append(_wheel_stage(options))
    parts.append("\n".join([*_server(targets, options, kept.packages), *_workspace(targets, options, kept)]))
    return "\n\n".join(parts) + "\n"


def _head(plan: Plan, targets: Sequence[Target], choice: Choice, options: Options) -> str:
    names = ", ".join(t.environment for t in targets)
    lines = [
        f"# {plan.name} on Binder: {names}, as pixi.lock has it, with JupyterLab beside it.",
        "# repo2docker knows nothing of Pixi and would ignore the lock file; a Dockerfile is the exact form.",
        *(f"# Not in it: {name} ({reason})." for name, reason in choice.left_out),
        "#",
        f"# Made by `jupyter pixi {options.told}`; the same command brings it up to date. Once you change this file it",
        "# is yours, and is not written over. The build's context is the repository's root.",
    ]
    return "\n".join(lines)


def _wheel_stage(options: Options) -> str:
    source = posixpath.normpath(options.source or ".")
    told = "This package's own wheel: Node.js builds its front end, and stays in this stage."
    return "\n".join(
        [
            comment(told),
            "FROM docker.io/library/node:22-bookworm-slim AS node",
            "FROM docker.io/library/python:3.12-slim-bookworm AS wheel",
            "COPY --from=node /usr/local/bin/node /usr/local/bin/node",
            "COPY --from=node /usr/local/lib/node_modules /usr/local/lib/node_modules",
            "RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm",
            f"COPY {source} /source",
            "WORKDIR /source",
            "RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .",
        ]
    )


def _server(targets: Sequence[Target], options: Options, packages: Sequence[str]) -> list[str]:
    system = sorted({*packages, *(["git"] if any(t.git for t in targets) else [])})
    needs = max((t.glibc for t in targets if t.glibc), key=numbers, default=None)
    lines = [
        comment(f"glibc {images.glibc_of(_base_with_glibc(options.base))}; the packages need {needs or '2.17'}."),
        f"FROM {options.base}",
    ]
    if system:
        lines += [
            comment("From apt.txt, and what the lock's packages from git need."),
            "# hadolint ignore=DL3008",
            "RUN apt-get update && apt-get install --yes --no-install-recommends "
            f"{' '.join(system)} && rm -rf /var/lib/apt/lists/*",
        ]
    requirements = " ".join(f'"{r}"' for r in REQUIREMENTS)
    told = "Jupyter in an environment of its own: what it needs never mixes with what is locked."
    if options.source is not None:
        lines += ["COPY --from=wheel /wheels /tmp/wheels"]
        package = "/tmp/wheels/*.whl"  # noqa: S108  in the image
    else:
        package = f'"jupyter-pixi=={__version__}"'
    lines += [
        comment(told),
        f"RUN python3 -m venv {SERVER} && \\\n    {SERVER}/bin/pip install --no-cache-dir {requirements} {package}",
        f'ENV PATH="{SERVER}/bin:${{PATH}}"',
        "",
        comment("Binder says which user; it is neither root nor, on Ubuntu, the one that has the id already."),
        "ARG NB_USER=jovyan",
        "ARG NB_UID=1000",
        "ENV USER=${NB_USER} HOME=/home/${NB_USER}",
        "RUN if id ubuntu >/dev/null 2>&1; then userdel --remove ubuntu; fi && \\\n"
        '    useradd --create-home --uid "${NB_UID}" --shell /bin/bash "${NB_USER}"',
    ]
    return lines


def _workspace(targets: Sequence[Target], options: Options, kept: _Kept) -> list[str]:
    here = f"${{HOME}}/{options.subfolder}" if options.subfolder else "${HOME}"
    command = "jupyter pixi install --locked " + " ".join(f"--environment {t.environment}" for t in targets)
    checks = " && \\\n    ".join(
        f"{t.prefix}/bin/python -c 'import sys'" if t.python else f"test -d {t.prefix}/conda-meta" for t in targets
    )
    scripts = [name for name in (kept.start, kept.post_build) if name]
    lines = [
        comment("An entry point that hands on what Binder starts; without `exec`, signals would not arrive."),
        "# hadolint ignore=SC2016",
        f"RUN {lines_to_file(_entry(kept.start), '/usr/local/bin/entrypoint.sh')} && \\\n"
        "    chmod 0755 /usr/local/bin/entrypoint.sh",
        *_opened(options),
        comment("The repository, and then everything else, belongs to the user."),
        "COPY --chown=${NB_UID} . ${HOME}",
        'RUN chown "${NB_UID}" "${HOME}"' + "".join(f' && chmod +x "${{HOME}}/{name}"' for name in scripts),
        "USER ${NB_USER}",
        f"WORKDIR {here}",
        comment(
            "Exactly what is locked (`--locked` fails where the lock is not up to date). Installing as this user also "
            "notes that the workspace is trusted, so its kernels start without a question. Then a look whether the "
            "prefixes are there, and kernelspecs for front ends that read them from disk: JupyterLab lists them live."
        ),
        f"RUN {command} && \\\n    {checks} && \\\n    jupyter pixi kernels install --user",
    ]
    if options.subfolder:
        lines.append("WORKDIR ${HOME}")
    if kept.post_build:
        lines += [comment("The repository's own last step."), f'RUN "${{HOME}}/{kept.post_build}"']
    return [*lines, 'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]', 'CMD ["jupyter", "lab", "--ip", "0.0.0.0"]']


def _entry(start: str | None) -> list[str]:
    """The lines of the entry point; a `start` script of the repository ends in `exec "$@"` itself."""
    return ["#!/bin/bash", 'exec "$@"'] if start is None else ["#!/bin/bash", f'exec "$HOME/{start}" "$@"']


def _opened(options: Options) -> list[str]:
    if not options.notebook:
        return []
    folder, name = f"{SERVER}/etc/jupyter", "jupyter_server_config.json"
    url = f"/lab/tree/{quote(posixpath.join(options.subfolder, options.notebook))}"
    config = {"ServerApp": {"default_url": url}, "LabApp": {"default_url": url}}
    return [
        comment("What a link without a path opens (files in jupyter_server_config.d only enable extensions)."),
        f"RUN mkdir -p {folder} && \\\n    {lines_to_file([json.dumps(config)], f'{folder}/{name}')}",
    ]
